import type { Mistake } from '#model/condition.ts'
import { compareIp, type Family, type Ip, sameIp } from '#model/ip.ts'
import type { PoolPolicy } from '#model/pool-policy.ts'
import type { Pool } from '#model/pool.ts'
import type { Labels } from '#model/selector.ts'
import { type Service, type ServiceKey, serviceKey } from '#model/service.ts'
import { findConflicts, type PoolConflict } from './conflicts.ts'
import { type Draft, draftsOf } from './draft.ts'
import { createHoldings, hold, holdAnyway, type Holdings } from './holdings.ts'
import { keepValid } from './keep.ts'
import { lookForAny, lookForThis, type Market } from './look.ts'
import { DEFAULT_IPAM, type IpamSettings, type NotOurs } from './ownership.ts'
import { arrangePools } from './pools.ts'
import type { Refusal } from './refusal.ts'
import type { Claim, IpamRequest } from './request.ts'
import { type Tenant, tenantOf } from './sharing.ts'
import { countIn, createUsage, type Usage } from './usage.ts'

export interface IpamInput {
  readonly pools: readonly Pool[]
  /**
   * Pools of which a part could not be read. What they held before is not known, so while there is one nobody loses an address for
   * being in no pool.
   */
  readonly brokenPools: readonly string[]
  readonly claims: readonly Claim[]
  /** What is reserved in pools, and how much namespaces may have; none when absent. */
  readonly policies?: readonly PoolPolicy[]
  /** Labels of namespaces, by name, for pools that select by them; absent while they are not known. */
  readonly namespaces?: ReadonlyMap<string, Labels>
  /** `DEFAULT_IPAM` when absent. */
  readonly settings?: IpamSettings
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

export interface Allocation {
  readonly assignments: ReadonlyMap<ServiceKey, Assignment>
  readonly notOurs: ReadonlyMap<ServiceKey, NotOurs>
  readonly conflicts: ReadonlyMap<string, PoolConflict>
  readonly holdings: Holdings
  readonly usage: Usage
}

/**
 * Who gets which address. The same input gives the same answer, in whatever order pools and Services come:
 * 1. Whoever has an address in its status that is still valid keeps it; where Services do not agree to share one, `keepValid` decides.
 * 2. Requests for certain addresses, then those for any; each by creation time, then namespace and name. Pools as `comparePools` says,
 *    blocks in the pool's order, addresses ascending; before a free address one at which a Service has the same sharing key and agrees.
 * Disabled and conflicting pools give out nothing and take nothing away; nor do policies, which only keep from new grants.
 */
export function allocate(input: IpamInput): Allocation {
  const conflicts = findConflicts(input.pools)
  const { settings = DEFAULT_IPAM, namespaces, policies = [] } = input
  const usage = createUsage(policies, input.pools, namespaces)
  const pools = arrangePools(input.pools, conflicts, usage.policies)
  const market = { pools, holdings: createHoldings(), usage }
  const notOurs = new Map<ServiceKey, NotOurs>()
  const anyPool = input.pools.length + input.brokenPools.length > 0
  const drafts = draftsOf(input.claims, { anyPool, settings, namespaces }, notOurs)
  keepValid(drafts, market, input.brokenPools.length === 0)
  for (const { claim, tenant } of drafts) holdShown(claim, tenant, market.holdings)
  for (const claim of input.claims) {
    const isStranger = notOurs.has(serviceKey(claim.service))
    if (isStranger) holdShown(claim, tenantOf(claim.service, undefined), market.holdings)
  }
  for (const draft of drafts) if (draft.request.kind === 'these') grantThese(draft, draft.request.addresses, market)
  for (const draft of drafts) if (draft.request.kind === 'any') grantAny(draft, draft.request.families, market)
  const assignments = new Map(drafts.map((draft) => [draft.key, finish(draft)]))
  return { assignments, notOurs, conflicts, holdings: market.holdings, usage }
}

/**
 * An address that the status of a Service may still show goes to nobody who does not agree with it, although that Service is to lose it:
 * first the status is cleared, then the address is free. So no two Services show one address against each other's will, and an address
 * of another controller is not given out.
 */
function holdShown({ service, alsoShown }: Claim, tenant: Tenant, holdings: Holdings): void {
  for (const ip of service.ingressIps) holdAnyway(holdings, ip, tenant)
  for (const ip of alsoShown) holdAnyway(holdings, ip, tenant)
}

function grantThese(draft: Draft, addresses: readonly Ip[], market: Market): void {
  for (const wanted of addresses) {
    if (draft.kept.some((ip) => sameIp(ip, wanted))) continue
    const refusal = lookForThis(market, wanted, draft.seeker, draft.tenant)
    if (refusal === undefined) take(draft, wanted, market)
    else draft.refusals.push(refusal)
  }
}

function grantAny(draft: Draft, families: readonly Family[], market: Market): void {
  for (const family of families) {
    if (draft.kept.some((ip) => ip.family === family)) continue
    const found = lookForAny(market, family, draft.seeker, draft.tenant)
    if (found.ok) take(draft, found.value.ip, market)
    else draft.refusals.push(found.error)
  }
}

function take(draft: Draft, ip: Ip, { holdings, usage }: Market): void {
  const clash = hold(holdings, ip, draft.tenant)
  if (clash !== undefined) throw new Error(`Service ${draft.key} was found an address that ${clash.with.key} holds`)
  draft.kept.push(ip)
  countIn(usage, draft.claim.service, ip)
}

function finish({ claim: { service, asked }, request, kept, refusals }: Draft): Assignment {
  const { mistakes, remarks } = asked
  return { service, request, addresses: inOrder(request, kept), refusals, mistakes, remarks }
}

function inOrder(request: IpamRequest, addresses: readonly Ip[]): readonly Ip[] {
  if (request.kind === 'unclear') return addresses
  const place = (ip: Ip): number =>
    request.kind === 'any'
      ? request.families.indexOf(ip.family)
      : request.addresses.findIndex((wanted) => sameIp(wanted, ip))
  return addresses.toSorted((a, b) => place(a) - place(b) || compareIp(a, b))
}
