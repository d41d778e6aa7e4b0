import type { Overlay, ObservedRoute } from '#model/node-network.ts'
import { OVERLAY_DEVICE, ROUTE_PROTOCOL } from '#model/node-network.ts'
import { type Family, parseIp, WIDTH_BITS } from '#model/ip.ts'
import { parsePrefix, type Prefix, prefixOf } from '#model/prefix.ts'

interface RouteJson {
  readonly dst?: string
  readonly gateway?: string
  readonly dev?: string
  readonly prefsrc?: string
  readonly protocol?: string
  readonly type?: string
}

/** Unicast routes of `ip -json route show`; what has several next hops or none is left out, for it is none of ours. */
export function readRoutes(json: string, family: Family): readonly ObservedRoute[] {
  const rows = parseRows(json) as readonly RouteJson[]
  return rows.flatMap(({ dst, gateway, dev, prefsrc, protocol, type }) => {
    const to = readDestination(dst ?? '', family)
    if (to === undefined || dev === undefined || (type !== undefined && type !== 'unicast')) return []
    const [via, source] = [gateway, prefsrc].map((text) => {
      const ip = parseIp(text ?? '')
      return ip.ok ? ip.value : undefined
    })
    return [{ to, device: dev, via, source, own: protocol === String(ROUTE_PROTOCOL) }]
  })
}

/** iproute2 leaves `/32` and `/128` out, and has a word for everything. */
function readDestination(text: string, family: Family): Prefix | undefined {
  if (text === 'default') return prefixOf({ family, value: 0n }, 0)
  const prefix = parsePrefix(text.includes('/') ? text : `${text}/${WIDTH_BITS[family]}`)
  return prefix.ok ? prefix.value : undefined
}

interface LinkJson {
  readonly ifname?: string
  readonly mtu?: number
  readonly flags?: readonly string[]
  readonly linkinfo?: { readonly info_kind?: string; readonly info_data?: VxlanJson }
  readonly addr_info?: readonly { readonly family?: string; readonly local?: string; readonly scope?: string }[]
}

interface VxlanJson {
  readonly external?: boolean
  readonly port?: number
}

export interface VxlanDevices {
  readonly overlay: Overlay | undefined
  readonly overlayExists: boolean
  readonly otherVxlans: readonly { readonly device: string; readonly portUdp: number }[]
}

/** The VXLAN devices of `ip -json -details address show`. */
export function readVxlans(json: string): VxlanDevices {
  const links = parseRows(json) as readonly LinkJson[]
  const own = links.find(({ ifname }) => ifname === OVERLAY_DEVICE)
  return {
    overlay: own === undefined ? undefined : readOverlay(own),
    overlayExists: own !== undefined,
    otherVxlans: links.flatMap(({ ifname, linkinfo }) =>
      ifname === undefined || ifname === OVERLAY_DEVICE || linkinfo?.info_kind !== 'vxlan'
        ? []
        : [{ device: ifname, portUdp: linkinfo.info_data?.port ?? 0 }],
    ),
  }
}

function readOverlay({ mtu, flags, linkinfo, addr_info }: LinkJson): Overlay | undefined {
  const { external, port } = linkinfo?.info_data ?? {}
  const isRight = linkinfo?.info_kind === 'vxlan' && external === true && flags?.includes('UP') === true
  if (!isRight || !flags.includes('NOARP') || port === undefined || mtu === undefined) return undefined
  const addresses = (addr_info ?? []).flatMap(({ local, scope }) => {
    const ip = parseIp(local ?? '')
    return ip.ok && scope === 'global' ? [ip.value] : []
  })
  return { portUdp: port, mtuBytes: mtu, addresses }
}

/** iproute2 writes `{}` in the place of what it leaves out. */
function parseRows(json: string): readonly object[] {
  const rows: unknown = json.trim() === '' ? [] : JSON.parse(json)
  return Array.isArray(rows) ? rows.filter((row) => typeof row === 'object' && row !== null) : []
}
