import { readLabelSelector } from '#crd/label-selector.ts'
import { elements, isAbsent, note, type Place } from '#crd/place.ts'
import type { LabelSelector } from '#model/selector.ts'
import { expectFields, readName } from './fields.ts'

const SELECTOR = ['matchLabels', 'matchExpressions']

/** Selectors of which one must match. Undefined when one has a mistake: whom they select together is not known then. */
export function readSelectors(place: Place): readonly LabelSelector[] | undefined {
  const before = place.mistakes.length
  const selectors = elements(place).flatMap((element) => {
    if (isAbsent(element)) note(element, 'is empty', 'write matchLabels or matchExpressions, or {} to select all')
    return readSelector(element) ?? []
  })
  return place.mistakes.length === before ? selectors : undefined
}

/** A label selector. Labels that stand in it without matchLabels are a mistake: without them it would select all. */
export function readSelector(place: Place): LabelSelector | undefined {
  const before = place.mistakes.length
  const selector = expectFields(place, SELECTOR) ? readLabelSelector(place) : undefined
  return place.mistakes.length === before ? selector : undefined
}

/** Names of objects. Undefined when one has a mistake: a list that lacks it could be empty, and would mean all. */
export function readNames(place: Place, remedy: string): readonly string[] | undefined {
  const before = place.mistakes.length
  const names = elements(place).flatMap((element) => readName(element, remedy) ?? [])
  return place.mistakes.length === before ? names : undefined
}
