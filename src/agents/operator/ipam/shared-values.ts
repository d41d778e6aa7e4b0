/** Plain values of which many are equal, each held once. */
export interface SharedValues {
  /** An equal value that was given before, or this one. Of JSON, and not to be changed by anybody. */
  of<T>(value: T): T
}

/** More different ones are not held: what is rarely equal need not be shared, and its texts would cost more than it. */
const MOST = 1_000

export function createSharedValues(): SharedValues {
  const values = new Map<string, unknown>()
  return {
    of<T>(value: T): T {
      const text = JSON.stringify(value)
      const known = values.get(text)
      if (known !== undefined) return known as T
      if (values.size >= MOST) values.clear()
      values.set(text, value)
      return value
    },
  }
}
