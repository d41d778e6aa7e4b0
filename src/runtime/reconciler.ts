import type { Clock } from '#ports/clock.ts'
import { type BackoffPolicy, backoffMs, DEFAULT_BACKOFF } from './backoff.ts'
import { type Failure, toFailure } from './failure.ts'
import { createLatch, type Latch } from './latch.ts'
import { createScope } from './scope.ts'

/** `runAgainInMs`: look again at that time even if nobody asks (a deadline in the state). */
export type ReconcileAnswer = undefined | { readonly runAgainInMs: number | undefined }

export interface ReconcilerOptions {
  /** Looks at the whole state and brings it about. Throws when the world fails; it is then tried again. */
  readonly reconcile: (signal: AbortSignal) => Promise<ReconcileAnswer | void> | ReconcileAnswer | void
  /** It runs at least that often, unasked. Never when unset. */
  readonly resyncMs?: number
  /** Waited before each run, so that a burst of pokes is one run. */
  readonly settleMs?: number
  readonly backoff?: BackoffPolicy
  readonly clock: Clock
  readonly random: () => number
  /** Called at each failure, for the log. */
  readonly onFailure?: (failure: Failure, failuresInARow: number) => void
}

export interface ReconcilerStatus {
  readonly runs: number
  readonly failuresInARow: number
  readonly lastFailure: Failure | undefined
  /** By the monotonic clock. */
  readonly lastSuccessMs: number | undefined
}

export interface Reconciler {
  /** Look again. Any number of calls before the next run are one run. */
  poke(): void
  status(): ReconcilerStatus
  /** Waits for a run that is under way. Rejects when the loop broke by a mistake of our own. */
  close(): Promise<void>
}

/** A loop that runs when poked, one run at a time. The first run waits for the first poke. */
export function createReconciler(options: ReconcilerOptions, signal: AbortSignal): Reconciler {
  const scope = createScope(signal)
  const latch = createLatch()
  const state: State = { runs: 0, failuresInARow: 0, lastFailure: undefined, lastSuccessMs: undefined }
  const loop = run(options, latch, state, scope.signal)
  return {
    poke: () => latch.set(),
    status: () => ({ ...state }),
    async close() {
      scope.end()
      await loop
    },
  }
}

type State = { -readonly [K in keyof ReconcilerStatus]: ReconcilerStatus[K] }

/** `restMs`: not before, poked or not. `dueMs`: then, even if not poked. */
interface Pause {
  readonly restMs: number
  readonly dueMs: number | undefined
}

async function run(options: ReconcilerOptions, latch: Latch, state: State, signal: AbortSignal): Promise<void> {
  let pause: Pause = { restMs: 0, dueMs: options.resyncMs }
  try {
    for (;;) {
      await untilDue(options, latch, pause, signal)
      pause = await runOnce(options, state, signal)
    }
  } catch (error) {
    if (!signal.aborted) throw error
  }
}

async function untilDue(options: ReconcilerOptions, latch: Latch, pause: Pause, signal: AbortSignal): Promise<void> {
  const { clock, settleMs = 0 } = options
  if (pause.restMs > 0) await clock.sleep(pause.restMs, signal)
  const waiting = createScope(signal)
  try {
    const timer = pause.dueMs === undefined ? [] : [clock.sleep(pause.dueMs - pause.restMs, waiting.signal)]
    await Promise.race([latch.wait(waiting.signal), ...timer])
  } finally {
    waiting.end()
  }
  if (settleMs > 0) await clock.sleep(settleMs, signal)
  latch.clear()
}

async function runOnce(options: ReconcilerOptions, state: State, signal: AbortSignal): Promise<Pause> {
  signal.throwIfAborted()
  state.runs += 1
  try {
    const answer = await options.reconcile(signal)
    state.failuresInARow = 0
    state.lastFailure = undefined
    state.lastSuccessMs = options.clock.monotonicMs()
    return { restMs: 0, dueMs: earliest((answer ?? undefined)?.runAgainInMs, options.resyncMs) }
  } catch (error) {
    if (signal.aborted) throw error
    return pauseAfter(toFailure(error), options, state)
  }
}

/** A poke may shorten the backoff to its first step (what failed may have been mended), never below what the other side asked for. */
function pauseAfter(failure: Failure, options: ReconcilerOptions, state: State): Pause {
  state.failuresInARow += 1
  state.lastFailure = failure
  options.onFailure?.(failure, state.failuresInARow)
  const policy = options.backoff ?? DEFAULT_BACKOFF
  const random = options.random()
  const askedMs = failure.retryAfterMs ?? 0
  return {
    restMs: Math.max(askedMs, backoffMs(policy, 1, random)),
    dueMs: Math.max(askedMs, backoffMs(policy, state.failuresInARow, random)),
  }
}

function earliest(a: number | undefined, b: number | undefined): number | undefined {
  if (a === undefined) return b
  return b === undefined ? a : Math.min(a, b)
}
