import { run } from '#lab/process/run.ts'
import { BRIDGE, macOf, netnsName, SWITCH } from './names.ts'

/** Network namespaces and the LAN's switch: a bridge in a namespace of its own, with one port for each host, named after it. */
export async function createSwitch(lab: string): Promise<void> {
  const netns = netnsName(lab, SWITCH)
  await run(['ip', 'netns', 'add', netns])
  await run(['ip', '-n', netns, '-batch', '-'], {
    input: ['link set lo up', `link add ${BRIDGE} type bridge`, `link set ${BRIDGE} up`].join('\n'),
  })
  // a switch has no packet filter: where the kernel has one for bridges, frames would pass it
  const filters = 'for file in /proc/sys/net/bridge/bridge-nf-call-*; do [ ! -f "$file" ] || echo 0 >"$file"; done'
  await run(['nsenter', `--net=/run/netns/${netns}`, 'sh', '-c', filters])
}

export interface Attachment {
  readonly lab: string
  readonly host: string
  readonly device: string
  /** With its length: `192.168.10.215/24`. */
  readonly address: string
  /** The next hop of the default route, none when unset. */
  readonly gateway: string | undefined
}

/** Makes the namespace of a host with one device on the LAN. The MAC is the same each time. */
export async function attachHost({ lab, host, device, address, gateway }: Attachment): Promise<void> {
  const netns = netnsName(lab, host)
  await run(['ip', 'netns', 'add', netns])
  await run(['ip', '-n', netnsName(lab, SWITCH), '-batch', '-'], {
    input: [
      `link add ${host} type veth peer name ${device} address ${macOf(lab, host)} netns ${netns}`,
      `link set ${host} master ${BRIDGE}`,
      `link set ${host} up`,
    ].join('\n'),
  })
  const lines = ['link set lo up', `addr add ${address} dev ${device}`, `link set ${device} up`]
  if (gateway !== undefined) lines.push(`route add default via ${gateway}`)
  await run(['ip', '-n', netns, '-batch', '-'], { input: lines.join('\n') })
}

/** Unplugs a host from the switch and removes its namespace, with all that is attached to its devices. */
export async function detachHost(lab: string, host: string): Promise<void> {
  await run(['ip', '-n', netnsName(lab, SWITCH), 'link', 'del', host])
  await run(['ip', 'netns', 'del', netnsName(lab, host)])
}

/** Takes the switch's port of a host up or down: the host loses or finds its carrier. */
export async function setPort(lab: string, host: string, state: 'up' | 'down'): Promise<void> {
  await run(['ip', '-n', netnsName(lab, SWITCH), 'link', 'set', host, state])
}
