import type { Clock } from './clock.ts'

interface Sleeper {
  readonly untilMs: number
  readonly wake: () => void
}

export interface FakeClockOptions {
  /** Wall clock at the start, milliseconds since 1970. */
  readonly nowMs?: number
  readonly monotonicMs?: number
}

/** A clock that stands still until a test moves it. */
export interface FakeClock extends Clock {
  /** Moves both clocks on, waking every sleeper at its own time and in order. Resolves when what they woke has come to rest. */
  advance(durationMs: number): Promise<void>
  /** Moves the wall clock alone, as NTP does. */
  jump(durationMs: number): void
  /** How many sleep now. */
  sleepers(): number
  /** When the next one wakes, on the monotonic clock. */
  nextWakeMs(): number | undefined
}

/** Lets everything run that waits for promises and immediates alone. */
export async function settle(): Promise<void> {
  for (let round = 0; round < 5; round++) await new Promise<void>((resolve) => setImmediate(resolve))
}

export function createFakeClock(options: FakeClockOptions = {}): FakeClock {
  let wallMs = options.nowMs ?? Date.UTC(2026, 0, 1)
  let monotonicMs = options.monotonicMs ?? 1_000_000
  const sleepers = new Set<Sleeper>()

  const next = (): Sleeper | undefined => {
    let first: Sleeper | undefined
    for (const sleeper of sleepers) if (first === undefined || sleeper.untilMs < first.untilMs) first = sleeper
    return first
  }
  const moveTo = (targetMs: number): void => {
    wallMs += targetMs - monotonicMs
    monotonicMs = targetMs
  }

  return {
    nowMs: () => wallMs,
    monotonicMs: () => monotonicMs,
    sleepers: () => sleepers.size,
    nextWakeMs: () => next()?.untilMs,
    jump: (durationMs) => {
      wallMs += durationMs
    },
    sleep: (durationMs, signal) =>
      new Promise<void>((resolve, reject) => {
        if (signal.aborted) return reject(signal.reason)
        const onAbort = (): void => {
          sleepers.delete(sleeper)
          reject(signal.reason)
        }
        const wake = (): void => {
          signal.removeEventListener('abort', onAbort)
          resolve()
        }
        const sleeper: Sleeper = { untilMs: monotonicMs + Math.max(0, durationMs), wake }
        sleepers.add(sleeper)
        signal.addEventListener('abort', onAbort, { once: true })
      }),
    async advance(durationMs) {
      const targetMs = monotonicMs + durationMs
      await settle()
      for (let due = next(); due !== undefined && due.untilMs <= targetMs; due = next()) {
        moveTo(Math.max(monotonicMs, due.untilMs))
        sleepers.delete(due)
        due.wake()
        await settle()
      }
      moveTo(targetMs)
    },
  }
}
