import type { Mistake } from '#model/condition.ts'
import { compareIp, type Family, type Ip, sameIp } from '#model/ip.ts'
import type { Pool } from '#model/pool.ts'
import { type Service, type ServiceKey, serviceKey } from '#model/service.ts'
import { compareText, findConflicts, type PoolConflict } from './conflicts.ts'
import { createHoldings, hold, type Holdings } from './holdings.ts'
import { arrangePools, containsAddress, isInSome, lookForAny, lookForThis, type OpenPool } from './pools.ts'
import type { Refusal } from './refusal.ts'
import { type Claim, type IpamRequest, isOurs, type NotOurs, requestOf } from './request.ts'

export interface IpamInput {
  readonly pools: readonly Pool[]
  /**
   * Pools of which a part could not be read. What they held before is not known, so while there is one nobody loses an address for
   * being in no pool.
   */
  readonly brokenPools: readonly string[]
  readonly claims: readonly Claim[]
}

/** What a Service of ours is to have. */
export interface Assignment {
  readonly service: Service
  readonly request: IpamRequest
  /** In the order of the request: families, or addresses. */
  readonly addresses: readonly Ip[]
  /** Empty when the request is satisfied and free of mistakes. */
  readonly refusals: readonly Refusal[]
  /** Mistakes in the request; others in the Service are `remarks` and stand in nobody's way. */
  readonly mistakes: readonly Mistake[]
  readonly remarks: readonly Mistake[]
}

export interface Allocation {
  readonly assignments: ReadonlyMap<ServiceKey, Assignment>
  readonly notOurs: ReadonlyMap<ServiceKey, NotOurs>
  readonly conflicts: ReadonlyMap<string, PoolConflict>
  readonly holdings: Holdings
}

interface Draft {
  readonly key: ServiceKey
  readonly claim: Claim
  readonly request: IpamRequest
  readonly kept: Ip[]
  readonly refusals: Refusal[]
}

/**
 * Who gets which address. The same input gives the same answer, in whatever order pools and Services come:
 * 1. Whoever has an address in its status that is still valid keeps it; of two with the same one the older Service.
 * 2. Requests for certain addresses, then those for any; each by creation time, then namespace and name. Pools by name, blocks in the
 *    pool's order, addresses ascending.
 * Disabled and conflicting pools give out nothing and take nothing away.
 */
export function allocate(input: IpamInput): Allocation {
  const conflicts = findConflicts(input.pools)
  const pools = arrangePools(input.pools, conflicts)
  const notOurs = new Map<ServiceKey, NotOurs>()
  const holdings = createHoldings()
  const drafts = draftsOf(input, notOurs)
  const isJudged = input.brokenPools.length === 0
  for (const draft of drafts) keepValid(draft, pools, holdings, isJudged)
  for (const claim of input.claims) holdShown(claim, holdings)
  for (const draft of drafts)
    if (draft.request.kind === 'these') grantThese(draft, draft.request.addresses, pools, holdings)
  for (const draft of drafts) if (draft.request.kind === 'any') grantAny(draft, draft.request.families, pools, holdings)
  return { assignments: new Map(drafts.map((draft) => [draft.key, finish(draft)])), notOurs, conflicts, holdings }
}

function draftsOf(input: IpamInput, notOurs: Map<ServiceKey, NotOurs>): readonly Draft[] {
  const anyPool = input.pools.length + input.brokenPools.length > 0
  const drafts: Draft[] = []
  for (const claim of input.claims) {
    const key = serviceKey(claim.service)
    const ours = isOurs(claim.service, anyPool)
    if (ours === true) drafts.push({ key, claim, request: requestOf(claim), kept: [], refusals: [] })
    else notOurs.set(key, ours)
  }
  return drafts.sort((a, b) => compareCreation(a.claim.service, b.claim.service) || compareText(a.key, b.key))
}

function compareCreation(a: Service, b: Service): number {
  return a.creationTimestampMs - b.creationTimestampMs
}

function keepValid(draft: Draft, pools: readonly OpenPool[], holdings: Holdings, isJudged: boolean): void {
  const { service } = draft.claim
  for (const ip of service.ingressIps) {
    const isInPlace = containsAddress(pools, ip, service) || (!isJudged && !isInSome(pools, ip))
    if (isInPlace && isWanted(draft, ip) && hold(holdings, ip, draft.key)) draft.kept.push(ip)
  }
}

/**
 * An address that the status of a Service may still show goes to nobody else, although that Service is to lose it: first the status is
 * cleared, then the address is free. So two Services never show one address, and an address of another controller is not given out.
 */
function holdShown({ service, alsoShown }: Claim, holdings: Holdings): void {
  for (const ip of [...service.ingressIps, ...alsoShown]) hold(holdings, ip, serviceKey(service))
}

function isWanted({ request, kept }: Draft, ip: Ip): boolean {
  if (kept.some((other) => sameIp(other, ip))) return false
  switch (request.kind) {
    case 'any':
      return request.families.includes(ip.family) && !kept.some(({ family }) => family === ip.family)
    case 'these':
      return request.addresses.some((wanted) => sameIp(wanted, ip))
  }
}

function grantThese(draft: Draft, addresses: readonly Ip[], pools: readonly OpenPool[], holdings: Holdings): void {
  for (const wanted of addresses) {
    if (draft.kept.some((ip) => sameIp(ip, wanted))) continue
    const refusal = lookForThis(pools, wanted, draft.claim.service, holdings)
    if (refusal !== undefined) draft.refusals.push(refusal)
    else if (hold(holdings, wanted, draft.key)) draft.kept.push(wanted)
  }
}

function grantAny(draft: Draft, families: readonly Family[], pools: readonly OpenPool[], holdings: Holdings): void {
  for (const family of families) {
    if (draft.kept.some((ip) => ip.family === family)) continue
    const found = lookForAny(pools, family, draft.claim.service, holdings)
    if (!found.ok) draft.refusals.push(found.error)
    else if (hold(holdings, found.value, draft.key)) draft.kept.push(found.value)
  }
}

function finish({ claim, request, kept, refusals }: Draft): Assignment {
  const mistakes = request.kind === 'these' ? request.mistakes : []
  const remarks = claim.mistakes.filter((mistake) => !mistakes.includes(mistake))
  return { service: claim.service, request, addresses: inOrder(request, kept), refusals, mistakes, remarks }
}

function inOrder(request: IpamRequest, addresses: readonly Ip[]): readonly Ip[] {
  const place = (ip: Ip): number =>
    request.kind === 'any'
      ? request.families.indexOf(ip.family)
      : request.addresses.findIndex((wanted) => sameIp(wanted, ip))
  return addresses.toSorted((a, b) => place(a) - place(b) || compareIp(a, b))
}
