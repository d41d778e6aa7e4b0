import { isDeepStrictEqual } from 'node:util'
import type { KubeObject } from '#ports/kube-api.ts'

/** What an informer holds of its objects, by `namespace/name`. */
export interface InformerStore<T> {
  items(): ReadonlyMap<string, T>
  /** True when what is held changed. */
  put(object: KubeObject): boolean
  remove(object: KubeObject): boolean
  /** Takes a full list in pieces; what is held changes only when it is complete. */
  refill(): Refill
}

export interface Refill {
  add(object: KubeObject): void
  /** True when what is held changed. */
  finish(): boolean
}

/** `namespace/name`, or `name` where there is no namespace. */
export function keyOf(object: KubeObject): string {
  const { namespace, name } = object.metadata
  return namespace === undefined || namespace === '' ? name : `${namespace}/${name}`
}

export function createInformerStore<T>(
  trim: (object: KubeObject) => T | undefined,
  same: (a: T, b: T) => boolean = isDeepStrictEqual,
): InformerStore<T> {
  let held = new Map<string, T>()
  const isHeld = (key: string, value: T): boolean => {
    const before = held.get(key)
    return before !== undefined && same(before, value)
  }
  return {
    items: () => held,
    put(object) {
      const key = keyOf(object)
      const value = trim(object)
      if (value === undefined) return held.delete(key)
      if (isHeld(key, value)) return false
      held.set(key, value)
      return true
    },
    remove: (object) => held.delete(keyOf(object)),
    refill() {
      const next = new Map<string, T>()
      let changed = false
      return {
        add(object) {
          const key = keyOf(object)
          const value = trim(object)
          if (value === undefined) return
          const before = held.get(key)
          if (before !== undefined && same(before, value)) {
            next.set(key, before)
            return
          }
          next.set(key, value)
          changed = true
        },
        finish() {
          if (next.size !== held.size) changed = true
          held = next
          return changed
        },
      }
    },
  }
}
