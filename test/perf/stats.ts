/** The middle value; the mean of the two middle ones for an even count. `values` must not be empty. */
export function median(values: readonly number[]): number {
  return percentile(values, 0.5)
}

/** Linear interpolation between the closest ranks; `p` from 0 to 1. `values` must not be empty. */
export function percentile(values: readonly number[], p: number): number {
  if (values.length === 0) throw new Error('No value to take a percentile of')
  const sorted = values.toSorted((a, b) => a - b)
  const rank = p * (sorted.length - 1)
  const low = sorted[Math.floor(rank)] ?? Number.NaN
  const high = sorted[Math.ceil(rank)] ?? Number.NaN
  return low + (high - low) * (rank - Math.floor(rank))
}

export interface Spread {
  readonly median: number
  readonly min: number
  readonly max: number
}

export function spread(values: readonly number[]): Spread {
  return { median: median(values), min: Math.min(...values), max: Math.max(...values) }
}

/** Ratios run by run, so that a drift of the machine's speed cancels out: `a[i] / b[i]`. */
export function pairedRatio(a: readonly number[], b: readonly number[]): Spread {
  if (a.length !== b.length) throw new Error(`Runs must come in pairs, not ${a.length} and ${b.length}`)
  return spread(a.map((value, index) => value / (b[index] ?? Number.NaN)))
}
