import type { Condition } from '#model/condition.ts'
import { elements, field, type Place, readInteger, readOneOf, readText } from './place.ts'

const STATUSES = ['True', 'False', 'Unknown'] as const

/** `status.conditions` (meta/v1 Condition). */
export function readConditions(place: Place): readonly Condition[] {
  return elements(place).map((condition) => ({
    type: readText(field(condition, 'type')),
    status: readOneOf(field(condition, 'status'), STATUSES, 'Unknown'),
    reason: readText(field(condition, 'reason')),
    message: readText(field(condition, 'message')),
    observedGeneration: readInteger(field(condition, 'observedGeneration'), 0),
    lastTransitionTime: readText(field(condition, 'lastTransitionTime')),
  }))
}
