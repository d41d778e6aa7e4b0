/** Numbers for names: those that the kernel's maps have already, and new ones. */
export interface IdTable {
  /** The id of a name; a new one where it has none. */
  idOf(name: string): number
  /** The id of a name; undefined where it has none. */
  knownId(name: string): number | undefined
  /** Gives an id up. It is not given to another name before all others were. */
  release(id: number): void
}

/**
 * Ids that a restart leaves free above the greatest in use: what was deleted shortly before may still be named by tracked connections, which
 * must not end at a newcomer.
 */
export const RESTART_GAP = 256

const MAX_ID = 0xffff_ffff

/** Ids are 1 to 2^32-1. `taken` are those in the maps; of two names with one id the first keeps it. */
export function createIdTable(taken: Iterable<readonly [name: string, id: number]>): IdTable {
  const ids = new Map<string, number>()
  const used = new Map<number, string>()
  let next = 1
  for (const [name, id] of taken) {
    next = Math.max(next, id + 1 + RESTART_GAP)
    if (id === 0 || used.has(id) || ids.has(name)) continue
    ids.set(name, id)
    used.set(id, name)
  }
  const free = (): number => {
    for (;;) {
      if (next > MAX_ID) next = 1
      const id = next
      next += 1
      if (!used.has(id)) return id
    }
  }
  return {
    idOf: (name) => {
      const known = ids.get(name)
      if (known !== undefined) return known
      const id = free()
      ids.set(name, id)
      used.set(id, name)
      return id
    },
    knownId: (name) => ids.get(name),
    release: (id) => {
      const name = used.get(id)
      if (name === undefined) return
      ids.delete(name)
      used.delete(id)
    },
  }
}
