import type { Clock } from '#ports/clock.ts'
import { type Failure, toFailure } from './failure.ts'

/** Something of a process that is started and stopped. */
export interface Part {
  readonly name: string
  /** Resolves when it works; what it answers with stops it. Its work ends at the latest when the signal aborts. */
  readonly start: (signal: AbortSignal) => Promise<Stop> | Stop
}

export type Stop = () => Promise<void> | void

export interface LifecycleOptions {
  readonly clock: Clock
  /** A part that takes longer to stop is left behind, and said so. */
  readonly stopTimeoutMs: number
  readonly onStarted?: (part: string, tookMs: number) => void
  readonly onStopFailure?: (part: string, failure: Failure) => void
}

export interface Lifecycle {
  /** Stops all parts, the last started first. Calling it again waits for the same end. */
  stop(): Promise<void>
}

/** Starts parts in order. When one fails, those before it are stopped in reverse and the failure is thrown. */
export async function startLifecycle(
  parts: readonly Part[],
  options: LifecycleOptions,
  signal: AbortSignal,
): Promise<Lifecycle> {
  const started: { readonly name: string; readonly stop: Stop }[] = []
  const stopAll = async (): Promise<void> => {
    for (let part = started.pop(); part !== undefined; part = started.pop())
      await stopOne(part.name, part.stop, options)
  }
  try {
    for (const part of parts) {
      signal.throwIfAborted()
      const beganMs = options.clock.monotonicMs()
      started.push({ name: part.name, stop: await part.start(signal) })
      options.onStarted?.(part.name, options.clock.monotonicMs() - beganMs)
    }
  } catch (error) {
    await stopAll()
    throw error
  }
  let stopping: Promise<void> | undefined
  return { stop: () => (stopping ??= stopAll()) }
}

async function stopOne(name: string, stop: Stop, options: LifecycleOptions): Promise<void> {
  const limit = new AbortController()
  const tooLong = options.clock.sleep(options.stopTimeoutMs, limit.signal).then(() => {
    throw new Error(`${name} did not stop within ${options.stopTimeoutMs} ms`)
  })
  try {
    await Promise.race([Promise.resolve().then(stop), tooLong])
  } catch (error) {
    options.onStopFailure?.(name, toFailure(error))
  } finally {
    limit.abort()
  }
}
