import type { Clock } from '#ports/clock.ts'
import type { KeyChanges } from './key-changes.ts'

/** What one look is at. */
export interface Due {
  /** Also keys of objects that are gone. */
  readonly keys: ReadonlySet<string>
  /** All that there are are among them. */
  readonly isAll: boolean
}

/**
 * Which objects a loop looks at: those that changed, so that a change costs what it concerns; and all of them at first, when something changed
 * that concerns everybody, and when that was long ago.
 */
export interface DueKeys {
  /** Something has changed that concerns everybody: the next look is at all. */
  allDue(): void
  /** Something has changed that concerns these: the next look is at them, too. */
  alsoDue(keys: Iterable<string>): void
  /** Makes a look at those that are due. What one that breaks off was told is lost with it: the next is at all. */
  look<T>(present: Iterable<string>, look: (due: Due) => T): T
}

export interface DueKeysOptions {
  readonly changes: KeyChanges
  readonly clock: Clock
  /** All are looked at again at the first look after that. */
  readonly allEveryMs: number
}

export function createDueKeys({ changes, clock, allEveryMs }: DueKeysOptions): DueKeys {
  let isAllDue = true
  let allMs = Number.NEGATIVE_INFINITY
  let others = new Set<string>()
  return {
    allDue: () => void (isAllDue = true),
    alsoDue(keys) {
      for (const key of keys) others.add(key)
    },
    look(present, look) {
      const nowMs = clock.monotonicMs()
      const isAll = isAllDue || nowMs - allMs >= allEveryMs
      const keys = new Set([...(isAll ? present : []), ...others, ...changes.take()])
      isAllDue = false
      others = new Set()
      try {
        const answer = look({ keys, isAll })
        if (isAll) allMs = nowMs
        return answer
      } catch (error) {
        isAllDue = true
        // Some may be gone by now, and are told of nowhere else.
        for (const key of keys) others.add(key)
        throw error
      }
    },
  }
}
