import { after, atOrBefore, createOrdered, drop, type Ordered, put } from './ordered.ts'

/** Held addresses of one family as maximal runs: sorted, disjoint, and with a free address between any two. Bounds are included. */
export interface Run {
  readonly first: bigint
  last: bigint
}

/** By the first address. */
export type Runs = Ordered<bigint, Run>

export function createRuns(): Runs {
  return createOrdered((a, b) => (a < b ? -1 : a > b ? 1 : 0))
}

/** The run that an address is in. */
function runAt(runs: Runs, value: bigint): Run | undefined {
  const run = atOrBefore(runs, value)?.value
  return run !== undefined && value <= run.last ? run : undefined
}

/** The lowest address of `first` to `last` in no run; undefined when all are. O(log runs): a run's end is always free after it. */
export function lowestOutside(runs: Runs, first: bigint, last: bigint): bigint | undefined {
  const run = runAt(runs, first)
  const candidate = run === undefined ? first : run.last + 1n
  return candidate <= last ? candidate : undefined
}

/** The parts of runs in `first` to `last`, ascending. */
export function* runsInside(runs: Runs, first: bigint, last: bigint): Generator<Run> {
  for (
    let run = runAt(runs, first) ?? after(runs, first)?.value;
    run !== undefined && run.first <= last;
    run = after(runs, run.first)?.value
  ) {
    yield { first: run.first > first ? run.first : first, last: run.last < last ? run.last : last }
  }
}

/** How many addresses of `first` to `last` are in runs. O(log runs) for each run in between. */
export function countInside(runs: Runs, first: bigint, last: bigint): bigint {
  let count = 0n
  for (const run of runsInside(runs, first, last)) count += run.last - run.first + 1n
  return count
}

/** Adds an address that is in no run, and joins it to its neighbours. */
export function addToRuns(runs: Runs, value: bigint): void {
  const before = runAt(runs, value - 1n)
  const behind = runAt(runs, value + 1n)
  if (behind !== undefined) drop(runs, behind.first)
  const last = behind?.last ?? value
  if (before === undefined) put(runs, value, { first: value, last })
  else before.last = last
}

/** Removes an address that is in a run: what was on both sides of it becomes runs of their own. */
export function removeFromRuns(runs: Runs, value: bigint): void {
  const run = runAt(runs, value)
  if (run === undefined) return
  const { first, last } = run
  if (first === value) drop(runs, first)
  else run.last = value - 1n
  if (value < last) put(runs, value + 1n, { first: value + 1n, last })
}
