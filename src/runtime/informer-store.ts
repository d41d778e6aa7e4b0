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
  onKey: (key: string) => void = () => undefined,
): InformerStore<T> {
  let held = new Map<string, T>()
  const remove = (key: string): boolean => {
    const wasHeld = held.delete(key)
    if (wasHeld) onKey(key)
    return wasHeld
  }
  const isHeld = (key: string, value: T): boolean => {
    const before = held.get(key)
    return before !== undefined && same(before, value)
  }
  return {
    items: () => held,
    put(object) {
      const key = keyOf(object)
      const value = trim(object)
      if (value === undefined) return remove(key)
      if (isHeld(key, value)) return false
      held.set(key, value)
      onKey(key)
      return true
    },
    remove: (object) => remove(keyOf(object)),
    refill() {
      const next = new Map<string, T>()
      const changed = new Set<string>()
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
          changed.add(key)
        },
        finish() {
          for (const key of held.keys()) if (!next.has(key)) changed.add(key)
          held = next
          for (const key of changed) onKey(key)
          return changed.size > 0
        },
      }
    },
  }
}
