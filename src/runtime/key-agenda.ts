import { createAgenda } from './agenda.ts'

/** When to look at each key again although nothing happens. Of several times for one key the first counts. */
export interface KeyAgenda {
  add(dueMs: number, key: string): void
  takeDue(nowMs: number): ReadonlySet<string>
  /** Nothing is due before; undefined when nothing ever is. */
  nextMs(): number | undefined
}

export function createKeyAgenda(): KeyAgenda {
  const agenda = createAgenda<string>()
  /** An entry of the agenda with another time than this was overtaken by an earlier one. */
  const dueMsByKey = new Map<string, number>()
  return {
    add(dueMs, key) {
      const knownMs = dueMsByKey.get(key)
      if (knownMs !== undefined && knownMs <= dueMs) return
      dueMsByKey.set(key, dueMs)
      agenda.add(dueMs, key)
    },
    takeDue(nowMs) {
      const due = new Set<string>()
      for (const key of agenda.takeDue(nowMs)) {
        const dueMs = dueMsByKey.get(key)
        if (dueMs === undefined || dueMs > nowMs) continue
        dueMsByKey.delete(key)
        due.add(key)
      }
      return due
    },
    nextMs: () => agenda.nextMs(),
  }
}
