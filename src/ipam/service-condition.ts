import { type Condition, formatMistake } from '#model/condition.ts'
import { shorten } from '#model/valid-condition.ts'
import type { Assignment } from './allocate.ts'
import { formatRefusal } from './refusal.ts'
import { IPAM_CONDITION } from './ownership.ts'

/**
 * `cilium.io/IPAMRequestSatisfied`, with Cilium's reasons; `invalid_request` is ours, for an entry that is no address. The message tells
 * what to change. It is empty when there is nothing to tell.
 */
export function serviceCondition(assignment: Assignment): Condition {
  const { service, refusals, mistakes, remarks } = assignment
  const sentences = [...mistakes.map(formatMistake), ...refusals.map(formatRefusal), ...remarks.map(formatMistake)]
  const reason = refusals[0]?.code ?? (mistakes.length > 0 ? 'invalid_request' : 'satisfied')
  return {
    type: IPAM_CONDITION,
    status: reason === 'satisfied' ? 'True' : 'False',
    reason,
    message: shorten(sentences),
    observedGeneration: service.generation,
  }
}
