import type { EndpointSlice } from '#model/endpoint-slice.ts'
import { compareIp, formatIp, type Ip } from '#model/ip.ts'
import type { L2Policy } from '#model/l2-policy.ts'
import { selectorMatches, serviceSelectorLabels } from '#model/selector.ts'
import { type Service, type ServiceKey, serviceKey } from '#model/service.ts'

/** An address that Services want announced, with what the policies say about it. */
export interface Claim {
  readonly address: Ip
  /** Sorted. */
  readonly services: readonly ServiceKey[]
  /** Names of the policies that announce it for at least one of the Services; sorted. */
  readonly policies: readonly string[]
  /** Policies that select a Service of it, but leave this kind of address out (`loadBalancerIPs` or `externalIPs` is false). */
  readonly omittedBy: readonly string[]
  /** Nodes with a ready endpoint, where `externalTrafficPolicy` is Local; undefined where any node will do. */
  readonly localNodes: ReadonlySet<string> | undefined
}

/** The load balancer classes that this announcer serves; unset is served too. */
export const L2_CLASSES: readonly string[] = ['io.cilium/l2-announcer']

interface Draft {
  readonly address: Ip
  readonly services: Service[]
  readonly policies: Set<string>
  readonly omittedBy: Set<string>
}

/**
 * One claim an address, by address: the load balancer addresses and external IPs of all Services that the announcer serves, selected by a
 * policy or not.
 */
export function claimsOf(
  services: Iterable<Service>,
  policies: readonly L2Policy[],
  slicesOf: (service: ServiceKey) => readonly EndpointSlice[],
): readonly Claim[] {
  const drafts = new Map<string, Draft>()
  for (const service of services) {
    if (!isServed(service)) continue
    const labels = serviceSelectorLabels(service)
    const selecting = policies.filter((policy) => selectorMatches(policy.serviceSelector, labels))
    if (service.type === 'LoadBalancer') {
      for (const address of service.ingressIps) addClaim(drafts, service, address, selecting, (p) => p.loadBalancerIps)
    }
    for (const address of service.externalIps) addClaim(drafts, service, address, selecting, (p) => p.externalIps)
  }
  return [...drafts.values()]
    .toSorted((a, b) => compareIp(a.address, b.address))
    .map((draft) => finish(draft, slicesOf))
}

function isServed(service: Service): boolean {
  if (service.type === 'ExternalName') return false
  return service.loadBalancerClass === '' || L2_CLASSES.includes(service.loadBalancerClass)
}

function addClaim(
  drafts: Map<string, Draft>,
  service: Service,
  address: Ip,
  selecting: readonly L2Policy[],
  announces: (policy: L2Policy) => boolean,
): void {
  const key = formatIp(address)
  const draft = drafts.get(key) ?? { address, services: [], policies: new Set(), omittedBy: new Set() }
  drafts.set(key, draft)
  if (!draft.services.includes(service)) draft.services.push(service)
  for (const policy of selecting) (announces(policy) ? draft.policies : draft.omittedBy).add(policy.name)
}

function finish(draft: Draft, slicesOf: (service: ServiceKey) => readonly EndpointSlice[]): Claim {
  const local = draft.services.filter((service) => service.externalTrafficPolicy === 'Local')
  return {
    address: draft.address,
    services: draft.services.map(serviceKey).toSorted(),
    policies: [...draft.policies].toSorted(),
    omittedBy: [...draft.omittedBy].filter((name) => !draft.policies.has(name)).toSorted(),
    localNodes: nodesForAll(local.map((service) => endpointNodes(slicesOf(serviceKey(service))))),
  }
}

/**
 * Nodes with a ready endpoint of the Service; where none is ready, those with one that still serves (KEP-1669). Undefined where an
 * endpoint names no node (a gateway's, for one): then every node will do.
 */
export function endpointNodes(slices: readonly EndpointSlice[]): ReadonlySet<string> | undefined {
  const endpoints = slices.flatMap((slice) => slice.endpoints)
  const ready = endpoints.filter((endpoint) => endpoint.ready)
  const usable = ready.length > 0 ? ready : endpoints.filter((endpoint) => endpoint.serving)
  if (usable.some((endpoint) => endpoint.nodeName === '')) return undefined
  return new Set(usable.map((endpoint) => endpoint.nodeName))
}

/** Nodes that suit every Service of a shared address; where there is none, those that suit at least one. */
function nodesForAll(sets: readonly (ReadonlySet<string> | undefined)[]): ReadonlySet<string> | undefined {
  const bounds = sets.filter((set) => set !== undefined)
  if (bounds.length === 0) return undefined
  const common = bounds.reduce((a, b) => a.intersection(b))
  return common.size > 0 ? common : bounds.reduce((a, b) => a.union(b))
}
