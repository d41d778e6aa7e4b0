import type { Clock } from '#ports/clock.ts'
import { toFailure } from '#runtime/failure.ts'

export interface FollowOptions {
  /** Begins to listen; called again after a failure. */
  readonly changes: (signal: AbortSignal) => AsyncIterable<void>
  readonly onChange: () => void
  /** Called at each failure that differs from the one before it. */
  readonly onFailure: (message: string) => void
  readonly clock: Clock
  /** Waited before listening again. */
  readonly retryMs: number
}

/** Calls back for every change until the signal aborts. What cannot be listened to is tried again. */
export async function follow(options: FollowOptions, signal: AbortSignal): Promise<void> {
  const { changes, onChange, onFailure, clock, retryMs } = options
  let told = ''
  while (!signal.aborted) {
    try {
      const heard = changes(signal)[Symbol.asyncIterator]()
      while ((await heard.next()).done !== true) {
        told = ''
        onChange()
      }
    } catch (error) {
      if (signal.aborted) return
      const { message } = toFailure(error)
      if (message !== told) onFailure(message)
      told = message
    }
    await clock.sleep(retryMs, signal).catch(() => undefined) // aborted: the loop ends
  }
}
