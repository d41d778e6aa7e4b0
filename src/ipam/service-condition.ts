import { type Condition, formatMistake, type Mistake } from '#model/condition.ts'
import { formatPrefix } from '#model/prefix.ts'
import type { Service } from '#model/service.ts'
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
  const vain = [...remarks, ...notServed(service)]
  const sentences = [...mistakes.map(formatMistake), ...refusals.map(formatRefusal), ...vain.map(formatMistake)]
  const reason = refusals[0]?.code ?? (mistakes.length > 0 ? 'invalid_request' : 'satisfied')
  return {
    type: IPAM_CONDITION,
    status: reason === 'satisfied' ? 'True' : 'False',
    reason,
    message: shorten(sentences),
    observedGeneration: service.generation,
  }
}

/** What the Service asks for and the datapath does not do: an address alone does not make it answer. */
function notServed({ sourceRanges, affinityTimeoutSeconds }: Service): readonly Mistake[] {
  const found: Mistake[] = []
  if (sourceRanges.length > 0) {
    const problem = 'is not enforced by Balise, which therefore does not serve the addresses of this Service at all'
    const remedy = 'remove it, and keep strangers out by a firewall'
    const value = sourceRanges.map(formatPrefix).join(', ')
    found.push({ path: 'spec.loadBalancerSourceRanges', value, problem, remedy })
  }
  if (affinityTimeoutSeconds > 0) {
    const problem = 'has no effect, a client may reach any backend'
    found.push({ path: 'spec.sessionAffinity', value: 'ClientIP', problem, remedy: 'write None' })
  }
  return found
}
