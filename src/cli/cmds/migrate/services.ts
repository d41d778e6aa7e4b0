import { decodeService } from '#crd/service.ts'
import { readServiceRequest } from '#crd/service-request.ts'
import { type Pool, poolContains, poolKey } from '#model/pool.ts'
import { type Service, serviceKey } from '#model/service.ts'
import type { ServiceRequest } from '#model/service-request.ts'
import { mistakeNotes } from './mistakes.ts'
import type { FoundObject, Note, Outcome } from './migration.ts'
import { tellNames } from './names.ts'

export interface FoundService {
  readonly service: Service
  readonly request: ServiceRequest
  readonly source: string
}

/** Services of type LoadBalancer; others have nothing to do with pools. */
export function readServices(objects: readonly FoundObject[]): readonly FoundService[] {
  return objects.flatMap(({ source, object }) => {
    const { value: service, mistakes } = decodeService(object)
    if (service?.type !== 'LoadBalancer') return []
    return [{ service, request: readServiceRequest(service, mistakes), source }]
  })
}

/** Those that have an address of a pool, or ask for one, or for the pool. */
export function servicesOf(pool: Pool, services: readonly FoundService[]): readonly string[] {
  return services
    .filter(({ service, request }) => {
      const asked = request.wanted.kind === 'these' ? request.wanted.addresses : []
      const asksForPool = request.pool === pool.name || request.pool === poolKey(pool)
      return asksForPool || [...service.ingressIps, ...asked].some((ip) => poolContains(pool, ip))
    })
    .map(({ service }) => serviceKey(service))
    .toSorted()
}

/** Nothing when there are none. */
export function tenantNotes(pool: Pool, services: readonly FoundService[]): readonly Note[] {
  const names = servicesOf(pool, services)
  if (names.length === 0) return []
  return [
    {
      kind: 'differs',
      what: `pool ${pool.name}`,
      text: `Services that have or ask for an address of it: ${tellNames(names)}`,
    },
  ]
}

/** What Services ask for in a way that cannot be met. Their annotations need not change: Balise reads them as they are. */
export function serviceOutcomes(services: readonly FoundService[], pools: readonly Pool[]): readonly Outcome[] {
  return services.flatMap(({ service, request, source }) => {
    const isKnown = request.pool === '' || pools.some((pool) => [pool.name, poolKey(pool)].includes(request.pool))
    const unknown: Note = {
      kind: 'mistake',
      what: `pool ${request.pool}`,
      text: 'it asks for a pool that is not known here',
    }
    const notes = [
      ...mistakeNotes([...request.mistakes, ...request.remarks]),
      ...(isKnown ? [] : [unknown]),
      ...classNotes(service),
    ]
    return notes.length === 0 ? [] : [{ subject: `Service ${serviceKey(service)}`, source, manifests: [], notes }]
  })
}

/** A class cannot be changed: the Service must be made anew. */
function classNotes({ loadBalancerClass }: Service): readonly Note[] {
  if (loadBalancerClass === '' || loadBalancerClass.startsWith('io.cilium/')) return []
  const what = `spec.loadBalancerClass ${loadBalancerClass}`
  const text =
    'Balise leaves Services of other classes alone: make the Service anew without a class, or of class io.cilium/l2-announcer'
  return [{ kind: 'notTakenOver', what, text }]
}
