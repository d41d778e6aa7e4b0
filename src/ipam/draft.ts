import type { Ip } from '#model/ip.ts'
import type { Labels } from '#model/selector.ts'
import { type Service, type ServiceKey, serviceKey } from '#model/service.ts'
import { compareText } from './conflicts.ts'
import { type IpamSettings, isOurs, type NotOurs } from './ownership.ts'
import type { Seeker } from './pools.ts'
import type { Refusal } from './refusal.ts'
import { type Claim, type IpamRequest, requestOf } from './request.ts'
import { type Tenant, tenantOf } from './sharing.ts'

/** A Service of ours while it is found out what it gets. */
export interface Draft {
  readonly key: ServiceKey
  readonly claim: Claim
  readonly request: IpamRequest
  readonly seeker: Seeker
  readonly tenant: Tenant
  readonly kept: Ip[]
  readonly refusals: Refusal[]
}

export interface DraftContext {
  readonly anyPool: boolean
  readonly settings: IpamSettings
  /** Labels of namespaces, by name; undefined while they are not known. */
  readonly namespaces: ReadonlyMap<string, Labels> | undefined
}

/** Services of ours in the order in which they are served: by creation time, then namespace and name. The others go to `notOurs`. */
export function draftsOf(
  claims: readonly Claim[],
  { anyPool, settings, namespaces }: DraftContext,
  notOurs: Map<ServiceKey, NotOurs>,
): readonly Draft[] {
  const drafts: Draft[] = []
  for (const claim of claims) {
    const ours = isOurs(claim.service, anyPool, settings)
    if (ours === true) drafts.push(draftOf(claim, namespaces))
    else notOurs.set(serviceKey(claim.service), ours)
  }
  return drafts.sort((a, b) => compareCreation(a.claim.service, b.claim.service) || compareText(a.key, b.key))
}

function draftOf(claim: Claim, namespaces: DraftContext['namespaces']): Draft {
  const { service, asked } = claim
  const tenant = tenantOf(service, asked.sharing)
  const seeker = seekerOf(claim, namespaces)
  return { key: tenant.key, claim, request: requestOf(claim), seeker, tenant, kept: [], refusals: [] }
}

export function seekerOf({ service, asked }: Claim, namespaces: DraftContext['namespaces']): Seeker {
  return { service, namespaceLabels: namespaces?.get(service.namespace), poolName: asked.pool }
}

function compareCreation(a: Service, b: Service): number {
  return a.creationTimestampMs - b.creationTimestampMs
}
