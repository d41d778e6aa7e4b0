import { isBuggy } from './buggy-ip.ts'
import type { Ip } from './ip.ts'
import type { PoolAudience } from './pool-audience.ts'
import { type IpRange, rangeContains } from './range.ts'
import type { Labels } from './selector.ts'

/** Whose kind it was written as: a CiliumLoadBalancerIPPool, or an IPAddressPool of MetalLB (also one of its old ConfigMap). */
export type Dialect = 'cilium' | 'metallb'

/** Addresses for Services: a CiliumLoadBalancerIPPool (cilium.io/v2) or an IPAddressPool (metallb.io/v1beta1). */
export interface Pool extends PoolAudience {
  readonly dialect: Dialect
  readonly name: string
  /** Empty for Cilium's, which is cluster-scoped. */
  readonly namespace: string
  readonly labels: Labels
  readonly generation: number
  readonly creationTimestampMs: number
  /** In the order of `spec.blocks`, or of `spec.addresses`. */
  readonly blocks: readonly PoolBlock[]
  /** `spec.disabled`: no new allocations; what is held stays held. */
  readonly disabled: boolean
  /** `spec.serviceAllocation.priority`, or annotation `balise.io/priority`: lower first; `NO_PRIORITY` when none is given. */
  readonly priority: number
  /** False: only for Services that ask for this pool, or for an address of it. Annotation `balise.io/auto-assign` of Cilium's. */
  readonly autoAssign: boolean
  /** IPv4 addresses that end in .0 or .255 are not of the pool, even when asked for (MetalLB's `avoidBuggyIPs`). */
  readonly avoidBuggyIps: boolean
}

export interface PoolBlock {
  readonly range: IpRange
  /** What of it is given out, where that is not all: Cilium's `allowFirstLastIPs: No` keeps both ends back. */
  readonly usable?: IpRange
  /** As the user wrote it, for messages: `192.168.10.0/28` or `192.168.10.75 - 192.168.10.78`. */
  readonly text: string
}

/** After every priority that can be written. */
export const NO_PRIORITY = Number.MAX_SAFE_INTEGER

/** What a pool of Cilium's is in the fields that only MetalLB's has. */
export const CILIUM_DEFAULTS = {
  dialect: 'cilium',
  namespace: '',
  serviceSelectors: [],
  namespaces: [],
  namespaceSelectors: [],
  priority: NO_PRIORITY,
  autoAssign: true,
  avoidBuggyIps: false,
} as const satisfies Partial<Pool>

/** How a pool is keyed in memory and named in messages: `blue`, or `metallb-system/blue` for MetalLB's. One of each may be called blue. */
export function poolKey({ namespace, name }: Pick<Pool, 'namespace' | 'name'>): string {
  return namespace === '' ? name : `${namespace}/${name}`
}

/** Whether an address is of the pool, whomever that is for. */
export function poolContains({ blocks, avoidBuggyIps }: Pick<Pool, 'blocks' | 'avoidBuggyIps'>, ip: Ip): boolean {
  return !(avoidBuggyIps && isBuggy(ip)) && blocks.some(({ range }) => rangeContains(range, ip))
}
