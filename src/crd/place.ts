import type { Mistake } from '#model/condition.ts'

/** What a decoder answers: the value if enough of the object is usable, and every mistake in it. Both may be there. */
export interface Decoded<T> {
  readonly value: T | undefined
  readonly mistakes: readonly Mistake[]
}

/**
 * A place in an object that somebody wrote: the value there and the way to it. Readers note a mistake and go on with a fallback, so
 * that one pass finds all mistakes. Absent and null are the same, as in Kubernetes.
 */
export interface Place {
  readonly value: unknown
  readonly mistakes: Mistake[]
  readonly parent: Place | undefined
  readonly key: string | number
}

export function rootPlace(value: unknown): Place {
  return { value, mistakes: [], parent: undefined, key: '' }
}

/** The field `key` of an object. Of something that is no object every field is absent; `readObject` says that once. */
export function field(place: Place, key: string): Place {
  const { value } = place
  const inner = isObject(value) && Object.hasOwn(value, key) ? value[key] : undefined
  return { value: inner, mistakes: place.mistakes, parent: place, key }
}

export function isAbsent(place: Place): boolean {
  return place.value === undefined || place.value === null
}

/** `spec.blocks[0].start` */
export function pathOf(place: Place): string {
  if (place.parent === undefined) return ''
  const parent = pathOf(place.parent)
  if (typeof place.key === 'number') return `${parent}[${place.key}]`
  if (!/^[A-Za-z_]\w*$/.test(place.key)) return `${parent}[${JSON.stringify(place.key)}]`
  return parent === '' ? place.key : `${parent}.${place.key}`
}

/** Notes a mistake about this place. */
export function note(place: Place, problem: string, remedy: string): void {
  place.mistakes.push({ path: pathOf(place), value: shorten(place.value), problem, remedy })
}

const LONGEST_VALUE = 80

/** What somebody wrote, as it is told in a message. */
export function shorten(value: unknown): string {
  if (value === undefined || value === null) return ''
  const text = typeof value === 'string' ? value : (JSON.stringify(value) ?? '')
  return text.length <= LONGEST_VALUE ? text : `${text.slice(0, LONGEST_VALUE)}...`
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** Notes a mistake when something other than an object is there. */
export function expectObject(place: Place): boolean {
  if (isAbsent(place)) return false
  if (isObject(place.value)) return true
  note(place, 'is not an object', 'write fields here')
  return false
}

export function readText(place: Place, fallback = ''): string {
  if (typeof place.value === 'string') return place.value
  if (!isAbsent(place)) note(place, 'is not a text', 'put it in quotes')
  return fallback
}

export function readInteger(place: Place, fallback: number): number {
  if (typeof place.value === 'number' && Number.isSafeInteger(place.value)) return place.value
  if (!isAbsent(place)) note(place, 'is not a whole number', 'write a whole number without quotes')
  return fallback
}

export function readFlag(place: Place, fallback: boolean): boolean {
  if (typeof place.value === 'boolean') return place.value
  if (!isAbsent(place)) note(place, 'is neither true nor false', 'write true or false without quotes')
  return fallback
}

export function readOneOf<T extends string>(place: Place, options: readonly T[], fallback: T): T {
  const found = options.find((option) => option === place.value)
  if (found !== undefined) return found
  if (!isAbsent(place)) note(place, 'is not a value of this field', `write one of ${options.join(', ')}`)
  return fallback
}

/** Places of the elements of a list; none when it is absent. */
export function elements(place: Place): readonly Place[] {
  const { value } = place
  if (Array.isArray(value)) {
    return value.map((element: unknown, key) => ({ value: element, mistakes: place.mistakes, parent: place, key }))
  }
  if (!isAbsent(place)) note(place, 'is not a list', 'write a list, each element with a dash before it')
  return []
}

/** Fields of an object of texts, as labels and annotations are. */
export function readTexts(place: Place): Readonly<Record<string, string>> {
  if (!expectObject(place)) return {}
  const texts: Record<string, string> = {}
  for (const key of Object.keys(place.value as object)) texts[key] = readText(field(place, key))
  return texts
}
