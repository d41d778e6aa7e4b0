import type { Device } from '#model/device.ts'
import { formatIp, type Ip, sameIp } from '#model/ip.ts'
import type { Node } from '#model/node.ts'
import { OVERLAY_DEVICE, POD_DEVICE_PREFIX } from '#model/node-network.ts'
import { formatPrefix, type Prefix, prefixContains, prefixOf } from '#model/prefix.ts'

/** `native`: routes only; `tunnel`: the overlay only; `auto`: routes to nodes on a shared subnet, the overlay to the others. */
export const ROUTING_MODES = ['auto', 'native', 'tunnel'] as const
export type RoutingMode = (typeof ROUTING_MODES)[number]

/** How packets get from this node to one podCIDR of another. */
export type PeerPath =
  | {
      readonly kind: 'route'
      readonly node: string
      readonly podCidr: Prefix
      readonly via: Ip
      readonly device: string
    }
  | { readonly kind: 'tunnel'; readonly node: string; readonly podCidr: Prefix; readonly remote: Ip }
  | { readonly kind: 'none'; readonly node: string; readonly podCidr: Prefix; readonly why: NoPath }

/** `NotOnLink`: the node is on no subnet of ours and the overlay is off; `NoAddress`: it has no InternalIP that we could send to. */
export type NoPath =
  | { readonly code: 'NotOnLink'; readonly address: Ip }
  | { readonly code: 'NoAddress' }
  /** Another node has the same podCIDR, and comes first by name. */
  | { readonly code: 'Clash'; readonly with: string }

export interface PathInput {
  /** The node that is asked about, by name. */
  readonly own: string
  readonly nodes: readonly Node[]
  readonly devices: readonly Device[]
  readonly routingMode: RoutingMode
}

/** A path for each podCIDR of each other node, by node and podCIDR. Every family for itself. */
export function peerPaths({ own, nodes, devices, routingMode }: PathInput): readonly PeerPath[] {
  const self = nodes.find(({ name }) => name === own)
  const holders = new Map<string, string>((self?.podCidrs ?? []).map((podCidr) => [formatPrefix(podCidr), own]))
  const uplinks = devices.filter(isUplink)
  const peers = nodes.filter(({ name }) => name !== own).toSorted((a, b) => (a.name < b.name ? -1 : 1))
  return peers.flatMap((peer) =>
    peer.podCidrs.map((podCidr): PeerPath => {
      const text = formatPrefix(podCidr)
      const holder = holders.get(text)
      if (holder !== undefined) return { kind: 'none', node: peer.name, podCidr, why: { code: 'Clash', with: holder } }
      holders.set(text, peer.name)
      return pathTo(peer, podCidr, self?.internalIps ?? [], uplinks, routingMode)
    }),
  )
}

/** May carry packets between nodes: none of a pod's, none of the overlay, none of the machine itself. */
export function isUplink({ name, loopback, up }: Device): boolean {
  return up && !loopback && !name.startsWith(POD_DEVICE_PREFIX) && name !== OVERLAY_DEVICE
}

function pathTo(
  { name: node, internalIps }: Node,
  podCidr: Prefix,
  ownIps: readonly Ip[],
  uplinks: readonly Device[],
  routingMode: RoutingMode,
): PeerPath {
  const { family } = podCidr.address
  const near = internalIps.find((ip) => ip.family === family)
  const device = near === undefined || routingMode === 'tunnel' ? undefined : onLinkDevice(near, uplinks)
  if (near !== undefined && device !== undefined) return { kind: 'route', node, podCidr, via: near, device }
  if (routingMode === 'native') {
    const why: NoPath = near === undefined ? { code: 'NoAddress' } : { code: 'NotOnLink', address: near }
    return { kind: 'none', node, podCidr, why }
  }
  const remote = tunnelEnd(internalIps, ownIps)
  if (remote === undefined) return { kind: 'none', node, podCidr, why: { code: 'NoAddress' } }
  return { kind: 'tunnel', node, podCidr, remote }
}

/** IPv4 where both ends have it: fewer octets around each packet. */
function tunnelEnd(theirs: readonly Ip[], ours: readonly Ip[]): Ip | undefined {
  const families = new Set(ours.map(({ family }) => family))
  const common = theirs.filter(({ family }) => families.has(family))
  return common.find(({ family }) => family === 'IPv4') ?? common[0]
}

/** The device on whose subnet an address lies; the longest subnet counts, then the name. */
function onLinkDevice(ip: Ip, devices: readonly Device[]): string | undefined {
  const found = devices.flatMap(({ name, addresses }) =>
    addresses
      .filter(({ address, prefixLengthBits }) => prefixContains(prefixOf(address, prefixLengthBits), ip))
      .filter(({ address }) => !sameIp(address, ip))
      .map(({ prefixLengthBits }) => ({ name, prefixLengthBits })),
  )
  const [best] = found.toSorted((a, b) => b.prefixLengthBits - a.prefixLengthBits || (a.name < b.name ? -1 : 1))
  return best?.name
}

/** `10.244.2.0/24 of node2 via 192.168.10.216 dev eth0` */
export function formatPath(path: PeerPath): string {
  const what = `${formatPrefix(path.podCidr)} of ${path.node}`
  switch (path.kind) {
    case 'route':
      return `${what} via ${formatIp(path.via)} dev ${path.device}`
    case 'tunnel':
      return `${what} through ${OVERLAY_DEVICE} to ${formatIp(path.remote)}`
    case 'none':
      return `${what}: no path`
  }
}
