import type { EndpointSlice } from '#model/endpoint-slice.ts'
import { compareIp, formatIp, type Ip } from '#model/ip.ts'
import { coversAddress, type L2Policy, policyTitle, selectsService } from '#model/l2-policy.ts'
import { poolContains, poolKey } from '#model/pool.ts'
import { type Service, type ServiceKey, serviceKey } from '#model/service.ts'
import type { L2Rules } from './rules.ts'

/** An address that Services want announced, with what the policies say about it. */
export interface Claim {
  readonly address: Ip
  /** Sorted. */
  readonly services: readonly ServiceKey[]
  /** Titles of the policies that announce it for at least one of the Services; sorted. */
  readonly policies: readonly string[]
  /** Policies that select a Service of it, but leave this kind of address out (`loadBalancerIPs` or `externalIPs` is false). */
  readonly omittedBy: readonly string[]
  /** The pool of MetalLB's dialect that it is of; empty for an address of none. */
  readonly pool: string
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
 * policy or not. A node's own address is none, whoever shows it: its node answers for it, and another that did would take the node away
 * from its neighbours.
 */
export function claimsOf(
  services: Iterable<Service>,
  rules: L2Rules,
  slicesOf: (service: ServiceKey) => readonly EndpointSlice[],
): readonly Claim[] {
  const drafts = new Map<string, Draft>()
  for (const service of services) {
    if (!isServed(service)) continue
    const selecting = rules.policies.filter((policy) => selectsService(policy, service))
    if (service.type === 'LoadBalancer') {
      for (const address of service.ingressIps)
        addClaim(drafts, service, address, rules, loadBalancerStands(selecting, service, address))
    }
    for (const address of service.externalIps) addClaim(drafts, service, address, rules, externalStands(selecting))
  }
  return [...drafts.values()]
    .toSorted((a, b) => compareIp(a.address, b.address))
    .map((draft) => finish(draft, rules, slicesOf))
}

/** What policies say about one address of a Service that they select. */
interface Stands {
  readonly announcing: readonly L2Policy[]
  readonly omitting: readonly L2Policy[]
}

function loadBalancerStands(selecting: readonly L2Policy[], { annotations }: Service, address: Ip): Stands {
  const about = selecting.filter((policy) => coversAddress(policy, address, annotations))
  return {
    announcing: about.filter(({ loadBalancerIps }) => loadBalancerIps),
    omitting: about.filter(({ loadBalancerIps }) => !loadBalancerIps),
  }
}

/** External IPs are nothing that MetalLB speaks of: its objects do not leave them out either. */
function externalStands(selecting: readonly L2Policy[]): Stands {
  const about = selecting.filter(({ kind }) => kind === 'CiliumL2AnnouncementPolicy')
  return {
    announcing: about.filter(({ externalIps }) => externalIps),
    omitting: about.filter(({ externalIps }) => !externalIps),
  }
}

function isServed(service: Service): boolean {
  if (service.type === 'ExternalName') return false
  return service.loadBalancerClass === '' || L2_CLASSES.includes(service.loadBalancerClass)
}

function addClaim(
  drafts: Map<string, Draft>,
  service: Service,
  address: Ip,
  { nodeAddresses }: L2Rules,
  { announcing, omitting }: Stands,
): void {
  const key = formatIp(address)
  if (nodeAddresses.has(key)) return
  const draft = drafts.get(key) ?? { address, services: [], policies: new Set(), omittedBy: new Set() }
  drafts.set(key, draft)
  if (!draft.services.includes(service)) draft.services.push(service)
  for (const policy of announcing) draft.policies.add(policyTitle(policy))
  for (const policy of omitting) draft.omittedBy.add(policyTitle(policy))
}

function finish(
  draft: Draft,
  { addressPools }: L2Rules,
  slicesOf: (service: ServiceKey) => readonly EndpointSlice[],
): Claim {
  const local = draft.services.filter((service) => service.externalTrafficPolicy === 'Local')
  return {
    address: draft.address,
    services: draft.services.map(serviceKey).toSorted(),
    policies: [...draft.policies].toSorted(),
    omittedBy: [...draft.omittedBy].filter((title) => !draft.policies.has(title)).toSorted(),
    pool: poolOf(draft.address, addressPools),
    localNodes: nodesForAll(local.map((service) => endpointNodes(slicesOf(serviceKey(service))))),
  }
}

function poolOf(address: Ip, pools: L2Rules['addressPools']): string {
  const pool = pools.find((candidate) => poolContains(candidate, address))
  return pool === undefined ? '' : poolKey(pool)
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
