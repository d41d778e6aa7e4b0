import { compareIp, type Family, type Ip, sameIp } from '#model/ip.ts'
import type { Assignment } from './allocate.ts'
import type { Draft } from './draft.ts'
import { hold, show, type Holdings } from './holdings.ts'
import { lookForAny, lookForThis, type Market } from './look.ts'
import type { Claim, IpamRequest } from './request.ts'
import type { Tenant } from './sharing.ts'
import { countIn } from './usage.ts'

/** Gives a Service what it lacks, as far as there is something; what it does not get is told in `refusals`. */
export function grant(draft: Draft, market: Market): void {
  const { request } = draft
  switch (request.kind) {
    case 'these':
      return grantThese(draft, request.addresses, market)
    case 'any':
      return grantAny(draft, request.families, market)
    case 'unclear':
  }
}

function grantThese(draft: Draft, addresses: readonly Ip[], market: Market): void {
  for (const wanted of addresses) {
    if (draft.kept.some((ip) => sameIp(ip, wanted))) continue
    const refusal = lookForThis(market, wanted, draft.seeker, draft.tenant)
    if (refusal === undefined) take(draft, wanted, market)
    else draft.refusals.push(refusal)
  }
}

function grantAny(draft: Draft, families: readonly Family[], market: Market): void {
  for (const family of families) {
    if (draft.kept.some((ip) => ip.family === family)) continue
    const found = lookForAny(market, family, draft.seeker, draft.tenant)
    if (found.ok) take(draft, found.value.ip, market)
    else draft.refusals.push(found.error)
  }
}

function take(draft: Draft, ip: Ip, { holdings, usage }: Market): void {
  const clash = hold(holdings, ip, draft.tenant)
  if (clash !== undefined) throw new Error(`Service ${draft.key} was found an address that ${clash.with.key} holds`)
  draft.kept = [...draft.kept, ip]
  countIn(usage, draft.claim.service, ip)
}

/**
 * An address that the status of a Service may still show goes to nobody who does not agree with it, although that Service is to lose it:
 * first the status is cleared, then the address is free. So no two Services show one address against each other's will, and an address
 * of another controller is not given out.
 */
export function holdShown(claim: Claim, tenant: Tenant, kept: readonly Ip[], holdings: Holdings): void {
  for (const ip of shownBeside(claim, kept)) show(holdings, ip, tenant)
}

/** What a status may show, without what its Service is to have. */
export function shownBeside({ service, alsoShown }: Claim, kept: readonly Ip[]): readonly Ip[] {
  return [...service.ingressIps, ...alsoShown].filter((ip) => !kept.some((one) => sameIp(one, ip)))
}

export function assignmentOf({ claim: { service, asked }, request, kept, refusals }: Draft): Assignment {
  const { mistakes, remarks } = asked
  return { service, request, addresses: inOrder(request, kept), refusals, mistakes, remarks }
}

function inOrder(request: IpamRequest, addresses: readonly Ip[]): readonly Ip[] {
  if (request.kind === 'unclear' || addresses.length < 2) return addresses
  const placeOf = (ip: Ip): number =>
    request.kind === 'any'
      ? request.families.indexOf(ip.family)
      : request.addresses.findIndex((wanted) => sameIp(wanted, ip))
  return addresses.toSorted((a, b) => placeOf(a) - placeOf(b) || compareIp(a, b))
}
