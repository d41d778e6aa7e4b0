/** Something that changes now and then, and those who wait for it. */
export interface FakeChanges {
  /** It changed. */
  tell(): void
  /** Each turn is a change or several since the last. Ends when the signal aborts. */
  listen(signal: AbortSignal): AsyncIterable<void>
}

export function createFakeChanges(): FakeChanges {
  const listeners = new Set<() => void>()
  return {
    tell() {
      for (const hear of listeners) hear()
    },
    listen: (signal) => ({ [Symbol.asyncIterator]: () => iterate(listeners, signal) }),
  }
}

async function* iterate(listeners: Set<() => void>, signal: AbortSignal): AsyncGenerator<void> {
  let changed = false
  let wake = (): void => {}
  const hear = (): void => {
    changed = true
    wake()
  }
  const end = (): void => wake()
  listeners.add(hear)
  signal.addEventListener('abort', end)
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
    listeners.delete(hear)
    signal.removeEventListener('abort', end)
  }
}
