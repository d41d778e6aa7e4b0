import { setTimeout as sleep } from 'node:timers/promises'
import { LabError } from '#lab/state/lab-error.ts'

export interface WaitOptions {
  /** What is waited for, as in "waited 20 s for <what>". */
  readonly what: string
  readonly boundMs: number
  readonly everyMs?: number
  readonly signal?: AbortSignal | undefined
}

/** Asks until there is an answer other than undefined or false; past the bound it is an error that says what was waited for. */
export async function waitFor<T>(
  ask: () => Promise<T | undefined | false> | T | undefined | false,
  { what, boundMs, everyMs = 50, signal }: WaitOptions,
): Promise<T> {
  const startedMs = performance.now()
  for (;;) {
    const answer = await ask()
    if (answer !== undefined && answer !== false) return answer
    if (performance.now() - startedMs > boundMs) throw new LabError(`Waited ${boundMs / 1000} s for ${what}, in vain`)
    await sleep(everyMs, undefined, { signal })
  }
}
