import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parse } from 'yaml'
import { valueAt } from '#values/presence.ts'
import type { Json } from '#values/row.ts'

const VALUES = join(import.meta.dirname, '../chart/balise/values.yaml')

/** What `chart/balise/values.yaml` has at a key. */
export function ownDefaults(): (key: string) => Json | undefined {
  const values = parse(readFileSync(VALUES, 'utf8')) as Json
  return (key) => valueAt(values, key)
}
