/** Both ends included. */
export interface PortRange {
  readonly min: number
  readonly max: number
}

/**
 * The new value of `net.ipv4.ip_local_reserved_ports`, so that no connection of the node itself takes a node port as its own: its replies would
 * be taken for requests to a Service. Undefined when the ephemeral ports (`net.ipv4.ip_local_port_range`) keep clear of node ports, or these
 * are reserved already (kernel Documentation/networking/ip-sysctl).
 */
export function reservePorts(ephemeral: string, reserved: string, nodePorts: PortRange): string | undefined {
  const [min = Number.NaN, max = Number.NaN] = ephemeral.trim().split(/\s+/).map(Number)
  const exposed = { min: Math.max(min, nodePorts.min), max: Math.min(max, nodePorts.max) }
  if (!(exposed.min <= exposed.max) || covers(parseRanges(reserved), exposed)) return undefined
  return [reserved.trim(), `${nodePorts.min}-${nodePorts.max}`].filter((text) => text !== '').join(',')
}

/** `8080,9148-9150`, in order as the kernel writes it. */
function parseRanges(text: string): readonly PortRange[] {
  return text
    .trim()
    .split(',')
    .flatMap((item) => {
      const [min = Number.NaN, max = min] = item.split('-').map(Number)
      return Number.isNaN(min) || item === '' ? [] : [{ min, max }]
    })
    .toSorted((a, b) => a.min - b.min)
}

function covers(ranges: readonly PortRange[], wanted: PortRange): boolean {
  let next = wanted.min
  for (const { min, max } of ranges) if (min <= next && next <= max) next = max + 1
  return next > wanted.max
}
