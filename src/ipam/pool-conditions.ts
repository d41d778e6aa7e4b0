import type { Condition, Mistake } from '#model/condition.ts'
import { countBuggy } from '#model/buggy-ip.ts'
import type { Pool } from '#model/pool.ts'
import { formatRange, intersect, type IpRange, mergeRanges, rangeSize } from '#model/range.ts'
import { validCondition } from '#model/valid-condition.ts'
import type { PoolConflict } from './conflicts.ts'
import { heldIn, type Holdings } from './holdings.ts'

/**
 * How many addresses a pool has; each counts once, also where blocks overlap. First and last ones that are kept back count as used, as in
 * Cilium, and so do those that policies reserve; those that MetalLB avoids are not of the pool.
 */
export interface PoolCounts {
  readonly total: bigint
  readonly used: bigint
  readonly available: bigint
}

export function countPool(pool: Pool, holdings: Holdings, reserved: readonly IpRange[] = []): PoolCounts {
  const ranges = mergeRanges(pool.blocks.map(({ range }) => range))
  const size = (range: IpRange): bigint => rangeSize(range) - (pool.avoidBuggyIps ? countBuggy(range) : 0n)
  const total = sum(ranges, size)
  const idle = sum(keptBack(pool, reserved), (range) => size(range) - heldIn(holdings, range))
  const used = sum(ranges, (range) => heldIn(holdings, range)) + idle
  return { total, used, available: total - used }
}

/** Both ends of blocks that do not give them out, and what is reserved. */
function keptBack({ blocks }: Pool, reserved: readonly IpRange[]): readonly IpRange[] {
  const ends = blocks.flatMap(({ range: { first, last }, usable }) =>
    usable === undefined
      ? []
      : [
          { first, last: first },
          { first: last, last },
        ],
  )
  const inside = blocks.flatMap(({ range }) => reserved.flatMap((other) => intersect(range, other) ?? []))
  return mergeRanges([...ends, ...inside])
}

function sum(ranges: readonly IpRange[], of: (range: IpRange) => bigint): bigint {
  return ranges.reduce((total, range) => total + of(range), 0n)
}

export interface PoolStatusInput {
  readonly generation: number
  /** Undefined for a pool that gives out nothing because of its mistakes. */
  readonly pool: Pool | undefined
  readonly mistakes: readonly Mistake[]
  readonly conflict: PoolConflict | undefined
  readonly holdings: Holdings
  /** What policies reserve in it. */
  readonly reserved: readonly IpRange[]
}

/** The conditions of a pool: type, status, reason and message of the first four are Cilium's, to the letter. */
export function poolConditions(input: PoolStatusInput): readonly Condition[] {
  const { pool, generation, holdings, mistakes } = input
  const counts = pool === undefined ? { total: 0n, used: 0n, available: 0n } : countPool(pool, holdings, input.reserved)
  return [
    conflictCondition(input.conflict, generation),
    countCondition('cilium.io/IPsTotal', counts.total, generation),
    countCondition('cilium.io/IPsAvailable', counts.available, generation),
    countCondition('cilium.io/IPsUsed', counts.used, generation),
    validCondition(mistakes, generation),
  ]
}

function conflictCondition(conflict: PoolConflict | undefined, observedGeneration: number): Condition {
  const type = 'cilium.io/PoolConflict'
  if (conflict === undefined) return { type, status: 'False', reason: 'resolved', message: '', observedGeneration }
  const { range, otherRange, otherPool } = conflict
  const message = `Pool conflicts since range '${formatRange(range)}' overlaps range '${formatRange(otherRange)}' from IP Pool '${otherPool}'`
  return { type, status: 'True', reason: 'cidr_overlap', message, observedGeneration }
}

function countCondition(type: string, count: bigint, observedGeneration: number): Condition {
  return { type, status: 'Unknown', reason: 'noreason', message: count.toString(), observedGeneration }
}
