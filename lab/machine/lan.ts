import { run } from '#lab/process/run.ts'
import { existsSync } from 'node:fs'
import { bridgeName, macOf, netnsName, netnsPath, SWITCH } from './names.ts'

/**
 * The switch: a namespace of its own with a bridge for each LAN, which know nothing of each other, and on them one port for each host,
 * named after it.
 */
export async function createSwitch(lab: string, lans: number): Promise<void> {
  const netns = netnsName(lab, SWITCH)
  await run(['ip', 'netns', 'add', netns])
  const bridges = Array.from({ length: lans }, (_, at) => bridgeName(at))
  await run(['ip', '-n', netns, '-batch', '-'], {
    input: [
      'link set lo up',
      ...bridges.flatMap((name) => [`link add ${name} type bridge`, `link set ${name} up`]),
    ].join('\n'),
  })
  // a switch has no packet filter: where the kernel has one for bridges, frames would pass it
  const filters = 'for file in /proc/sys/net/bridge/bridge-nf-call-*; do [ ! -f "$file" ] || echo 0 >"$file"; done'
  await run(['nsenter', `--net=/run/netns/${netns}`, 'sh', '-c', filters])
}

export interface Attachment {
  readonly lab: string
  readonly host: string
  /** Which LAN, from 0. */
  readonly lan: number
  /** The name of the port at the switch. */
  readonly port: string
  readonly device: string
  readonly mtuOctets: number
  /** With their lengths: `192.168.10.215/24`. */
  readonly addresses: readonly string[]
  /** The next hops of the default routes, one for each family at most. */
  readonly gateways: readonly string[]
}

/** Gives a host a device on a LAN, and makes its namespace where this is the first. The MAC is the same each time. */
export async function attachHost(attachment: Attachment): Promise<void> {
  const { lab, host, lan, port, device, mtuOctets, addresses, gateways } = attachment
  const netns = netnsName(lab, host)
  if (!existsSync(netnsPath(lab, host))) await run(['ip', 'netns', 'add', netns])
  await run(['ip', '-n', netnsName(lab, SWITCH), '-batch', '-'], {
    input: [
      `link add ${port} mtu ${mtuOctets} type veth peer name ${device} mtu ${mtuOctets} address ${macOf(lab, port)} netns ${netns}`,
      `link set ${port} master ${bridgeName(lan)}`,
      `link set ${port} up`,
    ].join('\n'),
  })
  const lines = [
    'link set lo up',
    // nobody else has them: they can be used at once
    ...addresses.map((address) => `addr add ${address} dev ${device}${address.includes(':') ? ' nodad' : ''}`),
    `link set ${device} up`,
    ...gateways.map((gateway) => `route add default via ${gateway}`),
  ]
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
