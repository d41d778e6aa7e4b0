import type { Json, ValueRow, ValueTable, ValueType } from '#values/row.ts'

const JSON_TYPES: { readonly [T in ValueType]: string } = {
  boolean: 'boolean',
  integer: 'integer',
  number: 'number',
  text: 'string',
  list: 'array',
  map: 'object',
}

interface Schema {
  readonly description?: string
  readonly type?: readonly string[]
  readonly enum?: readonly Json[]
  readonly minimum?: number
  readonly maximum?: number
  properties?: Record<string, Schema>
}

/**
 * `chart/balise/values.schema.json` (draft 7): types and ranges, for Helm and for editors. Keys that it does not know, texts of the wrong form
 * and values that are refused for what they ask are left to the templates, which can say what was meant and what to do.
 */
export function valuesSchema(table: ValueTable): string {
  const root: Schema = { type: ['object'], properties: {} }
  for (const row of table.rows.values()) {
    const segments = row.key.split('.')
    const parent = segments.slice(0, -1).reduce(branchOf, root)
    const name = segments.at(-1) ?? ''
    parent.properties = { ...parent.properties, [name]: { ...schemaOf(row), ...parent.properties?.[name] } }
  }
  const schema = {
    $schema: 'http://json-schema.org/draft-07/schema#',
    title: 'Values of the chart of Balise',
    description: 'Written by tools/generated-docs.ts from src/values',
    ...root,
  }
  return `${withShortArrays(JSON.stringify(schema, null, 2))}\n`
}

function branchOf(parent: Schema, segment: string): Schema {
  const found = parent.properties?.[segment]
  if (found !== undefined) {
    found.properties ??= {}
    return found
  }
  const made: Schema = { type: ['object', 'null'], properties: {} }
  parent.properties = { ...parent.properties, [segment]: made }
  return made
}

function schemaOf(row: ValueRow): Schema {
  const { oneOf, minimum, maximum } = row.bounds
  return {
    description: descriptionOf(row),
    type: [...row.types.map((type) => JSON_TYPES[type]), 'null'],
    ...(oneOf === undefined ? {} : { enum: [...oneOf, null] }),
    ...(minimum === undefined ? {} : { minimum }),
    ...(maximum === undefined ? {} : { maximum }),
  }
}

function descriptionOf(row: ValueRow): string {
  switch (row.class) {
    case 'implemented':
      return row.note
    case 'ignored':
      return `No effect. ${row.note}`
    case 'refused': {
      const unless = (row.refusal?.unless ?? []).map((value) => JSON.stringify(value)).join(', ')
      return `Refused${unless === '' ? '' : ` unless ${unless}`}: ${row.note}`
    }
  }
}

/** Arrays without maps on one line, as the formatter sets them. */
function withShortArrays(json: string): string {
  return json.replaceAll(/\[\n\s+([^[\]{}]*?)\n\s+\]/g, (_, items: string) => `[${items.replaceAll(/\n\s+/g, ' ')}]`)
}
