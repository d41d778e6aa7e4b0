import type { Json, ValueRow } from '#values/row.ts'
import { GROUPS } from '#values/table.ts'
import { rowsOf } from '#values/tree.ts'

/** The value that the chart has when nobody sets it; undefined where it has none. */
export type OwnDefault = (key: string) => Json | undefined

/** The body of `docs/values.md`: by group, what works, what is refused, what is taken and does nothing. */
export function valuesReference(ownDefault: OwnDefault): string {
  return GROUPS.map(({ title, trees }) => {
    const rows = trees.flatMap(rowsOf)
    return [`## ${title}`, ...works(rows, ownDefault), ...refuses(rows), ...does(rows)].join('\n\n')
  }).join('\n\n')
}

function works(rows: readonly ValueRow[], ownDefault: OwnDefault): readonly string[] {
  const found = rows.filter((row) => row.class === 'implemented')
  if (found.length === 0) return []
  const lines = found.map((row) => {
    return `| \`${row.key}\` | ${defaultsOf(row, ownDefault(row.key))} | ${cell(effectOf(row))} |`
  })
  return [['| value | default | |', '|---|---|---|', ...lines].join('\n')]
}

/** Ours, and Cilium's where it is another and short. */
function defaultsOf({ ciliumDefault }: ValueRow, own: Json | undefined): string {
  const ours = own === undefined || own === null ? '' : code(own)
  if (ciliumDefault === undefined || ciliumDefault === null || typeof ciliumDefault === 'object') return ours
  if (String(ciliumDefault) === (typeof own === 'object' ? '' : String(own ?? ''))) return ours
  return `${ours} (Cilium: ${code(ciliumDefault)})`.trim()
}

/** With what certain values do, and which are refused. */
function effectOf({ note, cases, refusal }: ValueRow): string {
  const special = Object.entries(cases).map(([value, word]) => `\`${value}\`: ${lower(word)}`)
  const refused =
    refusal === undefined
      ? []
      : refusal.matching === undefined
        ? [`other values are refused: ${refusal.why}; ${refusal.instead}`]
        : [`refused where it matches \`${refusal.matching}\`: ${refusal.why}; ${refusal.instead}`]
  return [note, ...special, ...refused].join('. ')
}

function refuses(rows: readonly ValueRow[]): readonly string[] {
  const found = rows.filter((row) => row.class === 'refused')
  if (found.length === 0) return []
  const lines = found.map(({ key, refusal }) => {
    const unless = (refusal?.unless ?? []).map(code).join(', ')
    return `| \`${key}\` | ${unless} | ${cell(`${refusal?.why ?? ''}; ${refusal?.instead ?? ''}`)} |`
  })
  return [['| refused | unless | why, and what to do |', '|---|---|---|', ...lines].join('\n')]
}

function does(rows: readonly ValueRow[]): readonly string[] {
  const found = rows.filter((row) => row.class === 'ignored')
  return [
    ...notes(
      'Taken without effect, because it is not there:',
      found.filter(({ lacking }) => lacking),
    ),
    ...notes(
      'Taken without effect, because it is so anyway or not needed:',
      found.filter(({ lacking }) => !lacking),
    ),
  ]
}

function notes(heading: string, rows: readonly ValueRow[]): readonly string[] {
  if (rows.length === 0) return []
  const items = [...Map.groupBy(rows, ({ note }) => note)].map(
    ([note, group]) => `- ${note}: ${group.map(({ key }) => `\`${key}\``).join(', ')}`,
  )
  return [`${heading}\n\n${items.join('\n')}`]
}

function code(value: Json): string {
  return value === '' ? '' : `\`${cell(typeof value === 'string' ? value : JSON.stringify(value))}\``
}

function cell(text: string): string {
  return text.replaceAll('|', '\\|')
}

function lower(text: string): string {
  return text.slice(0, 1).toLowerCase() + text.slice(1)
}
