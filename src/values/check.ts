import { CONTRADICTIONS, holds, keysOf } from './contradictions.ts'
import { nearestKeys } from './nearest.ts'
import { NEEDED, NEEDED_INSTEAD, NEEDED_WHY, takenAway } from './needed.ts'
import { isMap, isSet, valueAt } from './presence.ts'
import { type Json, type Refusal, sameJson, type ValueRow, type ValueTable } from './row.ts'
import { expectationOf, fits } from './types.ts'

/**
 * What becomes of a value, or what is wrong with it. `said`: whether the notes of an installation speak
 * of it. `lacking`: it asks for something that is not there.
 */
export type Finding =
  | { readonly kind: 'implemented'; readonly key: string; readonly value: Json; readonly note: string }
  | {
      readonly kind: 'ignored'
      readonly key: string
      readonly value: Json
      readonly note: string
      readonly said: boolean
      readonly lacking: boolean
    }
  | {
      readonly kind: 'refused'
      readonly key: string
      readonly value: Json
      readonly why: string
      readonly instead: string
    }
  | { readonly kind: 'mistyped'; readonly key: string; readonly value: Json; readonly expected: string }
  | { readonly kind: 'unknown'; readonly key: string; readonly nearest: readonly string[] }
  | {
      readonly kind: 'contradiction'
      readonly keys: readonly string[]
      readonly why: string
      readonly instead: string
    }

/** Findings that keep a values file from being installed. */
export function isMistake({ kind }: Finding): boolean {
  return kind !== 'implemented' && kind !== 'ignored'
}

/** What each value of a file will do, in the order of the file; what its nulls take away and contradictions come last. */
export function checkValues(values: Json, table: ValueTable): readonly Finding[] {
  if (!isMap(values)) {
    return values === null ? [] : [{ kind: 'mistyped', key: '', value: values, expected: 'a map of values' }]
  }
  const found = walk('', values, table)
  const at = (key: string): Json | undefined => valueAt(values, key)
  const contradictions = CONTRADICTIONS.filter((rule) => holds(rule, at)).map(
    (rule): Finding => ({ kind: 'contradiction', keys: keysOf(rule), why: rule.why, instead: rule.instead }),
  )
  const needed = takenAway(values).map(
    (key): Finding => ({ kind: 'refused', key, value: null, why: NEEDED_WHY, instead: NEEDED_INSTEAD }),
  )
  return [...found, ...needed, ...contradictions]
}

function walk(prefix: string, values: { readonly [key: string]: Json }, table: ValueTable): readonly Finding[] {
  return Object.entries(values).flatMap(([name, value]) => {
    const key = prefix === '' ? name : `${prefix}.${name}`
    const row = table.rows.get(key)
    const isBranch = table.branches.has(key)
    if (value === null && NEEDED.includes(key)) return []
    if (row !== undefined && !isBranch) return [judge(row, value)]
    if (row !== undefined) return [judge(row, value), ...(isMap(value) ? inner(key, value, table) : [])]
    if (!isBranch) return [{ kind: 'unknown', key, nearest: nearestKeys(key, table) }]
    if (isMap(value)) return walk(key, value, table)
    return value === null ? [] : [{ kind: 'mistyped', key, value, expected: 'a map' }]
  })
}

/** The keys of a free-form map that have rows of their own. */
function inner(prefix: string, values: { readonly [key: string]: Json }, table: ValueTable): readonly Finding[] {
  return Object.entries(values).flatMap(([name, value]) => {
    const row = table.rows.get(`${prefix}.${name}`)
    return row === undefined ? [] : [judge(row, value)]
  })
}

function judge(row: ValueRow, value: Json): Finding {
  const { key } = row
  if (!fits(row, value)) return { kind: 'mistyped', key, value, expected: expectationOf(row) }
  if (row.refusal !== undefined && isRefused(row.refusal, value)) {
    return { kind: 'refused', key, value, why: row.refusal.why, instead: row.refusal.instead }
  }
  const note = (typeof value === 'object' ? undefined : row.cases[String(value)]) ?? row.note
  switch (row.class) {
    case 'implemented':
      return { kind: 'implemented', key, value, note }
    case 'ignored':
      return { kind: 'ignored', key, value, note, said: isSaid(row, value), lacking: row.lacking }
    case 'refused':
      return { kind: 'ignored', key, value, note: `That is so: ${row.note}`, said: false, lacking: false }
  }
}

function isRefused({ unless, matching }: Refusal, value: Json): boolean {
  if (!isSet(value) || unless.some((one) => sameJson(one, value))) return false
  if (matching === undefined) return true
  const pattern = new RegExp(matching)
  return (Array.isArray(value) ? value : [value]).some((one) => typeof one === 'string' && pattern.test(one))
}

/** What Cilium's chart has anyway, and what asks for nothing, needs no words. */
function isSaid({ ciliumDefault }: ValueRow, value: Json): boolean {
  return isSet(value) && (ciliumDefault === undefined || !sameJson(ciliumDefault, value))
}
