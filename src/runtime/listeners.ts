/** A level-triggered bell: it says look again, never what happened. */
export interface Listeners {
  /** Returns the way to take the listener away again. */
  add(listener: () => void): () => void
  notify(): void
}

export function createListeners(): Listeners {
  const listeners = new Set<() => void>()
  return {
    add(listener) {
      const entry = (): void => listener()
      listeners.add(entry)
      return () => void listeners.delete(entry)
    },
    notify() {
      for (const listener of listeners) listener()
    },
  }
}
