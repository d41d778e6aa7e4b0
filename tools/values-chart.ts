import { CONTRADICTIONS } from '#values/contradictions.ts'
import { NEEDED, NEEDED_INSTEAD, NEEDED_WHY } from '#values/needed.ts'
import type { ValueRow, ValueTable } from '#values/row.ts'
import { CILIUM_VERSION } from '#values/table.ts'

const HEAD = `# What each value of Cilium's chart does in this one, for machines: the templates go by it, and so does \`balise values check\`.
# Written by tools/generated-docs.ts from src/values. Keys stand below what is said of all of them; \`default\` is Cilium's.
`

/** `chart/balise/cilium-values.yaml`. What follows a dash or a key is JSON, which is YAML. */
export function valuesForChart(table: ValueTable): string {
  const groups = Map.groupBy(table.rows.values(), (row) => JSON.stringify(saidOf(row)))
  const lines = [...groups].flatMap(([said, rows]) => [
    `  - said: ${said}`,
    '    keys:',
    ...rows.map((row) => `      ${row.key}: ${JSON.stringify(factsOf(row))}`),
  ])
  const contradictions = CONTRADICTIONS.map((rule) => `  - ${JSON.stringify(rule)}`)
  return [
    `${HEAD}ciliumVersion: '${CILIUM_VERSION}'`,
    'values:',
    ...lines,
    `needed: ${JSON.stringify({ why: NEEDED_WHY, instead: NEEDED_INSTEAD, keys: NEEDED })}`,
    'contradictions:',
    ...contradictions,
    '',
  ].join('\n')
}

function saidOf({ class: valueClass, lacking, note, cases, refusal }: ValueRow): object {
  return {
    class: valueClass,
    ...(lacking ? { lacking } : {}),
    note,
    ...(Object.keys(cases).length === 0 ? {} : { cases }),
    ...(refusal === undefined ? {} : { refusal }),
  }
}

function factsOf({ types, origin, ciliumDefault, bounds }: ValueRow): object {
  return {
    types,
    ...(origin === 'cilium' ? {} : { origin }),
    ...(ciliumDefault === undefined ? {} : { default: ciliumDefault }),
    ...bounds,
  }
}
