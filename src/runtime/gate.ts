/** Open until held; whoever comes while it is held waits until it is not. */
export interface Gate {
  hold(isHeld: boolean): void
  isHeld(): boolean
  /** Resolves at once when open; rejects with the signal's reason. */
  passed(signal: AbortSignal): Promise<void>
}

export function createGate(): Gate {
  let waiters = new Set<() => void>()
  let held = false
  return {
    hold(isHeld) {
      held = isHeld
      if (held) return
      const woken = waiters
      waiters = new Set()
      for (const wake of woken) wake()
    },
    isHeld: () => held,
    async passed(signal) {
      signal.throwIfAborted()
      while (held) {
        const { promise, resolve, reject } = Promise.withResolvers<void>()
        const onAbort = (): void => reject(signal.reason)
        waiters.add(resolve)
        signal.addEventListener('abort', onAbort, { once: true })
        try {
          await promise
        } finally {
          waiters.delete(resolve)
          signal.removeEventListener('abort', onAbort)
        }
      }
    },
  }
}
