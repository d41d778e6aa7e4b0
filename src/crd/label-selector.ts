import type { LabelRequirement, LabelSelector } from '#model/selector.ts'
import { elements, expectObject, field, isAbsent, note, type Place, readText, shorten } from './place.ts'

const OPERATORS = ['In', 'NotIn', 'Exists', 'DoesNotExist'] as const

/**
 * A meta/v1 LabelSelector. An absent one selects everything. Undefined when it has a mistake: whom it would select is not known then,
 * and a part of it would select too many.
 */
export function readLabelSelector(place: Place): LabelSelector | undefined {
  if (isAbsent(place)) return { requirements: [] }
  const before = place.mistakes.length
  expectObject(place)
  const requirements = [
    ...readMatchLabels(field(place, 'matchLabels')),
    ...readExpressions(field(place, 'matchExpressions')),
  ]
  return place.mistakes.length === before ? { requirements } : undefined
}

function readMatchLabels(place: Place): readonly LabelRequirement[] {
  if (!expectObject(place)) return []
  return Object.keys(place.value as object).map((key) => {
    const value = field(place, key)
    if (isAbsent(value)) note(value, 'has no value', 'write the label value, "" for an empty one')
    checkKey(value, key)
    return { key, operator: 'In', values: [checkValue(value)] }
  })
}

function readExpressions(place: Place): readonly LabelRequirement[] {
  return elements(place).flatMap((expression) => {
    const requirement = readExpression(expression)
    return requirement === undefined ? [] : [requirement]
  })
}

function readExpression(place: Place): LabelRequirement | undefined {
  const keyPlace = field(place, 'key')
  const key = readText(keyPlace)
  checkKey(keyPlace, key)
  const operatorPlace = field(place, 'operator')
  const operator = OPERATORS.find((name) => name === operatorPlace.value)
  const values = elements(field(place, 'values')).map(checkValue)
  if (operator === undefined) {
    note(
      operatorPlace,
      isAbsent(operatorPlace) ? 'is missing' : 'is no operator',
      `write one of ${OPERATORS.join(', ')}`,
    )
    return undefined
  }
  const wantsValues = operator === 'In' || operator === 'NotIn'
  if (wantsValues && values.length === 0)
    note(field(place, 'values'), `is empty with operator ${operator}`, 'list at least one value')
  if (!wantsValues && values.length > 0)
    note(field(place, 'values'), `is set with operator ${operator}`, 'remove the values')
  return { key, operator, values }
}

/** Label syntax of Kubernetes: an optional DNS prefix and a slash, then a name of at most 63 characters. */
const NAME = /^[A-Za-z0-9]([\w.-]{0,61}[A-Za-z0-9])?$/
const PREFIX = /^[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?$/

function checkKey(place: Place, key: string): void {
  const parts = key.split('/')
  const name = parts.at(-1) ?? ''
  const valid = parts.length <= 2 && NAME.test(name) && (parts.length === 1 || PREFIX.test(parts[0] ?? ''))
  if (valid) return
  if (key === '') note(place, 'is missing', 'write the name of a label')
  else
    note(
      place,
      `belongs to ${JSON.stringify(shorten(key))}, which no label can be called`,
      'write a label like app or example.com/app',
    )
}

function checkValue(place: Place): string {
  const value = readText(place)
  if (value !== '' && !NAME.test(value)) {
    note(place, 'cannot be the value of a label', 'use at most 63 letters, digits, dots, dashes and underscores')
  }
  return value
}
