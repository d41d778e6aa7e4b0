import type { EndpointSlice } from '#model/endpoint-slice.ts'
import { type Service, type ServiceKey, serviceKey } from '#model/service.ts'
import type { ClusterContext } from './backends.ts'
import { type Frontend, compareText } from './frontend.ts'
import { frontendsOf } from './frontends.ts'
import { type NotDone, notDoneOf } from './not-done.ts'

/** Everything that the datapath is to serve. */
export interface Desired {
  readonly frontends: ReadonlyMap<string, Frontend>
  readonly notDone: readonly NotDone[]
  /** What each Service gave, to be used again as long as its inputs are the same objects. */
  readonly byService: ReadonlyMap<ServiceKey, ServiceShare>
}

export interface ServiceShare {
  readonly service: Service
  readonly slices: readonly EndpointSlice[]
  readonly context: ClusterContext
  readonly frontends: readonly Frontend[]
  readonly notDone: readonly NotDone[]
}

export const NOTHING_DESIRED: Desired = { frontends: new Map(), notDone: [], byService: new Map() }

/** The Services of a cluster and their slices, each as the very object that it was before unless it changed. */
export interface Sources {
  readonly services: Iterable<Service>
  slicesOf(service: ServiceKey): readonly EndpointSlice[]
  readonly context: ClusterContext
}

/**
 * What to serve. Of several Services with one frontend the oldest has it (then by name), so that a newcomer never takes an address away.
 * Services whose inputs did not change keep their very frontends, by which `plan` sees at once that there is nothing to do.
 */
export function desiredOf(sources: Sources, previous: Desired): Desired {
  const byService = new Map<ServiceKey, ServiceShare>()
  for (const service of sources.services) {
    const key = serviceKey(service)
    byService.set(key, shareOf(service, sources.slicesOf(key), sources.context, previous.byService.get(key)))
  }
  const frontends = new Map<string, Frontend>()
  const notDone = [...byService.values()].flatMap((share) => share.notDone)
  const contested = new Map<string, ServiceShare[]>()
  for (const share of byService.values()) {
    for (const frontend of share.frontends) {
      const rival = frontends.get(frontend.key)
      if (rival === undefined) frontends.set(frontend.key, frontend)
      else if (rival.service !== frontend.service) contest(contested, frontend.key, byService.get(rival.service), share)
    }
  }
  for (const [key, shares] of contested) notDone.push(...settle(frontends, key, shares))
  return { frontends, notDone, byService }
}

function shareOf(
  service: Service,
  slices: readonly EndpointSlice[],
  context: ClusterContext,
  previous: ServiceShare | undefined,
): ServiceShare {
  const same =
    previous !== undefined &&
    previous.service === service &&
    previous.context === context &&
    previous.slices.length === slices.length &&
    slices.every((slice, index) => slice === previous.slices[index])
  if (same) return previous
  return {
    service,
    slices,
    context,
    frontends: frontendsOf(service, slices, context),
    notDone: notDoneOf(service, context),
  }
}

function contest(
  contested: Map<string, ServiceShare[]>,
  key: string,
  first: ServiceShare | undefined,
  share: ServiceShare,
): void {
  const shares = contested.get(key) ?? (first === undefined ? [] : [first])
  contested.set(key, shares)
  shares.push(share)
}

function settle(frontends: Map<string, Frontend>, key: string, shares: readonly ServiceShare[]): readonly NotDone[] {
  const [winner, ...losers] = shares.toSorted(byAge)
  const frontend = winner?.frontends.find((candidate) => candidate.key === key)
  if (winner === undefined || frontend === undefined) return []
  frontends.set(key, frontend)
  return losers.map(({ service }) => ({
    service: serviceKey(service),
    code: 'FrontendTaken',
    message: `${key} belongs to Service ${serviceKey(winner.service)}, which is older`,
  }))
}

function byAge(a: ServiceShare, b: ServiceShare): number {
  return (
    a.service.creationTimestampMs - b.service.creationTimestampMs ||
    compareText(serviceKey(a.service), serviceKey(b.service))
  )
}
