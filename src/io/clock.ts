import { setTimeout as wait } from 'node:timers/promises'
import type { Clock } from '#ports/clock.ts'

/** Node's own clocks. The monotonic one is CLOCK_MONOTONIC, the same that `bpf_ktime_get_ns()` reads. */
export function createClock(): Clock {
  return {
    nowMs: () => Date.now(),
    monotonicMs: () => Number(process.hrtime.bigint() / 1000n) / 1000,
    sleep: async (durationMs, signal) => {
      signal.throwIfAborted()
      try {
        await wait(Math.max(0, durationMs), undefined, { signal })
      } catch (cause) {
        signal.throwIfAborted() // node's own AbortError hides the reason
        throw cause
      }
    },
  }
}
