import type { Family, Ip } from '#model/ip.ts'
import type { Pool, PoolBlock } from '#model/pool.ts'
import { rangeContains } from '#model/range.ts'
import { err, ok, type Result } from '#model/result.ts'
import { selectorMatches, serviceSelectorLabels } from '#model/selector.ts'
import type { Service } from '#model/service.ts'
import { compareText, type PoolConflict } from './conflicts.ts'
import { holderOf, type Holdings, lowestFree } from './holdings.ts'
import type { PoolVerdict, Refusal } from './refusal.ts'

/** A pool as the allocator looks at it. */
export interface OpenPool {
  readonly pool: Pool
  /** Why it gives out nothing; undefined when it does. */
  readonly closed: 'disabled' | 'conflicting' | undefined
  readonly blocks: { readonly [F in Family]: readonly PoolBlock[] }
}

/** In the order in which they are looked at: by name. */
export function arrangePools(
  pools: readonly Pool[],
  conflicts: ReadonlyMap<string, PoolConflict>,
): readonly OpenPool[] {
  return pools
    .toSorted((a, b) => compareText(a.name, b.name))
    .map((pool) => ({
      pool,
      closed: pool.disabled ? 'disabled' : conflicts.has(pool.name) ? 'conflicting' : undefined,
      blocks: { IPv4: blocksOf(pool, 'IPv4'), IPv6: blocksOf(pool, 'IPv6') },
    }))
}

function blocksOf(pool: Pool, family: Family): readonly PoolBlock[] {
  return pool.blocks.filter(({ range }) => range.first.family === family)
}

function contains(open: OpenPool, ip: Ip): boolean {
  return open.blocks[ip.family].some(({ range }) => rangeContains(range, ip))
}

function selects({ serviceSelector }: Pool, service: Service): boolean {
  const isForAll = serviceSelector.requirements.length === 0
  return isForAll || selectorMatches(serviceSelector, serviceSelectorLabels(service))
}

/** In any pool, whomever it selects. */
export function isInSome(pools: readonly OpenPool[], ip: Ip): boolean {
  return pools.some((open) => contains(open, ip))
}

/** In a pool that selects this Service, whether that gives out addresses at present or not. */
export function containsAddress(pools: readonly OpenPool[], ip: Ip, service: Service): boolean {
  return pools.some((open) => contains(open, ip) && selects(open.pool, service))
}

/** The first free address; or why there is none. */
export function lookForAny(
  pools: readonly OpenPool[],
  family: Family,
  service: Service,
  holdings: Holdings,
): Result<Ip, Refusal> {
  const looked: PoolVerdict[] = []
  for (const open of pools) {
    const found = firstFree(open, family, service, holdings)
    if (found.ok) return found
    looked.push(found.error)
  }
  return err({ code: looked.some(({ code }) => code === 'full') ? 'out_of_ips' : 'no_pool', wanted: family, looked })
}

function firstFree(open: OpenPool, family: Family, service: Service, holdings: Holdings): Result<Ip, PoolVerdict> {
  if (open.blocks[family].length === 0) return err({ pool: open.pool.name, code: 'noBlockOfFamily' })
  const refused = refusedBy(open, service)
  if (refused !== undefined) return err(refused)
  for (const { range } of open.blocks[family]) {
    const ip = lowestFree(holdings, range)
    if (ip !== undefined) return ok(ip)
  }
  return err({ pool: open.pool.name, code: 'full' })
}

function refusedBy({ pool, closed }: OpenPool, service: Service): PoolVerdict | undefined {
  if (!selects(pool, service)) {
    return { pool: pool.name, code: 'selectorMismatch', selector: pool.serviceSelector }
  }
  return closed === undefined ? undefined : { pool: pool.name, code: closed }
}

/** Undefined when the Service may have `wanted`. */
export function lookForThis(
  pools: readonly OpenPool[],
  wanted: Ip,
  service: Service,
  holdings: Holdings,
): Refusal | undefined {
  const looked: PoolVerdict[] = []
  for (const open of pools) {
    const refused = contains(open, wanted)
      ? refusedBy(open, service)
      : ({ pool: open.pool.name, code: 'addressOutside' } as const)
    if (refused === undefined) {
      const holder = holderOf(holdings, wanted)
      return holder === undefined ? undefined : { code: 'already_allocated', wanted, holder }
    }
    looked.push(refused)
  }
  const mismatch = looked.some(({ code }) => code === 'selectorMismatch')
  return { code: mismatch ? 'pool_selector_mismatch' : 'no_pool', wanted, looked }
}
