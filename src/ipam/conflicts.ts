import { compareIp } from '#model/ip.ts'
import { type Pool, type PoolBlock, poolKey } from '#model/pool.ts'
import { type IpRange, rangesOverlap } from '#model/range.ts'

/** Why a pool gives out nothing: one of its ranges overlaps one of an older pool, or another of its own. */
export interface PoolConflict {
  readonly range: IpRange
  readonly otherRange: IpRange
  /** The pool itself when two of its own blocks overlap. */
  readonly otherPool: string
}

/** Oldest first; of two made in the same second, by name. The later one is at fault. */
export function comparePoolAge(a: Pool, b: Pool): number {
  return a.creationTimestampMs - b.creationTimestampMs || compareText(poolKey(a), poolKey(b))
}

/** By UTF-16 code units: the same on every machine. */
export function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}

interface RankedBlock {
  readonly pool: Pool
  /** Place of the pool by age. */
  readonly rank: number
  readonly index: number
  readonly block: PoolBlock
}

/**
 * The pools at fault, by `poolKey`. As in Cilium a pool is at fault also when the older one is disabled or at fault itself. Of several
 * overlaps the one of its first block with the oldest pool is told. O(n log n + overlaps).
 */
export function findConflicts(pools: readonly Pool[]): ReadonlyMap<string, PoolConflict> {
  const blocks = pools.toSorted(comparePoolAge).flatMap(rankBlocks)
  const worst = new Map<string, readonly [RankedBlock, RankedBlock]>()
  for (const [a, b] of overlappingPairs(blocks)) {
    const [later, earlier] = compareRank(a, b) > 0 ? [a, b] : [b, a]
    const known = worst.get(poolKey(later.pool))
    const isWorse = known === undefined || (compareRank(later, known[0]) || compareRank(earlier, known[1])) < 0
    if (isWorse) worst.set(poolKey(later.pool), [later, earlier])
  }
  return new Map(Array.from(worst, ([name, [later, earlier]]) => [name, conflictOf(later, earlier)]))
}

function rankBlocks(pool: Pool, rank: number): readonly RankedBlock[] {
  return pool.blocks.map((block, index) => ({ pool, rank, index, block }))
}

function compareRank(a: RankedBlock, b: RankedBlock): number {
  return a.rank - b.rank || a.index - b.index
}

function conflictOf(later: RankedBlock, earlier: RankedBlock): PoolConflict {
  return { range: later.block.range, otherRange: earlier.block.range, otherPool: poolKey(earlier.pool) }
}

/** A sweep over the blocks by their first address; `open` are those that reach as far as the current one. */
function* overlappingPairs(blocks: readonly RankedBlock[]): Generator<readonly [RankedBlock, RankedBlock]> {
  let open: RankedBlock[] = []
  for (const current of blocks.toSorted((a, b) => compareIp(a.block.range.first, b.block.range.first))) {
    open = open.filter((other) => rangesOverlap(other.block.range, current.block.range))
    for (const other of open) yield [other, current]
    open.push(current)
  }
}
