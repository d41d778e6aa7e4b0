import { advertisesPool, type L2Advertisement } from './l2-advertisement.ts'
import type { Ip } from './ip.ts'
import { type Pool, poolContains, poolKey } from './pool.ts'
import { type Labels, type LabelSelector, selectorMatches, serviceSelectorLabels } from './selector.ts'

/**
 * What has addresses announced on the local network: a CiliumL2AnnouncementPolicy (cilium.io/v2alpha1), or an L2Advertisement of MetalLB
 * together with the pools that it is about.
 */
export interface L2Policy {
  /** What it was written as. The ConfigMap is that of MetalLB up to 0.12, with its `protocol: layer2`. */
  readonly kind: 'CiliumL2AnnouncementPolicy' | 'L2Advertisement' | 'ConfigMap'
  readonly name: string
  /** Empty for Cilium's, which is cluster-scoped. */
  readonly namespace: string
  readonly generation: number
  /** One must match the Service; empty for all. Cilium's sees the Service's name and namespace as labels. */
  readonly serviceSelectors: readonly LabelSelector[]
  /** One must match the node; empty for all. */
  readonly nodeSelectors: readonly LabelSelector[]
  /** Cilium's: regular expressions, unanchored; MetalLB's: exact names. Any may match; empty for all devices of the agent. */
  readonly interfaces: readonly string[]
  readonly externalIps: boolean
  readonly loadBalancerIps: boolean
  /** The pools whose addresses it is about; undefined for addresses from wherever. */
  readonly pools: readonly Pool[] | undefined
  /** Names of those of them that could not be read in full: addresses that Services have from them stay announced. */
  readonly brokenPools: readonly string[]
  /**
   * Of a ConfigMap that cannot be read at all: names of the IPAddressPools. Addresses that Services have from any other pool stay announced,
   * for they can be from one of its own only.
   */
  readonly allPoolsBut?: readonly string[]
}

/** On a Service: the pool of MetalLB's dialect that its address is from. */
export const ALLOCATED_FROM = 'metallb.io/ip-allocated-from-pool'

/** How it is keyed in memory and named in sentences: `policy lab`, `L2Advertisement metallb-system/lab`. */
export function policyTitle(policy: Pick<L2Policy, 'kind' | 'namespace' | 'name'>): string {
  return `${policy.kind === 'CiliumL2AnnouncementPolicy' ? 'policy' : policy.kind} ${poolKey(policy)}`
}

/** An L2Advertisement among these pools. It announces load balancer addresses only: MetalLB knows of no others. */
export function policyOfAdvertisement(
  advertisement: L2Advertisement,
  pools: readonly Pool[],
  brokenPools: ReadonlySet<string> = new Set(),
): L2Policy {
  const { name, namespace, generation, serviceSelectors, nodeSelectors, interfaces } = advertisement
  const about = pools.filter((pool) => advertisesPool(advertisement, pool))
  return {
    kind: 'L2Advertisement',
    name,
    namespace,
    generation,
    serviceSelectors,
    nodeSelectors,
    interfaces,
    externalIps: false,
    loadBalancerIps: true,
    pools: about,
    brokenPools: about.filter((pool) => brokenPools.has(poolKey(pool))).map((pool) => pool.name),
  }
}

export function selectsService(
  { kind, serviceSelectors }: L2Policy,
  service: { readonly namespace: string; readonly name: string; readonly labels: Labels },
): boolean {
  if (serviceSelectors.length === 0) return true
  const labels = kind === 'CiliumL2AnnouncementPolicy' ? serviceSelectorLabels(service) : service.labels
  return serviceSelectors.some((selector) => selectorMatches(selector, labels))
}

export function selectsNode({ nodeSelectors }: L2Policy, labels: Labels): boolean {
  return nodeSelectors.length === 0 || nodeSelectors.some((selector) => selectorMatches(selector, labels))
}

/**
 * Whether it is about an address of a Service. Where a pool could not be read in full, the Service is believed that says to have its address from
 * it: a slip of the pen in a pool takes nothing off the network.
 */
export function coversAddress(policy: L2Policy, address: Ip, annotations: Labels): boolean {
  const { pools, brokenPools, allPoolsBut } = policy
  if (pools === undefined || pools.some((pool) => poolContains(pool, address))) return true
  if (brokenPools.length === 0 && allPoolsBut === undefined) return false
  const from = annotations[ALLOCATED_FROM] ?? ''
  return brokenPools.includes(from) || (from !== '' && allPoolsBut?.includes(from) === false)
}
