import type { Json } from './row.ts'

/** Whether a value asks for anything: null, '', [] and {} do not. */
export function isSet(value: Json | undefined): boolean {
  if (value === undefined || value === null || value === '') return false
  return typeof value !== 'object' || Object.keys(value).length > 0
}

export function isMap(value: Json | undefined): value is { readonly [key: string]: Json } {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** The value at `a.b.c`; undefined where a branch is missing. */
export function valueAt(values: Json, key: string): Json | undefined {
  let value: Json | undefined = values
  for (const segment of key.split('.')) value = isMap(value) ? value[segment] : undefined
  return value
}
