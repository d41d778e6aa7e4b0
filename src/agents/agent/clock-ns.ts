import type { Clock } from '#ports/clock.ts'

/** The monotonic clock as `bpf_ktime_get_ns()` counts it. */
export function monotonicNs(clock: Clock): bigint {
  return BigInt(Math.round(clock.monotonicMs() * 1000)) * 1000n
}

export const NS_PER_MS = 1_000_000n
