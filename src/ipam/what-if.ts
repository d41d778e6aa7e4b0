import { type Ip, sameIp } from '#model/ip.ts'
import { type ServiceKey, serviceKey } from '#model/service.ts'
import { type Allocation, allocate, type IpamInput } from './allocate.ts'
import { wasOurs } from './ownership.ts'
import type { Claim } from './request.ts'
import { serviceCondition } from './service-condition.ts'

/** A Service whose addresses a change would change. */
export interface Move {
  readonly service: ServiceKey
  readonly from: readonly Ip[]
  readonly to: readonly Ip[]
  /** What its condition would say then; empty when it is satisfied, or no longer ours. */
  readonly message: string
}

/**
 * Who would move if `before` became `after`, by key. Both are taken when all is written and at rest; the statuses of `after` do not count
 * for Services that are in `before`.
 */
export function whatIf(before: IpamInput, after: IpamInput): readonly Move[] {
  const now = comeToRest(before)
  const then = comeToRest({ ...after, claims: after.claims.map((claim) => withStatusOf(claim, now)) })
  const keys = new Set([...now.shown.keys(), ...then.shown.keys()])
  return [...keys].toSorted().flatMap((service) => {
    const from = now.shown.get(service) ?? []
    const to = then.shown.get(service) ?? []
    if (isSame(from, to)) return []
    const assignment = then.allocation.assignments.get(service)
    return [{ service, from, to, message: assignment === undefined ? '' : serviceCondition(assignment).message }]
  })
}

interface Rest {
  readonly allocation: Allocation
  readonly claims: ReadonlyMap<ServiceKey, Claim>
  readonly shown: ReadonlyMap<ServiceKey, readonly Ip[]>
}

/** Writes every status and looks again, until nothing changes: a round may free what another Service waits for. */
function comeToRest(input: IpamInput): Rest {
  let { claims } = input
  for (let round = 0; ; round++) {
    const allocation = allocate({ ...input, claims })
    const written = claims.map((claim) => withAddresses(claim, allocation))
    const isAtRest = written.every((claim, index) => claim === claims[index])
    claims = written
    // Each round ends the wait of one Service at least.
    if (!isAtRest && round <= claims.length + 1) continue
    const byKey = new Map(claims.map((claim) => [serviceKey(claim.service), claim]))
    const shown = new Map(Array.from(byKey, ([key, { service }]) => [key, service.ingressIps]))
    return { allocation, claims: byKey, shown }
  }
}

/** The very claim when it shows what it is to have. */
function withAddresses(claim: Claim, { assignments, notOurs }: Allocation): Claim {
  const { service } = claim
  const key = serviceKey(service)
  const assignment = assignments.get(key)
  if (assignment === undefined) {
    const isCleared = (notOurs.get(key) === 'notLoadBalancer' || notOurs.get(key) === 'otherClass') && wasOurs(service)
    return isCleared ? { ...claim, alsoShown: [], service: { ...service, ingressIps: [], conditions: [] } } : claim
  }
  const { addresses } = assignment
  if (isSame(service.ingressIps, addresses) && claim.alsoShown.length === 0 && wasOurs(service)) return claim
  const conditions = [serviceCondition(assignment)]
  return { ...claim, alsoShown: [], service: { ...service, ingressIps: addresses, conditions } }
}

function withStatusOf(claim: Claim, { claims }: Rest): Claim {
  const before = claims.get(serviceKey(claim.service))?.service
  if (before === undefined) return claim
  const { ingressIps, conditions, creationTimestampMs } = before
  return { ...claim, service: { ...claim.service, ingressIps, conditions, creationTimestampMs } }
}

function isSame(a: readonly Ip[], b: readonly Ip[]): boolean {
  return a.length === b.length && a.every((ip, index) => b[index] !== undefined && sameIp(ip, b[index]))
}
