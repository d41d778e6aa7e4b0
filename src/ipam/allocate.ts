import type { Mistake } from '#model/condition.ts'
import type { Ip } from '#model/ip.ts'
import type { PoolPolicy } from '#model/pool-policy.ts'
import type { Pool } from '#model/pool.ts'
import type { Labels } from '#model/selector.ts'
import { type Service, type ServiceKey, serviceKey } from '#model/service.ts'
import { compareText, findConflicts, type PoolConflict } from './conflicts.ts'
import { draftsOf, type Remembered } from './draft.ts'
import { assignmentOf, grant, holdShown } from './grant.ts'
import { createHoldings, type Holdings } from './holdings.ts'
import { keepValid } from './keep.ts'
import { DEFAULT_IPAM, type IpamSettings, type NotOurs } from './ownership.ts'
import { arrangePools } from './pools.ts'
import type { Refusal } from './refusal.ts'
import type { Claim, IpamRequest } from './request.ts'
import { tenantOf } from './sharing.ts'
import { createUsage, type Usage } from './usage.ts'

/** By what addresses are given out. */
export interface IpamRules {
  readonly pools: readonly Pool[]
  /**
   * Pools of which a part could not be read. What they held before is not known, so while there is one nobody loses an address for
   * being in no pool.
   */
  readonly brokenPools: readonly string[]
  /** What is reserved in pools, and how much namespaces may have; none when absent. */
  readonly policies?: readonly PoolPolicy[]
  /** Labels of namespaces, by name, for pools that select by them; absent while they are not known. */
  readonly namespaces?: ReadonlyMap<string, Labels>
  /** `DEFAULT_IPAM` when absent. */
  readonly settings?: IpamSettings
}

export interface IpamInput extends IpamRules {
  readonly claims: readonly Claim[]
  /** What is known from the last look; nothing where it is the first. */
  readonly remembered?: Remembered
}

/** What a Service of ours is to have. */
export interface Assignment {
  readonly service: Service
  readonly request: IpamRequest
  /** In the order of the request: families, or addresses. */
  readonly addresses: readonly Ip[]
  /** Empty when the request is satisfied and free of mistakes. */
  readonly refusals: readonly Refusal[]
  /** Mistakes in the request; others in the Service are `remarks` and stand in nobody's way. */
  readonly mistakes: readonly Mistake[]
  readonly remarks: readonly Mistake[]
}

/** Who has what, as far as it can be asked for one Service at a time. */
export interface Outcome {
  readonly assignments: Pick<ReadonlyMap<ServiceKey, Assignment>, 'get' | 'size'>
  readonly notOurs: Pick<ReadonlyMap<ServiceKey, NotOurs>, 'get'>
  readonly conflicts: ReadonlyMap<string, PoolConflict>
  readonly holdings: Holdings
  readonly usage: Usage
}

export interface Allocation extends Outcome {
  readonly assignments: ReadonlyMap<ServiceKey, Assignment>
  readonly notOurs: ReadonlyMap<ServiceKey, NotOurs>
}

/**
 * Who gets which address. The same input gives the same answer, in whatever order pools and Services come:
 * 1. Who was given an address and has not changed since keeps it, then who has one in its status, both while it is still valid; where
 *    Services do not agree to share one, `keepValid` decides.
 * 2. Requests for certain addresses, then those for any; each by creation time, then namespace and name. Pools as `comparePools` says,
 *    blocks in the pool's order, addresses ascending; before a free address the lowest at which a Service has the same sharing key and
 *    agrees.
 * Disabled and conflicting pools give out nothing and take nothing away; nor do policies, which only keep from new grants.
 */
export function allocate(input: IpamInput): Allocation {
  const conflicts = findConflicts(input.pools)
  const { settings = DEFAULT_IPAM, namespaces, policies = [] } = input
  const usage = createUsage(policies, { pools: input.pools, conflicts }, namespaces)
  const pools = arrangePools(input.pools, conflicts, usage.policies)
  const market = { pools, holdings: createHoldings(), usage, brokenPools: input.brokenPools.toSorted(compareText) }
  const notOurs = new Map<ServiceKey, NotOurs>()
  const anyPool = input.pools.length + input.brokenPools.length > 0
  const { remembered = new Map() } = input
  const drafts = draftsOf(input.claims, { anyPool, settings, namespaces, remembered }, notOurs)
  keepValid(drafts, market, input.brokenPools.length === 0)
  for (const { claim, tenant, kept } of drafts) holdShown(claim, tenant, kept, market.holdings)
  for (const claim of input.claims) {
    const isStranger = notOurs.has(serviceKey(claim.service))
    if (isStranger) holdShown(claim, tenantOf(claim.service, undefined), [], market.holdings)
  }
  for (const draft of drafts) if (draft.request.kind === 'these') grant(draft, market)
  for (const draft of drafts) if (draft.request.kind === 'any') grant(draft, market)
  const assignments = new Map(drafts.map((draft) => [draft.key, assignmentOf(draft)]))
  return { assignments, notOurs, conflicts, holdings: market.holdings, usage }
}
