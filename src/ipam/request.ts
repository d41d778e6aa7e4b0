import type { Family, Ip } from '#model/ip.ts'
import type { ServiceRequest } from '#model/service-request.ts'
import type { Service } from '#model/service.ts'

/** A Service, and what it asks for. */
export interface Claim {
  readonly service: Service
  readonly asked: ServiceRequest
  /** Addresses that its status may show beside `service.ingressIps`: a write of which the outcome is not known. */
  readonly alsoShown: readonly Ip[]
}

/** What a Service wants, its families included. */
export type IpamRequest =
  /** One address of each family, whichever is free. */
  | { readonly kind: 'any'; readonly families: readonly Family[] }
  /** Exactly these, in the user's order. */
  | { readonly kind: 'these'; readonly addresses: readonly Ip[] }
  /** It is not known what is meant: it keeps what it holds, and gets nothing new. */
  | { readonly kind: 'unclear' }

/** A request for certain addresses is not bound to the families of the Service, as in Cilium. */
export function requestOf({ service, asked: { wanted } }: Claim): IpamRequest {
  return wanted.kind === 'any' ? { kind: 'any', families: familiesOf(service) } : wanted
}

/** Held by every Service: one list for all that ask for the same. */
const LISTS: { readonly [F in Family]: { readonly alone: readonly Family[]; readonly both: readonly Family[] } } = {
  IPv4: { alone: ['IPv4'], both: ['IPv4', 'IPv6'] },
  IPv6: { alone: ['IPv6'], both: ['IPv6', 'IPv4'] },
}

/** The API server fills `ipFamilies`; where it is empty the cluster's primary family is not known, and IPv4 is meant. */
export function familiesOf({ families, familyPolicy }: Service): readonly Family[] {
  const [first = 'IPv4'] = families
  const { alone, both } = LISTS[first]
  switch (familyPolicy) {
    case 'SingleStack':
      return alone
    case 'PreferDualStack':
      return families.every((family) => family === first) ? alone : both
    case 'RequireDualStack':
      return both
  }
}
