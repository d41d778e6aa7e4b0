import { isBuggy } from '#model/buggy-ip.ts'
import type { Family, Ip } from '#model/ip.ts'
import { audienceRefusal } from '#model/pool-audience.ts'
import { concernsPool, type PoolPolicy } from '#model/pool-policy.ts'
import { type Pool, type PoolBlock, poolContains, poolKey } from '#model/pool.ts'
import { type IpRange, mergeRanges, rangeContains, rangesOverlap, withoutRanges } from '#model/range.ts'
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
  /** Why it gives out nothing; undefined when it does. `selfConflicting`: blocks of its own overlap. */
  readonly closed: 'disabled' | 'conflicting' | 'selfConflicting' | undefined
  readonly blocks: { readonly [F in Family]: readonly PoolBlock[] }
  /** What is given to who asks for no certain address: the blocks in their order, without what policies reserve. */
  readonly unreserved: { readonly [F in Family]: readonly IpRange[] }
  /** Names of policies that reserve some of it. */
  readonly reservedBy: { readonly [F in Family]: readonly string[] }
  /** Those that concern it, by name. */
  readonly policies: readonly PoolPolicy[]
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
  policies: readonly PoolPolicy[] = [],
): readonly OpenPool[] {
  return pools.toSorted(comparePools).map((pool) => {
    const key = poolKey(pool)
    const closed = pool.disabled ? 'disabled' : closedBy(key, conflicts.get(key))
    const concerning = policies.filter((policy) => concernsPool(policy, pool))
    const blocks = { IPv4: blocksOf(pool, 'IPv4'), IPv6: blocksOf(pool, 'IPv6') }
    const reserved = reservedRanges(concerning)
    const unreserved = { IPv4: without(blocks.IPv4, reserved), IPv6: without(blocks.IPv6, reserved) }
    const reservedBy = { IPv4: reserving(concerning, blocks.IPv4), IPv6: reserving(concerning, blocks.IPv6) }
    return { pool, key, closed, blocks, unreserved, reservedBy, policies: concerning }
  })
}

function closedBy(key: string, conflict: PoolConflict | undefined): OpenPool['closed'] {
  if (conflict === undefined) return undefined
  return conflict.otherPool === key ? 'selfConflicting' : 'conflicting'
}

function reserving(policies: readonly PoolPolicy[], blocks: readonly PoolBlock[]): readonly string[] {
  const concerns = (policy: PoolPolicy): boolean =>
    policy.reserved.some(({ range }) => blocks.some((block) => rangesOverlap(range, block.range)))
  return policies.filter(concerns).map(({ name }) => name)
}

/** What policies reserve: sorted, and without overlaps. */
export function reservedRanges(policies: readonly PoolPolicy[]): readonly IpRange[] {
  return mergeRanges(policies.flatMap(({ reserved }) => reserved.map(({ range }) => range)))
}

function without(blocks: readonly PoolBlock[], reserved: readonly IpRange[]): readonly IpRange[] {
  return blocks.flatMap((block) => withoutRanges(givenOut(block), reserved))
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

/** Whether a block of the pool has the address and gives it out, if perhaps only to who asks for it. */
export function givesOut({ pool, blocks }: OpenPool, ip: Ip): boolean {
  return !(pool.avoidBuggyIps && isBuggy(ip)) && blocks[ip.family].some((block) => rangeContains(givenOut(block), ip))
}

/** Whether a Service may get the address without asking for it. */
export function givesUnasked(open: OpenPool, ip: Ip): boolean {
  return givesOut(open, ip) && open.unreserved[ip.family].some((range) => rangeContains(range, ip))
}

function givenOut({ range, usable }: PoolBlock): IpRange {
  return usable ?? range
}

/** The first free address of a pool that is not reserved: blocks in their order, addresses ascending. */
export function firstFree({ pool, unreserved }: OpenPool, family: Family, holdings: Holdings): Ip | undefined {
  for (const range of unreserved[family]) {
    const ip = firstFreeIn(range, pool.avoidBuggyIps, holdings)
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
