import type { EventText } from '#agents/event-recorder.ts'

/** What Events have told of objects, so that each is told once per change. */
export interface Told {
  /** Those of `events` that were not told when this was last asked for the object. */
  news<E extends EventText>(key: string, events: readonly E[]): readonly E[]
  /** Whether it was ever asked for the object. */
  knows(key: string): boolean
  /** Forgets an object that is gone. */
  forget(key: string): void
  /** Forgets all objects that are gone. */
  retain(isThere: (key: string) => boolean): void
}

const NONE: ReadonlySet<string> = new Set()

export function createTold(): Told {
  const told = new Map<string, ReadonlySet<string>>()
  return {
    news(key, events) {
      const before = told.get(key) ?? NONE
      told.set(key, events.length === 0 ? NONE : new Set(events.map(textOf)))
      return events.filter((event) => !before.has(textOf(event)))
    },
    knows: (key) => told.has(key),
    forget: (key) => void told.delete(key),
    retain(isThere) {
      for (const key of told.keys()) if (!isThere(key)) told.delete(key)
    },
  }
}

function textOf({ reason, message }: EventText): string {
  return `${reason} ${message}`
}
