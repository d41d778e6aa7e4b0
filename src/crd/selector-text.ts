import { err, ok, type Result } from '#model/result.ts'
import type { LabelRequirement, LabelSelector } from '#model/selector.ts'

const KEY = '(?:[a-z0-9](?:[a-z0-9.-]{0,251}[a-z0-9])?/)?[A-Za-z0-9](?:[\\w.-]{0,61}[A-Za-z0-9])?'
const VALUE = '(?:[A-Za-z0-9](?:[\\w.-]{0,61}[A-Za-z0-9])?)?'
const SET = new RegExp(`^(${KEY})\\s+(in|notin)\\s*\\(\\s*(${VALUE}(?:\\s*,\\s*${VALUE})*)\\s*\\)$`)
const EQUAL = new RegExp(`^(${KEY})\\s*(==|=|!=)\\s*(${VALUE})$`)
const EXISTS = new RegExp(`^(!?)\\s*(${KEY})$`)

/**
 * A label selector as kubectl takes it: `zone=a,tier in (x, y),!canary`. An empty one selects everything. The error is a requirement that
 * is none.
 */
export function parseSelectorText(text: string): Result<LabelSelector, string> {
  const requirements: LabelRequirement[] = []
  // Commas inside parentheses part values, not requirements.
  for (const part of text.split(/,(?![^(]*\))/).map((entry) => entry.trim())) {
    if (part === '' && text.trim() === '') continue
    const requirement = parseRequirement(part)
    if (requirement === undefined) return err(part)
    requirements.push(requirement)
  }
  return ok({ requirements })
}

function parseRequirement(text: string): LabelRequirement | undefined {
  const set = SET.exec(text)
  if (set !== null) {
    const [, key = '', word, list = ''] = set
    const values = list.split(',').map((value) => value.trim())
    return { key, operator: word === 'in' ? 'In' : 'NotIn', values }
  }
  const equal = EQUAL.exec(text)
  if (equal !== null) {
    const [, key = '', sign, value = ''] = equal
    return { key, operator: sign === '!=' ? 'NotIn' : 'In', values: [value] }
  }
  const exists = EXISTS.exec(text)
  if (exists === null) return undefined
  const [, not, key = ''] = exists
  return { key, operator: not === '!' ? 'DoesNotExist' : 'Exists', values: [] }
}
