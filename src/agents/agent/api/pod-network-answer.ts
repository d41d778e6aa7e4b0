import type { PodNetworkStatus } from '#api/agent.ts'
import { CONFLIST_NAME } from '#cni/conf-files.ts'
import { type PeerPath, formatPath } from '#cni/peer-path.ts'
import { podCapacity } from '#cni/pod-prefix.ts'
import { formatPrefix } from '#model/prefix.ts'
import type { AgentSettings } from '#agents/agent/config.ts'
import type { PodNetworkState } from '#agents/agent/pod-network/pod-network.ts'
import { networkSettings } from '#agents/agent/pod-network/pod-network-settings.ts'

/** The pods' network for the status. */
export function podNetworkStatus(state: PodNetworkState, settings: AgentSettings): PodNetworkStatus {
  const { decision, desired, confWritten, plugin } = state
  const paths = desired?.paths ?? []
  return {
    mode: decision.mode ?? 'undecided',
    why: decision.why,
    confFile: confWritten ? CONFLIST_NAME : null,
    ipam: (desired?.podCidrs ?? []).map((podCidr, index) => ({
      family: podCidr.address.family,
      podCidr: formatPrefix(podCidr),
      allocated: plugin.counts[index] ?? 0,
      capacity: asNumber(podCapacity(podCidr)),
    })),
    routing: {
      mode: routingOf(paths, settings),
      routes: count(paths, 'route'),
      tunnels: count(paths, 'tunnel'),
      unreachable: count(paths, 'none'),
      peers: paths.map(formatPath),
    },
    mtuBytes: desired?.podMtuBytes ?? null,
    masquerading: networkSettings(settings).masqueradeFamilies.filter((family) =>
      desired?.podCidrs.some(({ address }) => address.family === family),
    ),
  }
}

/** A count that is too large for a number of JSON is as good as none. */
function asNumber(capacity: bigint): number | null {
  return capacity <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(capacity) : null
}

function routingOf(paths: readonly PeerPath[], { routingMode }: AgentSettings): PodNetworkStatus['routing']['mode'] {
  const [routes, tunnels] = [count(paths, 'route'), count(paths, 'tunnel')]
  if (routes > 0 && tunnels > 0) return 'mixed'
  return tunnels > 0 || (routes === 0 && routingMode === 'tunnel') ? 'tunnel' : 'native'
}

function count(paths: readonly PeerPath[], kind: PeerPath['kind']): number {
  return paths.filter((path) => path.kind === kind).length
}
