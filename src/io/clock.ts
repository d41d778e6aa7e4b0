import type { Clock } from '#ports/clock.ts'

/** Node's own clocks. The monotonic one is CLOCK_MONOTONIC, the same that `bpf_ktime_get_ns()` reads. */
export function createClock(): Clock {
  return {
    nowMs: () => Date.now(),
    monotonicMs: () => Number(process.hrtime.bigint() / 1000n) / 1000,
    sleep: (durationMs, signal) => {
      if (signal.aborted) return Promise.reject(signal.reason)
      const { promise, resolve, reject } = Promise.withResolvers<void>()
      const onAbort = (): void => {
        clearTimeout(timer)
        reject(signal.reason)
      }
      const wake = (): void => {
        signal.removeEventListener('abort', onAbort)
        resolve()
      }
      const timer = setTimeout(wake, Math.max(0, durationMs))
      signal.addEventListener('abort', onAbort, { once: true })
      return promise
    },
  }
}
