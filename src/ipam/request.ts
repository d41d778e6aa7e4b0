import type { Mistake } from '#model/condition.ts'
import { type Family, type Ip, parseIp, sameIp } from '#model/ip.ts'
import type { Service } from '#model/service.ts'

/** A Service, and what was wrong in it when it was read. */
export interface Claim {
  readonly service: Service
  readonly mistakes: readonly Mistake[]
  /** Addresses that its status may show beside `service.ingressIps`: a write of which the outcome is not known. */
  readonly alsoShown: readonly Ip[]
}

/** What a Service wants. */
export type IpamRequest =
  /** One address of each family, whichever is free. */
  | { readonly kind: 'any'; readonly families: readonly Family[] }
  /** Exactly these, in the user's order. `mistakes` are entries that are no address. */
  | { readonly kind: 'these'; readonly addresses: readonly Ip[]; readonly mistakes: readonly Mistake[] }

/** Why a Service is none of ours; `foreignAddress`: there is no pool, and the address that it has is not from us. */
export type NotOurs = 'notLoadBalancer' | 'otherClass' | 'foreignAddress'

/** The condition of Cilium that tells whether a Service got what it wants. A Service that bears it was served by us. */
export const IPAM_CONDITION = 'cilium.io/IPAMRequestSatisfied'

/** `spec.loadBalancerClass` of the Services that Balise serves, beside none. */
export const L2_CLASS = 'io.cilium/l2-announcer'

/** Without any pool Balise lies dormant: it answers Services that wait, and leaves alone what another controller serves. */
export function isOurs(service: Service, anyPool: boolean): true | NotOurs {
  if (service.type !== 'LoadBalancer') return 'notLoadBalancer'
  if (service.loadBalancerClass !== '' && service.loadBalancerClass !== L2_CLASS) return 'otherClass'
  return anyPool || service.ingressIps.length === 0 || wasOurs(service) || 'foreignAddress'
}

export function wasOurs(service: Service): boolean {
  return service.conditions.some(({ type }) => type === IPAM_CONDITION)
}

export const IPS_ANNOTATION = 'lbipam.cilium.io/ips'
/** The name of `IPS_ANNOTATION` before Cilium 1.16; counts where the new one is absent. */
export const OLD_IPS_ANNOTATION = 'io.cilium/lb-ipam-ips'

/** Addresses of the annotation and of `spec.loadBalancerIP`, together, are a request for exactly these, as in Cilium. */
export function requestOf(claim: Claim): IpamRequest {
  const { service } = claim
  const key = service.annotations[IPS_ANNOTATION] === undefined ? OLD_IPS_ANNOTATION : IPS_ANNOTATION
  const { addresses, mistakes: bad } = readAddresses(key, service.annotations[key] ?? '')
  const mistakes = [...claim.mistakes.filter(({ path }) => path === 'spec.loadBalancerIP'), ...bad]
  const wanted = service.loadBalancerIp === undefined ? addresses : [service.loadBalancerIp, ...addresses]
  if (wanted.length === 0 && mistakes.length === 0) return { kind: 'any', families: familiesOf(service) }
  return { kind: 'these', addresses: withoutRepeats(wanted), mistakes }
}

/** Comma list, white space around entries and empty entries ignored. */
function readAddresses(key: string, text: string): { addresses: readonly Ip[]; mistakes: readonly Mistake[] } {
  const addresses: Ip[] = []
  const mistakes: Mistake[] = []
  for (const entry of text.split(',').map((part) => part.trim())) {
    const ip = parseIp(entry)
    if (ip.ok) addresses.push(ip.value)
    else if (entry !== '') mistakes.push(notAnAddress(key, entry))
  }
  return { addresses, mistakes }
}

function notAnAddress(key: string, value: string): Mistake {
  const path = `metadata.annotations[${JSON.stringify(key)}]`
  return { path, value, problem: 'is not an IP address', remedy: 'write addresses with commas between them' }
}

function withoutRepeats(addresses: readonly Ip[]): readonly Ip[] {
  return addresses.filter((ip, index) => addresses.findIndex((other) => sameIp(ip, other)) === index)
}

/** The API server fills `ipFamilies`; where it is empty the cluster's primary family is not known, and IPv4 is meant. */
function familiesOf({ families, familyPolicy }: Service): readonly Family[] {
  const first = families[0] ?? 'IPv4'
  switch (familyPolicy) {
    case 'SingleStack':
      return [first]
    case 'PreferDualStack':
      return families.length === 0 ? [first] : [...new Set(families)]
    case 'RequireDualStack':
      return [first, first === 'IPv4' ? 'IPv6' : 'IPv4']
  }
}
