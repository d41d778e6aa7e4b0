import type { Family, Ip } from '#model/ip.ts'
import { poolContains } from '#model/pool.ts'
import { err, ok, type Result } from '#model/result.ts'
import { clashOver, type Holdings, sharedUnder } from './holdings.ts'
import type { Clash } from './household.ts'
import { firstFree, givesOut, isNamed, type OpenPool, refusedBy, type Seeker } from './pools.ts'
import type { PoolVerdict, Refusal } from './refusal.ts'
import type { Tenant } from './sharing.ts'

/** An address, and the pool that it is from. */
export interface Find {
  readonly ip: Ip
  readonly pool: string
}

/** What a Service that seeks an address has to do with: the pools in their order, and who holds what. */
export interface Market {
  readonly pools: readonly OpenPool[]
  readonly holdings: Holdings
}

/** The address of Services that share it with this one, else the first that is free; or why there is none. */
export function lookForAny(market: Market, family: Family, seeker: Seeker, tenant: Tenant): Result<Find, Refusal> {
  const joined = lookForShared(market, family, seeker, tenant)
  if (joined !== undefined) return ok(joined)
  const looked: PoolVerdict[] = []
  for (const open of market.pools) {
    const found = lookInto(open, family, seeker, market.holdings)
    if (found.ok) return found
    looked.push(found.error)
  }
  const code = looked.some((verdict) => verdict.code === 'full') ? 'out_of_ips' : 'no_pool'
  return err({ code, wanted: family, inPool: seeker.poolName, looked })
}

/** Addresses under one key in the order in which they were taken. */
function lookForShared({ pools, holdings }: Market, family: Family, seeker: Seeker, tenant: Tenant): Find | undefined {
  if (tenant.sharing === undefined) return undefined
  for (const ip of sharedUnder(holdings, tenant.sharing.key)) {
    if (ip.family !== family || clashOver(holdings, ip, tenant) !== undefined) continue
    const open = pools.find(
      (one) => mayTakeAny(one, seeker) && givesOut(one, ip) && refusedBy(one, seeker) === undefined,
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
  holdings: Holdings,
): Result<Find, PoolVerdict> {
  const pool = open.key
  if (!isNamed(open.pool, seeker)) return err({ pool, code: 'otherPool' })
  if (open.blocks[family].length === 0) return err({ pool, code: 'noBlockOfFamily' })
  const refused = refusedBy(open, seeker)
  if (refused !== undefined) return err(refused)
  if (!mayTakeAny(open, seeker)) return err({ pool, code: 'notAutomatic' })
  const ip = firstFree(open, family, holdings)
  return ip === undefined ? err({ pool, code: 'full' }) : ok({ ip, pool })
}

/** Undefined when the Service may have `wanted`. */
export function lookForThis(market: Market, wanted: Ip, seeker: Seeker, tenant: Tenant): Refusal | undefined {
  const looked: PoolVerdict[] = []
  for (const open of market.pools) {
    const refused = judgeFor(open, wanted, seeker)
    if (refused === undefined) return refuseThis(market, open, wanted, tenant)
    looked.push(refused)
  }
  const mismatch = looked.some(({ code }) => code === 'selectorMismatch')
  return { code: mismatch ? 'pool_selector_mismatch' : 'no_pool', wanted, inPool: seeker.poolName, looked }
}

/** What one pool answers to who wants this address; undefined when it may be had, as far as the pool is concerned. */
export function judgeFor(open: OpenPool, wanted: Ip, seeker: Seeker): PoolVerdict | undefined {
  if (isNamed(open.pool, seeker) && !poolContains(open.pool, wanted)) return { pool: open.key, code: 'addressOutside' }
  return refusedBy(open, seeker)
}

function refuseThis({ holdings }: Market, open: OpenPool, wanted: Ip, tenant: Tenant): Refusal | undefined {
  const clash = clashOver(holdings, wanted, tenant)
  if (clash !== undefined) return refusalOf(wanted, clash, tenant)
  return givesOut(open, wanted) ? undefined : { code: 'already_allocated', wanted, by: { keptBackBy: open.key } }
}

function refusalOf(wanted: Ip, { with: other, reason }: Clash, tenant: Tenant): Refusal {
  const by = { holder: other.key }
  if (tenant.sharing === undefined) return { code: 'already_allocated', wanted, by }
  return { code: 'already_allocated_incompatible_service', wanted, by, reason }
}
