import { type AnnotationPatch, allocatedFromPatch } from '#crd/metallb/allocated-from.ts'
import { deprecationEvents, type MetallbEvent, metallbEvent } from '#crd/metallb/events.ts'
import { wasOurs } from '#ipam/ownership.ts'
import { formatMistake } from '#model/condition.ts'
import { type Pool, poolContains } from '#model/pool.ts'
import type { ServiceRecord } from './records.ts'

/** The annotations that a Service is to get; undefined when there is nothing to change, and for Services that are not ours. */
export function poolMark({ service }: ServiceRecord, pools: readonly Pool[]): AnnotationPatch | undefined {
  if (!wasOurs(service)) return undefined
  const [first] = service.ingressIps
  const pool = first === undefined ? undefined : pools.find((one) => poolContains(one, first))
  return allocatedFromPatch(service.annotations, pool)
}

/** What its annotations of MetalLB give cause to tell. */
export function annotationEvents({ asked }: ServiceRecord): readonly MetallbEvent[] {
  const unreadable = asked.mistakes.filter(({ path }) => path.includes('metallb.'))
  const failed =
    unreadable.length === 0 ? [] : [metallbEvent('LoadBalancerFailed', unreadable.map(formatMistake).join('. '))]
  return [...deprecationEvents(asked.deprecated), ...failed]
}

/** What the new annotations give cause to tell: MetalLB says so when an address is no longer allowed. */
export function markEvents(patch: AnnotationPatch): readonly MetallbEvent[] {
  const isCleared = Object.values(patch).every((value) => value === null)
  return isCleared ? [metallbEvent('ClearAssignment', 'It has no address of a pool of MetalLB any more')] : []
}
