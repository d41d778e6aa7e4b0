import type { Device } from '#model/device.ts'
import type { Family, Ip } from '#model/ip.ts'
import { WIDTH_BITS } from '#model/ip.ts'
import type { Node } from '#model/node.ts'
import { OVERLAY_DEVICE, type Overlay, type Route } from '#model/node-network.ts'
import { type Prefix, prefixOf } from '#model/prefix.ts'
import { masqueradeRuleset } from './masquerade.ts'
import { podMtuBytes } from './mtu.ts'
import { isUplink, type PeerPath, peerPaths, type RoutingMode } from './peer-path.ts'
import { ownAddress } from './pod-prefix.ts'

export interface NetworkSettings {
  readonly routingMode: RoutingMode
  /** UDP port of the overlay. */
  readonly tunnelPort: number
  /** Of the uplinks; 0: to be found out. */
  readonly mtuBytes: number
  readonly masqueradeFamilies: readonly Family[]
  /** Destinations that see the pod's own address, beside pods and nodes that know the way back. */
  readonly directCidrs: readonly Prefix[]
}

export interface NetworkInput {
  /** Name of this node. */
  readonly own: string
  readonly nodes: readonly Node[]
  /** Nodes on which the network is ours too: they know the way back to our pods. */
  readonly ours: ReadonlySet<string>
  /** All devices of this node. */
  readonly devices: readonly Device[]
  readonly settings: NetworkSettings
}

/** The end of the overlay behind which a podCIDR is. */
export interface Tunnel {
  readonly node: string
  readonly podCidr: Prefix
  readonly remote: Ip
}

/** What the network of this node should be. */
export interface DesiredNetwork {
  readonly podCidrs: readonly Prefix[]
  readonly paths: readonly PeerPath[]
  readonly routes: readonly Route[]
  /** Undefined when no peer is reached through it. */
  readonly overlay: Overlay | undefined
  readonly tunnels: readonly Tunnel[]
  readonly podMtuBytes: number
  /** For nft; undefined: no table. */
  readonly masquerade: string | undefined
  /** Devices to other nodes and to the world, by name. */
  readonly uplinks: readonly string[]
}

export function desiredNetwork({ own, nodes, ours, devices, settings }: NetworkInput): DesiredNetwork {
  const self = nodes.find(({ name }) => name === own)
  const podCidrs = self?.podCidrs ?? []
  const paths = peerPaths({ own, nodes, devices, routingMode: settings.routingMode })
  const tunnels = paths.flatMap((path) => (path.kind === 'tunnel' ? [path] : []))
  const underlay = underlayOf(tunnels, settings.routingMode, self?.internalIps ?? [])
  const nodeIps = self?.internalIps ?? []
  const mtuBytes = podMtuBytes({ configured: settings.mtuBytes, devices, nodeIps, underlay })
  return {
    podCidrs,
    paths,
    routes: paths.flatMap((path) => routeOf(path, podCidrs)),
    overlay:
      underlay === undefined
        ? undefined
        : { portUdp: settings.tunnelPort, mtuBytes, addresses: podCidrs.map(ownAddress) },
    tunnels,
    podMtuBytes: mtuBytes,
    masquerade: masqueradeRuleset({
      families: settings.masqueradeFamilies,
      podCidrs,
      direct: [...paths.map(({ podCidr }) => podCidr), ...settings.directCidrs, ...nodesThatKnowTheWay(paths, ours)],
    }),
    uplinks: devices.filter(isUplink).map(({ name }) => name),
  }
}

/** The wider of the outer headers in use, for one MTU must do for all. */
function underlayOf(
  tunnels: readonly { readonly remote: Ip }[],
  routingMode: RoutingMode,
  nodeIps: readonly Ip[],
): Family | undefined {
  if (tunnels.some(({ remote }) => remote.family === 'IPv6')) return 'IPv6'
  if (tunnels.length > 0) return 'IPv4'
  if (routingMode !== 'tunnel') return undefined
  return nodeIps.some(({ family }) => family === 'IPv4') ? 'IPv4' : 'IPv6'
}

function routeOf(path: PeerPath, podCidrs: readonly Prefix[]): readonly Route[] {
  switch (path.kind) {
    case 'route':
      return [{ to: path.podCidr, device: path.device, via: path.via, source: undefined }]
    case 'tunnel': {
      const mine = podCidrs.find(({ address }) => address.family === path.podCidr.address.family)
      const source = mine === undefined ? undefined : ownAddress(mine)
      return [{ to: path.podCidr, device: OVERLAY_DEVICE, via: undefined, source }]
    }
    case 'none':
      return []
  }
}

/** Their addresses: what they answer to a pod comes back on the same way. */
function nodesThatKnowTheWay(paths: readonly PeerPath[], ours: ReadonlySet<string>): readonly Prefix[] {
  return paths.flatMap((path) =>
    path.kind === 'route' && ours.has(path.node) ? [prefixOf(path.via, WIDTH_BITS[path.via.family])] : [],
  )
}
