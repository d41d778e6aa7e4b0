import type { SharingRequest } from '#model/service-request.ts'
import { type L4Protocol, type Service, type ServiceKey, type ServicePort, serviceKey } from '#model/service.ts'

/** A Service as somebody who holds an address, or wants to. */
export interface Tenant {
  readonly key: ServiceKey
  readonly namespace: string
  /** Undefined: it shares with nobody. */
  readonly sharing: SharingRequest | undefined
  readonly ports: readonly ServicePort[]
  readonly isLocal: boolean
  /** `key=value` of `spec.selector`, sorted; empty for a Service without one. */
  readonly selector: string
  /** The same for tenants that agree with the same others, ports apart. */
  readonly profile: string
}

/** Why two Services cannot have one address together. The codes follow the conditions of Cilium, in its order. */
export type Incompatibility =
  | { readonly code: 'differentSharingKey' | 'differentTrafficPolicy' | 'noSelector' | 'differentPods' }
  | { readonly code: 'namespace'; readonly refusing: ServiceKey; readonly refused: string }
  | { readonly code: 'samePort'; readonly protocol: L4Protocol; readonly port: number }

export function tenantOf(service: Service, sharing: SharingRequest | undefined): Tenant {
  const { namespace, ports } = service
  const isLocal = service.externalTrafficPolicy === 'Local'
  const key = serviceKey(service)
  // Who shares with nobody is never asked for more.
  if (sharing === undefined) return { key, namespace, sharing, ports, isLocal, selector: '', profile: '' }
  const selector = Object.entries(service.selector)
    .map(([key, value]) => `${key}=${value}`)
    .toSorted()
    .join()
  const profile = JSON.stringify([namespace, sharing, isLocal, isLocal ? selector : ''])
  return { key, namespace, sharing, ports, isLocal, selector, profile }
}

/** `TCP/80`: TCP and UDP on one number do not meet. */
export function portKey({ protocol, port }: Pick<ServicePort, 'protocol' | 'port'>): string {
  return `${protocol}/${port}`
}

/** Whether two Services may have one address, as far as ports are not concerned; undefined when they may. */
export function incompatibleTerms(a: Tenant, b: Tenant): Incompatibility | undefined {
  if (a.sharing === undefined || a.sharing.key !== b.sharing?.key) return { code: 'differentSharingKey' }
  const closed = closedTo(a, a.sharing, b) ?? closedTo(b, b.sharing, a)
  if (closed !== undefined) return closed
  if (a.isLocal !== b.isLocal) return { code: 'differentTrafficPolicy' }
  return a.isLocal ? incompatiblePods(a, a.sharing, b, b.sharing) : undefined
}

function closedTo(a: Tenant, { namespaces }: SharingRequest, b: Tenant): Incompatibility | undefined {
  if (a.namespace === b.namespace || namespaces === 'all' || namespaces.includes(b.namespace)) return undefined
  return { code: 'namespace', refusing: a.key, refused: b.namespace }
}

/** With `externalTrafficPolicy: Local` a packet must find a pod of its Service on the node that holds the address. */
function incompatiblePods(a: Tenant, ofA: SharingRequest, b: Tenant, ofB: SharingRequest): Incompatibility | undefined {
  if (a.selector === '' || b.selector === '') return { code: 'noSelector' }
  if (a.selector === b.selector || (ofA.differentPods && ofB.differentPods)) return undefined
  return { code: 'differentPods' }
}

/** What keeps two Services from having one address together; undefined when nothing does. */
export function incompatibility(a: Tenant, b: Tenant): Incompatibility | undefined {
  return incompatibleTerms(a, b) ?? samePort(a, b)
}

function samePort(a: Tenant, b: Tenant): Incompatibility | undefined {
  const taken = new Set(b.ports.map(portKey))
  const port = a.ports.find((candidate) => taken.has(portKey(candidate)))
  return port === undefined ? undefined : { code: 'samePort', protocol: port.protocol, port: port.port }
}

/** What stands in the way, in the words of Cilium, and what to do: `same port and protocol (TCP 80): use another port`. */
export function formatIncompatibility(reason: Incompatibility): string {
  switch (reason.code) {
    case 'differentSharingKey':
      return 'different sharing key: give both Services the same lbipam.cilium.io/sharing-key, or ask for another address'
    case 'namespace':
      return `different and not permitted namespace: name ${reason.refused} in lbipam.cilium.io/sharing-cross-namespace of Service ${reason.refusing}; both must permit each other`
    case 'samePort':
      return `same port and protocol (${reason.protocol} ${reason.port}): change the port of one of them`
    case 'differentTrafficPolicy':
      return 'different ExternalTrafficPolicy: set the same externalTrafficPolicy in both'
    case 'noSelector':
      return 'ExternalTrafficPolicy local but a service has no selector: give it one, or set externalTrafficPolicy: Cluster in both'
    case 'differentPods':
      return 'ExternalTrafficPolicy local but selecting different set of pods: select the same pods, set externalTrafficPolicy: Cluster in both, or set lbipam.cilium.io/sharing-permit-different-pods: "true" on both'
  }
}
