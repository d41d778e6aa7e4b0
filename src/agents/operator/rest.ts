import type { Clock } from '#ports/clock.ts'

/** A look that is over sooner is not worth a rest. */
const SHORT_MS = 5
/** So many times as long as it worked: a tenth of the time is what a loop may take. */
const REST = 9

/** Looks, then rests: what nobody waits for must not take the time in a burst of those that somebody waits for. */
export async function lookAndRest<T>(look: () => T, clock: Clock, signal: AbortSignal): Promise<T> {
  const beganMs = clock.monotonicMs()
  const answer = look()
  const tookMs = clock.monotonicMs() - beganMs
  if (tookMs > SHORT_MS) await clock.sleep(tookMs * REST, signal)
  return answer
}
