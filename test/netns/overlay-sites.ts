/** Two subnets with a router between them, nodes with a pod each, a client, and one who is no node. */
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { openPinnedMaps } from '#io/bpf/pinned-maps.ts'
import { mustParseIp } from '#model/ip.ts'
import type { BpfMaps } from '#ports/bpf-maps.ts'
import { clearCounters, clearMaps, putAgentConfig, putOverlay, putPeer } from '#test/packets/scene.ts'
import { openStation, type Station } from '#test/packets/station.ts'
import type { AttachOptions } from './overlay-attach.ts'
import { type Room, run } from './own-namespaces.ts'

/** Octets that the envelope takes, by the family that it is of. */
const OVERHEAD = { IPv4: 50, IPv6: 70 } as const
export type Underlay = keyof typeof OVERHEAD

export interface OverlaySite {
  readonly number: number
  readonly subnet: number
  readonly node: Station
  readonly pod: Station
  readonly maps: BpfMaps
  readonly overlayIfindex: number
  readonly lanIfindex: number
}

export const address4 = ({ subnet, number }: Pick<OverlaySite, 'subnet' | 'number'>): string =>
  `192.168.${subnet}.${210 + number}`
export const address6 = ({ subnet, number }: Pick<OverlaySite, 'subnet' | 'number'>): string =>
  `fd00:${subnet}::${210 + number}`
export const pod4 = ({ number }: Pick<OverlaySite, 'number'>): string => `10.244.${number}.7`
export const pod6 = ({ number }: Pick<OverlaySite, 'number'>): string => `fd00:10:244:${number}::7`

/** Answers HTTP, IPv4 and IPv6, with as many octets as the path says, or with who asked and how many octets came; UDP with the same. */
const POD_SERVER = `
process.stdin.resume()
process.stdin.on('end', () => process.exit())
require('node:http').createServer((request, response) => {
  let received = 0
  request.on('data', (piece) => { received += piece.length })
  request.on('end', () => response.end(request.method === 'GET' ? Buffer.alloc(Number(request.url.slice(1)), 'x') : request.socket.remoteAddress.replace('::ffff:', '') + ' sent ' + received))
}).listen(8080, '::')
const udp = require('node:dgram').createSocket('udp4')
udp.on('message', (message, from) => udp.send(from.address + ' sent ' + message.length, from.port, from.address))
udp.bind(8080)
`

/** This namespace is the router: `br10` and `br20` are its ends of the subnets. */
export function wireRouter(): void {
  for (const subnet of [10, 20]) {
    run('ip', 'link', 'add', `br${subnet}`, 'type', 'bridge')
    run('ip', 'address', 'add', `192.168.${subnet}.1/24`, 'dev', `br${subnet}`)
    run('ip', 'address', 'add', `fd00:${subnet}::1/64`, 'dev', `br${subnet}`, 'nodad')
    run('ip', 'link', 'set', `br${subnet}`, 'up')
  }
  run('sysctl', '-qw', 'net.ipv4.ip_forward=1', 'net.ipv6.conf.all.forwarding=1')
}

/** A machine on a subnet, with the router as its way out. */
export async function wireHost(subnet: number, hostNumber: number, mac: string): Promise<Station> {
  const station = await openStation()
  const port = `p${subnet}-${hostNumber}`
  run('ip', ...`link add ${port} type veth peer name eth0 address ${mac} netns ${station.pid}`.split(' '))
  run('ip', 'link', 'set', port, 'master', `br${subnet}`, 'up')
  station.run(`ip address add 192.168.${subnet}.${hostNumber}/24 dev eth0`)
  station.run(`ip address add fd00:${subnet}::${hostNumber}/64 dev eth0 nodad`)
  station.run('ip link set eth0 up')
  station.run(`ip route add default via 192.168.${subnet}.1`)
  station.run(`ip route add default via fd00:${subnet}::1`)
  return station
}

/** A node with a pod, its overlay device and the programs on it. Nothing is known of other nodes yet: `connectSites`. */
export async function wireSite(
  room: Room,
  objectsFolder: string,
  number: number,
  subnet: number,
): Promise<OverlaySite> {
  const node = await wireHost(subnet, 210 + number, nodeMac(number))
  const sysctls = ['net.ipv4.ip_forward=1', 'net.ipv6.conf.all.forwarding=1', 'net.ipv4.conf.all.rp_filter=0']
  node.run(['sysctl', '-qw', ...sysctls])
  node.run('ip link add balise_vxlan type vxlan external dstport 8472')
  node.run('ip link set balise_vxlan addrgenmode none arp off up')
  node.run('sysctl -qw net.ipv4.conf.balise_vxlan.rp_filter=1')
  node.run(`ip address add 10.244.${number}.1/32 dev balise_vxlan`)
  node.run(`ip address add fd00:10:244:${number}::1/128 dev balise_vxlan nodad`)
  const pod = await wirePod(node, number)
  const pinFolder = join(room.bpffs, `node${number}`)
  const devices = { lan: device(node, 'eth0'), overlay: device(node, 'balise_vxlan') }
  const programs = { objectsFolder, pinFolder, mechanism: 'auto', layoutChange: 'refuse' } as const
  mkdirSync(pinFolder)
  const options: AttachOptions = { programs, ...devices }
  const script = join(import.meta.dirname, 'overlay-attach.ts')
  node.run([process.execPath, script, JSON.stringify(options)])
  const maps = openPinnedMaps({ folder: pinFolder, mode: 'readwrite' })
  return {
    ...{ number, subnet, node, pod, maps },
    overlayIfindex: devices.overlay.ifindex,
    lanIfindex: devices.lan.ifindex,
  }
}

export function nodeMac(number: number): string {
  return `02:00:00:00:02:0${number}`
}

/** With /32 and /128 alone, as the plugin makes it. */
async function wirePod(node: Station, number: number): Promise<Station> {
  const pod = await openStation(POD_SERVER)
  const [inside, outside] = [`02:00:00:00:03:0${number}`, `02:00:00:00:04:0${number}`]
  node.run(`ip link add blc0 address ${outside} type veth peer name eth0 address ${inside} netns ${pod.pid}`)
  node.run('ip link set blc0 addrgenmode none up')
  pod.run('ip link set eth0 up')
  for (const [address, length, gateway] of [
    [pod4({ number }), 32, '169.254.1.1'],
    [pod6({ number }), 128, 'fe80::1'],
  ] as const) {
    pod.run(`ip address add ${address}/${length} dev eth0${length === 128 ? ' nodad' : ''}`)
    pod.run(`ip neighbour add ${gateway} lladdr ${outside} dev eth0 nud permanent`)
    pod.run(`ip route add ${gateway} dev eth0`)
    pod.run(`ip route add default via ${gateway} dev eth0`)
    node.run(`ip neighbour add ${address} lladdr ${inside} dev blc0 nud permanent`)
    node.run(`ip route add ${address}/${length} dev blc0`)
  }
  return pod
}

/**
 * Tells each node of the others, and clears what it counted. `underlay`: the family of the envelopes; `podMtu`: of the pods' devices, that of
 * the overlay where it is not given.
 */
export function connectSites(sites: readonly OverlaySite[], underlay: Underlay, podMtu?: number): void {
  const mtu = 1500 - OVERHEAD[underlay]
  for (const own of sites) {
    clearMaps(own.maps)
    own.node.run(`ip link set balise_vxlan mtu ${mtu}`)
    for (const station of [own.node, own.pod]) {
      station.run(`ip link set ${station === own.node ? 'blc0' : 'eth0'} mtu ${podMtu ?? mtu}`)
      station.run('ip route flush cache')
      station.run('ip -6 route flush cache')
    }
    putAgentConfig(own.maps, { nodeAddress4: mustParseIp(address4(own)) })
    putOverlay(own.maps, {
      ifindex: own.overlayIfindex,
      address4: mustParseIp(`10.244.${own.number}.1`),
      address6: mustParseIp(`fd00:10:244:${own.number}::1`),
      nodeAddress4: mustParseIp(address4(own)),
      nodeAddress6: mustParseIp(address6(own)),
    })
    for (const peer of sites) if (peer !== own) connect(own, peer, underlay)
  }
  // What a test before this one left on the wire came while the maps were empty.
  for (const { maps } of sites) clearCounters(maps)
}

function connect(own: OverlaySite, peer: OverlaySite, underlay: Underlay): void {
  const remote = underlay === 'IPv4' ? address4(peer) : address6(peer)
  const [prefix4, prefix6] = [`10.244.${peer.number}.0/24`, `fd00:10:244:${peer.number}::/64`]
  for (const prefix of [prefix4, prefix6]) putPeer(own.maps, prefix, remote)
  putPeer(own.maps, `${address4(peer)}/32`, remote, false)
  putPeer(own.maps, `${address6(peer)}/128`, remote, false)
  own.node.run(`ip route replace ${prefix4} dev balise_vxlan src 10.244.${own.number}.1`)
  own.node.run(`ip route replace ${prefix6} dev balise_vxlan src fd00:10:244:${own.number}::1`)
}

function device(station: Station, name: string): { readonly name: string; readonly ifindex: number } {
  const [link] = JSON.parse(station.run(`ip -j link show dev ${name}`)) as readonly { readonly ifindex: number }[]
  if (link === undefined) throw new Error(`There is no device ${name}`)
  return { name, ifindex: link.ifindex }
}
