/** Something that changes now and then, and those who wait for it. */
export interface FakeChanges {
  /** It changed. */
  tell(): void
  /** Hears from now on. Each turn is a change or several since the last. Ends when the signal aborts. */
  listen(signal: AbortSignal): AsyncIterable<void>
  /** How many listen. */
  listeners(): number
}

export function createFakeChanges(): FakeChanges {
  const listeners = new Set<() => void>()
  return {
    tell() {
      for (const hear of listeners) hear()
    },
    listen: (signal) => listen(listeners, signal),
    listeners: () => listeners.size,
  }
}

function listen(listeners: Set<() => void>, signal: AbortSignal): AsyncIterable<void> {
  let changed = false
  let wake = (): void => {}
  const tell = (): void => {
    changed = true
    wake()
  }
  const stop = (): void => {
    listeners.delete(tell)
    signal.removeEventListener('abort', stop)
    wake()
  }
  if (!signal.aborted) {
    listeners.add(tell)
    signal.addEventListener('abort', stop)
  }
  async function* iterate(): AsyncGenerator<void> {
    try {
      while (!signal.aborted) {
        if (!changed) {
          await new Promise<void>((resolve) => {
            wake = resolve
          })
        }
        if (signal.aborted) return
        changed = false
        yield
      }
    } finally {
      stop()
    }
  }
  return { [Symbol.asyncIterator]: iterate }
}
