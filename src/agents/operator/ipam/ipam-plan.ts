import { mergeIngress, proxiedIps } from '#crd/ingress.ts'
import { mergeConditions } from '#crd/merge-conditions.ts'
import type { IpamInput, IpamRules, Outcome } from '#ipam/allocate.ts'
import { poolConditions } from '#ipam/pool-conditions.ts'
import { DEFAULT_IPAM, IPAM_CONDITION, type IpamSettings, wasOurs } from '#ipam/ownership.ts'
import { reservedRanges } from '#ipam/pools.ts'
import type { Claim } from '#ipam/request.ts'
import { serviceCondition } from '#ipam/service-condition.ts'
import { ANNOUNCED_CONDITION } from '#l2/announced.ts'
import { concernsPool } from '#model/pool-policy.ts'
import type { Labels } from '#model/selector.ts'
import type { AnnouncementPlan } from '#agents/operator/announcements/announcement-plan.ts'
import type { LedgerEntry, StatusImage } from '#agents/operator/status/ledger.ts'
import { type MetallbLook, NO_METALLB } from '#agents/operator/metallb/metallb-source.ts'
import type { AssignNodes } from './node-source.ts'
import type { PoolPolicyRecord } from './pool-policies.ts'
import type { PoolRecord, ServiceRecord } from '#agents/operator/records.ts'

export interface AllocationOptions {
  readonly settings?: IpamSettings
  /** Pools of MetalLB's dialect. */
  readonly metallb?: MetallbLook
  readonly policies?: Iterable<PoolPolicyRecord>
  /** Labels of namespaces, which pools and policies select by. */
  readonly namespaces?: ReadonlyMap<string, Labels>
}

const NO_NAMESPACES: ReadonlyMap<string, Labels> = new Map()

/** All that addresses are given out by, the Services apart. */
export function rulesOf(
  pools: Iterable<PoolRecord>,
  { settings = DEFAULT_IPAM, metallb = NO_METALLB, policies = [], namespaces = NO_NAMESPACES }: AllocationOptions,
): IpamRules {
  const inForce = Array.from(policies, ({ policy }) => policy).filter((policy) => policy !== undefined)
  return { ...ofPools([...pools, ...metallb.pools]), namespaces, settings, policies: inForce }
}

/** As the operator sees them that has just started. */
export function ipamInputOf(
  pools: readonly PoolRecord[],
  services: readonly ServiceRecord[],
  options: AllocationOptions,
): IpamInput {
  return { ...rulesOf(pools, options), claims: services.map((record) => claimOf(record, undefined)) }
}

function ofPools(records: readonly PoolRecord[]): Pick<IpamInput, 'pools' | 'brokenPools'> {
  return {
    pools: records.flatMap(({ pool }) => pool ?? []),
    brokenPools: records.filter(({ mistakes }) => mistakes.length > 0).map(({ name }) => name),
  }
}

/** An address that was sent counts as held, and what stood there before as well, until the API has answered. */
export function claimOf({ service, asked, ingress }: ServiceRecord, entry: LedgerEntry | undefined): Claim {
  if (entry === undefined) return { service, asked, alsoShown: proxiedIps(ingress) }
  const sent = { ...service, ingressIps: entry.image.addresses }
  return {
    service: sent,
    asked,
    alsoShown: entry.outcome === 'confirmed' ? [] : [...service.ingressIps, ...proxiedIps(ingress), ...entry.sent],
  }
}

export interface ServicePlan {
  readonly allocation: Outcome
  /** Undefined while it is not known who announces what: what is written then stays. */
  readonly announcements: AnnouncementPlan | undefined
  /** Undefined while it is not known which nodes there are, or where node IPAM is off. */
  readonly assignNodes: AssignNodes | undefined
  readonly nowMs: number
}

/** The status that a Service is to have; undefined when it is to be left alone. */
export function serviceImage(
  key: string,
  record: ServiceRecord,
  current: StatusImage,
  { allocation, announcements, assignNodes, nowMs }: ServicePlan,
): StatusImage | undefined {
  const ingress = current.ingress ?? []
  const assignment = allocation.assignments.get(key)
  if (assignment !== undefined) {
    const { addresses, service } = assignment
    const announced = announcements?.conditionsOf(service, addresses, current.conditions)
    const wanted = [serviceCondition(assignment), ...(announced?.wanted ?? [])]
    const conditions = mergeConditions(current.conditions, wanted, announced?.dropped ?? [], nowMs)
    return { conditions, ingress: mergeIngress(ingress, addresses), addresses }
  }
  const notOurs = allocation.notOurs.get(key)
  if (notOurs === 'nodeAddresses') {
    if (assignNodes === undefined) return undefined
    const { addresses, condition } = assignNodes(record.service)
    const conditions = mergeConditions(current.conditions, [condition], [ANNOUNCED_CONDITION], nowMs)
    return { conditions, ingress: mergeIngress(ingress, addresses), addresses }
  }
  const isLeftAlone = notOurs === 'foreignAddress' || notOurs === 'switchedOff'
  if (isLeftAlone || !wasOurs(record.service)) return undefined
  const conditions = mergeConditions(current.conditions, [], [IPAM_CONDITION, ANNOUNCED_CONDITION], nowMs)
  return { conditions, ingress: mergeIngress(ingress, []), addresses: [] }
}

/** The status that a pool is to have. */
export function poolImage(
  record: PoolRecord,
  current: StatusImage,
  { conflicts, holdings, usage }: Outcome,
  nowMs: number,
): StatusImage {
  const { pool, name, generation, mistakes } = record
  const concerning = pool === undefined ? [] : usage.policies.filter((policy) => concernsPool(policy, pool))
  const reserved = reservedRanges(concerning)
  const wanted = poolConditions({ pool, generation, mistakes, conflict: conflicts.get(name), holdings, reserved })
  return { conditions: mergeConditions(current.conditions, wanted, [], nowMs), addresses: [] }
}
