import { type AnnotationPatch, allocatedFromPatch } from '#crd/metallb/allocated-from.ts'
import { deprecationEvents, type MetallbEvent, metallbEvent } from '#crd/metallb/events.ts'
import { IPAM_CONDITION, wasOurs } from '#ipam/ownership.ts'
import { type Condition, formatMistake } from '#model/condition.ts'
import { type Pool, poolContains } from '#model/pool.ts'
import type { ServiceRecord } from '#agents/operator/records.ts'

/**
 * The annotations that a Service is to get; undefined when there is nothing to change, and for load balancers that are not ours. `isUnsure`
 * says that a part of some pool could not be read: who keeps an address meanwhile keeps the name of its pool, for which agents announce it.
 */
export function poolMark(
  { service }: ServiceRecord,
  pools: readonly Pool[],
  isUnsure: boolean,
): AnnotationPatch | undefined {
  if (service.type !== 'LoadBalancer') return allocatedFromPatch(service.annotations, undefined)
  if (!wasOurs(service)) return undefined
  const [first] = service.ingressIps
  const pool = first === undefined ? undefined : pools.find((one) => poolContains(one, first))
  if (isUnsure && first !== undefined && pool === undefined) return undefined
  return allocatedFromPatch(service.annotations, pool)
}

/** What its annotations of MetalLB give cause to tell. */
export function annotationEvents({ asked }: ServiceRecord): readonly MetallbEvent[] {
  const unreadable = asked.mistakes.filter(({ path }) => path.includes('metallb.'))
  const failed =
    unreadable.length === 0 ? [] : [metallbEvent('LoadBalancerFailed', unreadable.map(formatMistake).join('. '))]
  return [...deprecationEvents(asked.deprecated), ...failed]
}

/** PreferDualStack with the address of one family: MetalLB names the other one's absence so, each time that it looks. */
export function additionalFamilyEvents(
  { service, conditions }: ServiceRecord,
  pools: readonly Pool[],
): readonly MetallbEvent[] {
  const { familyPolicy, families, ingressIps } = service
  const [first, second] = ingressIps
  if (familyPolicy !== 'PreferDualStack' || families.length < 2 || first === undefined || second !== undefined)
    return []
  const isOfMetallb = pools.find((pool) => poolContains(pool, first))?.dialect === 'metallb'
  const condition = (conditions as readonly Condition[]).find(({ type }) => type === IPAM_CONDITION)
  if (!isOfMetallb || condition?.status !== 'False') return []
  const message = `cannot assign additional IP in PreferDualStack: ${condition.message}`
  return [metallbEvent('AdditionalAssignFailed', message)]
}

/** What the new annotations give cause to tell: MetalLB says so when an address is no longer allowed. */
export function markEvents(patch: AnnotationPatch): readonly MetallbEvent[] {
  const isCleared = Object.values(patch).every((value) => value === null)
  return isCleared ? [metallbEvent('ClearAssignment', 'It has no address of a pool of MetalLB any more')] : []
}
