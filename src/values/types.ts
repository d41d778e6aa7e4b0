import { isMap } from './presence.ts'
import type { Json, ValueRow, ValueType } from './row.ts'

/** Whether the type, and what else the row asks of the form, is kept. null is a value left out. */
export function fits({ types, bounds }: ValueRow, value: Json): boolean {
  if (value === null) return true
  if (!types.some((type) => isOfType(type, value))) return false
  if (bounds.oneOf !== undefined && !bounds.oneOf.some((one) => one === value)) return false
  if (typeof value === 'string') return bounds.pattern === undefined || new RegExp(bounds.pattern).test(value)
  if (typeof value !== 'number') return true
  return value >= (bounds.minimum ?? -Infinity) && value <= (bounds.maximum ?? Infinity)
}

function isOfType(type: ValueType, value: Json): boolean {
  switch (type) {
    case 'boolean':
      return typeof value === 'boolean'
    case 'integer':
      return Number.isInteger(value)
    case 'number':
      return typeof value === 'number'
    case 'text':
      return typeof value === 'string'
    case 'list':
      return Array.isArray(value)
    case 'map':
      return isMap(value)
  }
}

/** For people: `true or false`, `a whole number from 1 to 65535`, `one of auto, full, chained, none`. */
export function expectationOf({ types, bounds }: ValueRow): string {
  if (bounds.oneOf !== undefined) return `one of ${bounds.oneOf.map((one) => JSON.stringify(one)).join(', ')}`
  if (bounds.form !== undefined) return bounds.form
  const words = types.map((type) => (type === 'integer' ? `a whole number${range(bounds)}` : WORDS[type]))
  return words.join(' or ')
}

const WORDS: { readonly [T in Exclude<ValueType, 'integer'>]: string } = {
  boolean: 'true or false',
  number: 'a number',
  text: 'a text',
  list: 'a list',
  map: 'a map',
}

function range({ minimum, maximum }: ValueRow['bounds']): string {
  if (minimum === undefined) return maximum === undefined ? '' : ` up to ${maximum}`
  return maximum === undefined ? ` from ${minimum}` : ` from ${minimum} to ${maximum}`
}
