/**
 * An abort signal that also ends when its parent does. `AbortSignal.any` does that too, but leaves its link to a long-lived parent to the
 * garbage collector; here the link goes with `end()`.
 */
export interface Scope {
  readonly signal: AbortSignal
  /** Aborts the signal and lets go of the parent. */
  end(reason?: unknown): void
}

/** Why a scope has ended when nobody says; made once, for an error with its stack costs more than all else here. */
const ENDED = new Error('The scope has ended')

export function createScope(parent: AbortSignal): Scope {
  const controller = new AbortController()
  const onParent = (): void => controller.abort(parent.reason)
  if (parent.aborted) onParent()
  else parent.addEventListener('abort', onParent, { once: true })
  return {
    signal: controller.signal,
    end(reason = ENDED) {
      parent.removeEventListener('abort', onParent)
      controller.abort(reason)
    },
  }
}
