import type { Ip } from '#model/ip.ts'
import type { Labels } from '#model/selector.ts'
import { type ServiceKey, serviceKey } from '#model/service.ts'
import { compareText } from './conflicts.ts'
import { type IpamSettings, isOurs, type NotOurs } from './ownership.ts'
import type { Seeker } from './pools.ts'
import type { Refusal } from './refusal.ts'
import { type Claim, type IpamRequest, requestOf } from './request.ts'
import { type Tenant, tenantOf } from './sharing.ts'

/** What Services were given that have not changed since: these go before what their status shows. */
export type Remembered = ReadonlyMap<ServiceKey, readonly Ip[]>

/** A Service of ours while it is found out what it gets. */
export interface Draft {
  readonly key: ServiceKey
  readonly claim: Claim
  readonly request: IpamRequest
  readonly seeker: Seeker
  readonly tenant: Tenant
  /** What it was given, unchanged since; undefined where that is not known, and what it shows counts. */
  readonly remembered: readonly Ip[] | undefined
  /** Replaced, never changed: a list that was added to has room for more, in tens of thousands of Services. */
  kept: readonly Ip[]
  readonly refusals: Refusal[]
}

export interface DraftContext {
  readonly anyPool: boolean
  readonly settings: IpamSettings
  /** Labels of namespaces, by name; undefined while they are not known. */
  readonly namespaces: ReadonlyMap<string, Labels> | undefined
  readonly remembered?: Remembered
}

/** Services of ours in the order in which they are served: by creation time, then namespace and name. The others go to `notOurs`. */
export function draftsOf(
  claims: Iterable<Claim>,
  context: DraftContext,
  notOurs: Map<ServiceKey, NotOurs>,
): readonly Draft[] {
  const drafts: Draft[] = []
  for (const claim of claims) {
    const ours = isOurs(claim.service, context.anyPool, context.settings)
    if (ours === true) drafts.push(draftOf(claim, context))
    else notOurs.set(serviceKey(claim.service), ours)
  }
  return drafts.sort(compareAge)
}

const NOTHING: readonly Ip[] = []

function draftOf(claim: Claim, { namespaces, remembered }: DraftContext): Draft {
  const { service, asked } = claim
  const tenant = tenantOf(service, asked.sharing)
  const { key } = tenant
  const seeker = seekerOf(claim, namespaces)
  const request = requestOf(claim)
  return { key, claim, request, seeker, tenant, remembered: remembered?.get(key), kept: NOTHING, refusals: [] }
}

export function seekerOf({ service, asked }: Claim, namespaces: DraftContext['namespaces']): Seeker {
  return { service, namespaceLabels: namespaces?.get(service.namespace), poolName: asked.pool }
}

export function compareAge(a: Draft, b: Draft): number {
  return (
    a.claim.service.creationTimestampMs - b.claim.service.creationTimestampMs ||
    (a === b ? 0 : compareText(a.key, b.key))
  )
}

/** The order in which those are served that lack something: requests for certain addresses before those for any. */
export function compareTurn(a: Draft, b: Draft): number {
  return turnOf(a) - turnOf(b) || compareAge(a, b)
}

function turnOf({ request }: Draft): number {
  return request.kind === 'these' ? 0 : 1
}
