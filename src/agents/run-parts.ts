import { createClock } from '#io/clock.ts'
import { preferSmallHeap } from '#io/small-heap.ts'
import type { Log } from '#ports/log.ts'
import { type Part, startLifecycle } from '#runtime/lifecycle.ts'

/** Well within the 30 s that a kubelet gives a pod to end. */
const STOP_TIMEOUT_MS = 8_000

/**
 * Starts the parts of a process in order and stops them in reverse on SIGTERM or SIGINT, also when one of them fails to start. A part
 * that does not stop in time is left behind and named in the log.
 */
export async function runParts(parts: readonly Part[], log: Log): Promise<void> {
  preferSmallHeap()
  const asked = untilAsked()
  const onStopFailure = (part: string, { message }: { readonly message: string }): void =>
    log.warn('Part did not stop as it should', { part, error: message })
  const options = { clock: createClock(), stopTimeoutMs: STOP_TIMEOUT_MS, onStopFailure }
  const lifecycle = await startLifecycle(parts, options, new AbortController().signal)
  const signal = await asked
  log.info('Ends as asked; what is in the kernel and in the API stays', { signal })
  await lifecycle.stop()
}

function untilAsked(): Promise<NodeJS.Signals> {
  const { promise, resolve } = Promise.withResolvers<NodeJS.Signals>()
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => resolve(signal))
  return promise
}
