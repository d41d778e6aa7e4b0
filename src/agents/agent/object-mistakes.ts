import type { Decoded } from '#crd/place.ts'
import { formatMistake, type Mistake } from '#model/condition.ts'
import type { KubeResource } from '#ports/kube-api.ts'
import type { Informer } from '#runtime/informer.ts'

/** An object as it is held, with what in it could not be used and was left out. */
export type Read<T> = T & { readonly mistakes: readonly Mistake[] }

/** `text`: all that is wrong in an object, as a sentence that names it. */
export interface ObjectMistakes {
  readonly text: string
}

/** The same one for all objects that are in order, which are nearly all. */
const NONE: readonly Mistake[] = []

export function readObject<T extends object>({ value, mistakes }: Decoded<T>): Read<T> | undefined {
  return value === undefined ? undefined : { ...value, mistakes: mistakes.length === 0 ? NONE : mistakes }
}

/** What is wrong in the objects of these kinds, by key; looked for anew after a change, when it is asked for. */
export function followMistakes(
  kinds: readonly (readonly [KubeResource, Informer<{ readonly mistakes: readonly Mistake[] }>])[],
): () => readonly ObjectMistakes[] {
  const each = kinds.map(([resource, informer]) => {
    let found: readonly ObjectMistakes[] | undefined
    informer.onChange(() => {
      found = undefined
    })
    return () => (found ??= mistakesIn(resource, informer.items()))
  })
  return () => each.flatMap((find) => find())
}

function mistakesIn(
  { kind }: KubeResource,
  items: ReadonlyMap<string, { readonly mistakes: readonly Mistake[] }>,
): readonly ObjectMistakes[] {
  return [...items]
    .filter(([, { mistakes }]) => mistakes.length > 0)
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, { mistakes }]) => ({ text: `${kind} ${key}: ${mistakes.map(formatMistake).join('; ')}` }))
}
