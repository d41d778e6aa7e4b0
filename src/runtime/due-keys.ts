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
  /** Makes a look at those that are due. What one that breaks off was told is lost with it: the next is at all. */
  look<T>(present: Iterable<string>, look: (due: Due) => T): T
}

export interface DueKeysOptions {
  readonly changes: KeyChanges
  readonly clock: Clock
  /** All are looked at again at the first look after that. */
  readonly allEveryMs: number
}

const NONE: ReadonlySet<string> = new Set()

export function createDueKeys({ changes, clock, allEveryMs }: DueKeysOptions): DueKeys {
  let isAllDue = true
  let allMs = Number.NEGATIVE_INFINITY
  /** Of a look that broke off: some may be gone by now, and be told of nowhere else. */
  let lost = NONE
  return {
    allDue: () => void (isAllDue = true),
    look(present, look) {
      const nowMs = clock.monotonicMs()
      const isAll = isAllDue || nowMs - allMs >= allEveryMs
      const changed = changes.take()
      const keys = isAll ? new Set([...present, ...lost, ...changed]) : changed
      isAllDue = false
      lost = NONE
      try {
        const answer = look({ keys, isAll })
        if (isAll) allMs = nowMs
        return answer
      } catch (error) {
        isAllDue = true
        lost = keys
        throw error
      }
    },
  }
}
