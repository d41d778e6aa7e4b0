import { type Ip, sameIp } from '#model/ip.ts'
import type { Labels } from '#model/selector.ts'
import type { ServiceRequest, SharingRequest, WantedAddresses } from '#model/service-request.ts'
import type { Service, ServicePort } from '#model/service.ts'
import type { Claim } from './request.ts'

/**
 * Whether what a Service was given is to be remembered: it asks for the same as before, and its status shows what it did before, or what it
 * was given since, or nothing. Addresses that somebody else has put there count as they stand.
 */
export function isRemembered(before: Claim, claim: Claim, given: readonly Ip[]): boolean {
  const shown = claim.service.ingressIps
  if (!sameDemand(before, claim)) return false
  return shown.length === 0 || sameAddresses(before.service.ingressIps, shown) || sameAddresses(given, shown)
}

/** In whatever order. */
function sameAddresses(a: readonly Ip[], b: readonly Ip[]): boolean {
  return a === b || (a.length === b.length && a.every((ip) => b.some((other) => sameIp(ip, other))))
}

/** Everything that tells what a Service may have, and with whom. */
function sameDemand({ service: a, asked }: Claim, { service: b, asked: now }: Claim): boolean {
  return a === b && asked === now ? true : sameService(a, b) && sameAsked(asked, now)
}

function sameService(a: Service, b: Service): boolean {
  return (
    a.uid === b.uid &&
    a.creationTimestampMs === b.creationTimestampMs &&
    a.type === b.type &&
    a.loadBalancerClass === b.loadBalancerClass &&
    a.externalTrafficPolicy === b.externalTrafficPolicy &&
    a.familyPolicy === b.familyPolicy &&
    sameList(a.families, b.families, Object.is) &&
    sameList(a.ports, b.ports, samePort) &&
    sameLabels(a.labels, b.labels) &&
    sameLabels(a.selector, b.selector)
  )
}

function sameAsked(a: ServiceRequest, b: ServiceRequest): boolean {
  return a.pool === b.pool && sameWanted(a.wanted, b.wanted) && sameSharing(a.sharing, b.sharing)
}

function sameWanted(a: WantedAddresses, b: WantedAddresses): boolean {
  if (a.kind !== 'these' || b.kind !== 'these') return a.kind === b.kind
  return sameList(a.addresses, b.addresses, sameIp)
}

function sameSharing(a: SharingRequest | undefined, b: SharingRequest | undefined): boolean {
  if (a === undefined || b === undefined) return a === b
  const sameNamespaces =
    a.namespaces === 'all' || b.namespaces === 'all'
      ? a.namespaces === b.namespaces
      : sameList(a.namespaces, b.namespaces, Object.is)
  return a.key === b.key && a.differentPods === b.differentPods && sameNamespaces
}

function samePort(a: ServicePort, b: ServicePort): boolean {
  return a.port === b.port && a.protocol === b.protocol
}

function sameLabels(a: Labels, b: Labels): boolean {
  const keys = Object.keys(a)
  return keys.length === Object.keys(b).length && keys.every((key) => Object.hasOwn(b, key) && a[key] === b[key])
}

function sameList<T>(a: readonly T[], b: readonly T[], same: (one: T, other: T) => boolean): boolean {
  return a.length === b.length && a.every((one, index) => same(one, b[index] as T))
}
