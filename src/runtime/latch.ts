/** Wakes one waiter; set while nobody waits, it is remembered. Setting it many times is setting it once. */
export interface Latch {
  set(): void
  clear(): void
  /** Resolves when set, and clears; rejects with the signal's reason. One waiter at a time. */
  wait(signal: AbortSignal): Promise<void>
}

export function createLatch(): Latch {
  let isSet = false
  let wake: (() => void) | undefined
  return {
    set() {
      isSet = true
      wake?.()
    },
    clear() {
      isSet = false
    },
    async wait(signal) {
      signal.throwIfAborted()
      if (!isSet) {
        const { promise, resolve, reject } = Promise.withResolvers<void>()
        const onAbort = (): void => reject(signal.reason)
        wake = resolve
        signal.addEventListener('abort', onAbort, { once: true })
        try {
          await promise
        } finally {
          if (wake === resolve) wake = undefined
          signal.removeEventListener('abort', onAbort)
        }
      }
      isSet = false
    },
  }
}
