import { isBuggy } from '#model/buggy-ip.ts'
import type { Family, Ip } from '#model/ip.ts'
import { audienceRefusal } from '#model/pool-audience.ts'
import { type Pool, type PoolBlock, poolContains, poolKey } from '#model/pool.ts'
import { type IpRange, rangeContains } from '#model/range.ts'
import type { Labels } from '#model/selector.ts'
import type { Service } from '#model/service.ts'
import type { PoolConflict } from './conflicts.ts'
import { type Holdings, lowestFree } from './holdings.ts'
import { comparePools } from './pool-order.ts'
import type { PoolVerdict } from './refusal.ts'

/** A pool as the allocator looks at it. */
export interface OpenPool {
  readonly pool: Pool
  /** As it is called in messages. */
  readonly key: string
  /** Why it gives out nothing; undefined when it does. */
  readonly closed: 'disabled' | 'conflicting' | undefined
  readonly blocks: { readonly [F in Family]: readonly PoolBlock[] }
}

/** Who looks at a pool, and for what. */
export interface Seeker {
  readonly service: Service
  /** Labels of the Service's namespace; undefined while they are not known. */
  readonly namespaceLabels: Labels | undefined
  /** The pool that the address must be from, as `isNamed` says; empty for any. */
  readonly poolName: string
}

/** In the order in which they are looked at. */
export function arrangePools(
  pools: readonly Pool[],
  conflicts: ReadonlyMap<string, PoolConflict>,
): readonly OpenPool[] {
  return pools.toSorted(comparePools).map((pool) => {
    const key = poolKey(pool)
    const closed = pool.disabled ? 'disabled' : conflicts.has(key) ? 'conflicting' : undefined
    return { pool, key, closed, blocks: { IPv4: blocksOf(pool, 'IPv4'), IPv6: blocksOf(pool, 'IPv6') } }
  })
}

function blocksOf(pool: Pool, family: Family): readonly PoolBlock[] {
  return pool.blocks.filter(({ range }) => range.first.family === family)
}

/** In any pool, whomever it selects. */
export function isInSome(pools: readonly OpenPool[], ip: Ip): boolean {
  return pools.some(({ pool }) => poolContains(pool, ip))
}

/**
 * In a pool that is for this Service, whether that gives out addresses at present or not. A first or last address that the pool keeps back
 * by now stays with who has it, and a pool for namespaces of which the labels are not known is taken to be for all.
 */
export function containsAddress(pools: readonly OpenPool[], ip: Ip, seeker: Seeker): boolean {
  return pools.some(({ pool }) => {
    if (!isNamed(pool, seeker) || !poolContains(pool, ip)) return false
    const refused = audienceRefusal(pool, seeker.service, seeker.namespaceLabels)
    return (
      refused === undefined || (refused === 'namespaces' && seeker.namespaceLabels === undefined && isByLabels(pool))
    )
  })
}

function isByLabels({ namespaceSelectors }: Pool): boolean {
  return namespaceSelectors.length > 0
}

/** A name alone, or with the namespace of a pool of MetalLB's. */
export function isNamed(pool: Pool, { poolName }: Seeker): boolean {
  return poolName === '' || poolName === pool.name || poolName === poolKey(pool)
}

/** Why a pool gives nothing to a Service, whatever is free in it; undefined when it may. */
export function refusedBy({ pool, key, closed }: OpenPool, seeker: Seeker): PoolVerdict | undefined {
  if (!isNamed(pool, seeker)) return { pool: key, code: 'otherPool' }
  const refused = audienceRefusal(pool, seeker.service, seeker.namespaceLabels)
  if (refused !== undefined) return { pool: key, code: 'selectorMismatch', refused, audience: pool }
  return closed === undefined ? undefined : { pool: key, code: closed }
}

/** Whether a block of the pool has the address and gives it out. */
export function givesOut({ pool, blocks }: OpenPool, ip: Ip): boolean {
  return !(pool.avoidBuggyIps && isBuggy(ip)) && blocks[ip.family].some((block) => rangeContains(givenOut(block), ip))
}

function givenOut({ range, usable }: PoolBlock): IpRange {
  return usable ?? range
}

/** The first free address of a pool: blocks in their order, addresses ascending. */
export function firstFree({ pool, blocks }: OpenPool, family: Family, holdings: Holdings): Ip | undefined {
  for (const block of blocks[family]) {
    const ip = firstFreeIn(givenOut(block), pool.avoidBuggyIps, holdings)
    if (ip !== undefined) return ip
  }
  return undefined
}

function firstFreeIn(range: IpRange, avoidBuggyIps: boolean, holdings: Holdings): Ip | undefined {
  let ip = lowestFree(holdings, range)
  while (ip !== undefined && avoidBuggyIps && isBuggy(ip)) {
    const first = { family: ip.family, value: ip.value + 1n }
    ip = first.value > range.last.value ? undefined : lowestFree(holdings, { first, last: range.last })
  }
  return ip
}
