/** Which objects to look at again: still level-triggered, an object is looked at as it is by then, however often it has changed. */
export interface KeyChanges {
  /** Keys of objects that came, changed or went since this was last asked; at first those of all that there are. */
  take(): ReadonlySet<string>
}

/** Hands each change to everybody who follows. Its size is that of the objects at most: a key counts once. */
export interface KeyChangeBoard {
  note(key: string): void
  /** `present` are the keys to begin with. */
  follow(present: Iterable<string>): KeyChanges
}

export function createKeyChangeBoard(): KeyChangeBoard {
  const followers: { changed: Set<string> }[] = []
  return {
    note(key) {
      for (const follower of followers) follower.changed.add(key)
    },
    follow(present) {
      const follower = { changed: new Set(present) }
      followers.push(follower)
      return {
        take() {
          const { changed } = follower
          follower.changed = new Set()
          return changed
        },
      }
    },
  }
}
