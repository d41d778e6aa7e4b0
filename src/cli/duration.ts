const UNITS: readonly (readonly [unit: string, ms: number])[] = [
  ['d', 86_400_000],
  ['h', 3_600_000],
  ['m', 60_000],
  ['s', 1000],
]

/** The two greatest units, as kubectl writes ages: `3m12s`, `2d4h`, `0s`. A negative duration is one of clocks that differ: `0s`. */
export function formatDuration(durationMs: number): string {
  const first = UNITS.findIndex(([, ms]) => durationMs >= ms)
  if (first < 0) return '0s'
  let rest = durationMs
  let text = ''
  for (const [unit, ms] of UNITS.slice(first, first + 2)) {
    const count = Math.floor(rest / ms)
    rest -= count * ms
    if (count > 0) text += `${count}${unit}`
  }
  return text
}

/** `12s ago`; `never` for null. */
export function formatAgo(time: string | null, nowMs: number): string {
  return time === null ? 'never' : `${formatDuration(nowMs - Date.parse(time))} ago`
}
