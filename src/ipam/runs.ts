/** Held addresses of one family as maximal runs: sorted, disjoint, and with a free address between any two. Bounds are included. */
export interface Run {
  first: bigint
  last: bigint
}

/** Index of the first run that ends at or after `value`; the number of runs when there is none. O(log runs). */
export function runIndexAt(runs: readonly Run[], value: bigint): number {
  let low = 0
  let high = runs.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if ((runs[middle] as Run).last < value) low = middle + 1
    else high = middle
  }
  return low
}

/** The lowest address of `first` to `last` in no run; undefined when all are. O(log runs): a run's end is always free after it. */
export function lowestOutside(runs: readonly Run[], first: bigint, last: bigint): bigint | undefined {
  const run = runs[runIndexAt(runs, first)]
  const candidate = run !== undefined && run.first <= first ? run.last + 1n : first
  return candidate <= last ? candidate : undefined
}

/** How many addresses of `first` to `last` are in runs. O(log runs + runs in between). */
export function countInside(runs: readonly Run[], first: bigint, last: bigint): bigint {
  let count = 0n
  for (let index = runIndexAt(runs, first); index < runs.length; index++) {
    const run = runs[index] as Run
    if (run.first > last) break
    count += (run.last < last ? run.last : last) - (run.first > first ? run.first : first) + 1n
  }
  return count
}

/** Adds an address that is in no run, in place, and joins it to its neighbours. */
export function addToRuns(runs: Run[], value: bigint): void {
  const index = runIndexAt(runs, value)
  const before = runs[index - 1]
  const after = runs[index]
  const joinsBefore = before !== undefined && before.last + 1n === value
  const joinsAfter = after !== undefined && after.first - 1n === value
  if (joinsBefore && joinsAfter) {
    before.last = after.last
    runs.splice(index, 1)
  } else if (joinsBefore) before.last = value
  else if (joinsAfter) after.first = value
  else runs.splice(index, 0, { first: value, last: value })
}
