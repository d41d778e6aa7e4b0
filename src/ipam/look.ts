import type { Family, Ip } from '#model/ip.ts'
import { formatNamespaces } from '#model/namespace-set.ts'
import { mayRequest, reservationOf } from '#model/pool-policy.ts'
import { poolContains } from '#model/pool.ts'
import { err, ok, type Result } from '#model/result.ts'
import { clashOver, type Holdings, isPortTaken, sharedUnder } from './holdings.ts'
import type { Clash } from './household.ts'
import { firstFree, givesOut, givesUnasked, isNamed, type OpenPool, refusedBy, type Seeker } from './pools.ts'
import type { PoolVerdict, Refusal, ReservedBy } from './refusal.ts'
import type { Tenant } from './sharing.ts'
import { reachedBy, type Usage } from './usage.ts'

/** An address, and the pool that it is from. */
export interface Find {
  readonly ip: Ip
  readonly pool: string
}

/** What a Service that seeks an address has to do with: the pools in their order, and who holds what. */
export interface Market {
  readonly pools: readonly OpenPool[]
  readonly holdings: Holdings
  readonly usage: Usage
  /** Pools with mistakes, by name, also those of which so little could be read that they are not among `pools`. */
  readonly brokenPools: readonly string[]
}

/** The address of Services that share it with this one, else the first that is free; or why there is none. */
export function lookForAny(market: Market, family: Family, seeker: Seeker, tenant: Tenant): Result<Find, Refusal> {
  const joined = lookForShared(market, family, seeker, tenant)
  if (joined !== undefined) return ok(joined)
  const looked: PoolVerdict[] = []
  for (const open of market.pools) {
    const found = lookInto(open, family, seeker, market)
    if (found.ok) return found
    looked.push(found.error)
  }
  return err({ code: codeOf(looked), wanted: family, inPool: seeker.poolName, looked, broken: market.brokenPools })
}

/** A pool that is full to this namespace alone is told before one that is full to all. */
function codeOf(looked: readonly PoolVerdict[]): 'quota_exceeded' | 'out_of_ips' | 'no_pool' {
  if (looked.some(({ code }) => code === 'overQuota')) return 'quota_exceeded'
  return looked.some(({ code }) => code === 'full') ? 'out_of_ips' : 'no_pool'
}

/** Addresses under one key in the order in which they were taken. */
function lookForShared(
  { pools, holdings, usage }: Market,
  family: Family,
  seeker: Seeker,
  tenant: Tenant,
): Find | undefined {
  if (tenant.sharing === undefined || isPortTaken(holdings, tenant)) return undefined
  for (const ip of sharedUnder(holdings, tenant.sharing.key)) {
    if (ip.family !== family || clashOver(holdings, ip, tenant) !== undefined) continue
    const open = pools.find(
      (one) =>
        mayTakeAny(one, seeker) &&
        givesUnasked(one, ip) &&
        refusedBy(one, seeker) === undefined &&
        reachedBy(usage, one.pool, seeker.service, ip) === undefined,
    )
    if (open !== undefined) return { ip, pool: open.key }
  }
  return undefined
}

function mayTakeAny({ pool }: OpenPool, { poolName }: Seeker): boolean {
  return pool.autoAssign || poolName !== ''
}

/** What one pool answers to who wants any address of it. */
export function lookInto(
  open: OpenPool,
  family: Family,
  seeker: Seeker,
  { holdings, usage }: Pick<Market, 'holdings' | 'usage'>,
): Result<Find, PoolVerdict> {
  const pool = open.key
  if (!isNamed(open.pool, seeker)) return err({ pool, code: 'otherPool' })
  if (open.blocks[family].length === 0) return err({ pool, code: 'noBlockOfFamily' })
  const refused = refusedBy(open, seeker)
  if (refused !== undefined) return err(refused)
  if (!mayTakeAny(open, seeker)) return err({ pool, code: 'notAutomatic' })
  // Before a look at what is free: who waits for its quota need not be looked at when the pool fills up.
  const reached = reachedBy(usage, open.pool, seeker.service, undefined)
  if (reached !== undefined) return err({ pool, code: 'overQuota', reached })
  const ip = firstFree(open, family, holdings)
  return ip === undefined ? err({ pool, code: 'full', reservedBy: open.reservedBy[family] }) : ok({ ip, pool })
}

/** Undefined when the Service may have `wanted`. */
export function lookForThis(market: Market, wanted: Ip, seeker: Seeker, tenant: Tenant): Refusal | undefined {
  const looked: PoolVerdict[] = []
  for (const open of market.pools) {
    const refused = judgeFor(open, wanted, seeker)
    if (refused === undefined) return refuseThis(market, open, wanted, seeker, tenant)
    looked.push(refused)
  }
  // As in Cilium a closed pool does not count here, whomever it is for.
  const isForOthers = ({ closed }: OpenPool, index: number): boolean =>
    closed === undefined && looked[index]?.code === 'selectorMismatch'
  const code = market.pools.some(isForOthers) ? 'pool_selector_mismatch' : 'no_pool'
  return { code, wanted, inPool: seeker.poolName, looked, broken: market.brokenPools }
}

/** What one pool answers to who wants this address; undefined when it may be had, as far as the pool is concerned. */
export function judgeFor(open: OpenPool, wanted: Ip, seeker: Seeker): PoolVerdict | undefined {
  const { pool, key } = open
  if (!isNamed(pool, seeker) || poolContains(pool, wanted)) return refusedBy(open, seeker)
  const isAvoided = poolContains({ blocks: pool.blocks, avoidBuggyIps: false }, wanted)
  return { pool: key, code: isAvoided ? 'avoided' : 'addressOutside' }
}

function refuseThis(
  { holdings, usage }: Market,
  open: OpenPool,
  wanted: Ip,
  seeker: Seeker,
  tenant: Tenant,
): Refusal | undefined {
  const reserved = reservedFrom(open, wanted, seeker)
  if (reserved !== undefined) return { code: 'address_reserved', wanted, by: reserved }
  const clash = clashOver(holdings, wanted, tenant)
  if (clash !== undefined) return refusalOf(wanted, clash, tenant)
  if (!givesOut(open, wanted)) return { code: 'already_allocated', wanted, by: { keptBackBy: open.key } }
  const reached = reachedBy(usage, open.pool, seeker.service, wanted)
  if (reached === undefined) return undefined
  const looked = [{ pool: open.key, code: 'overQuota', reached } as const]
  return { code: 'quota_exceeded', wanted, inPool: seeker.poolName, looked, broken: [] }
}

/** The policy that keeps an address from a Service which asks for it; undefined when none does. */
export function reservedFrom(open: OpenPool, wanted: Ip, seeker: Seeker): ReservedBy | undefined {
  for (const policy of open.policies) {
    const reservation = reservationOf(policy, wanted)
    if (reservation === undefined) continue
    if (mayRequest(reservation, seeker.service.namespace, seeker.namespaceLabels)) continue
    const { reason, requestableBy } = reservation
    const whose = typeof requestableBy === 'string' ? '' : formatNamespaces(requestableBy)
    return { policy: policy.name, reason, requestableBy: whose }
  }
  return undefined
}

function refusalOf(wanted: Ip, { with: other, reason }: Clash, tenant: Tenant): Refusal {
  const by = { holder: other.key }
  if (tenant.sharing === undefined) return { code: 'already_allocated', wanted, by }
  return { code: 'already_allocated_incompatible_service', wanted, by, reason }
}
