import type { Ip } from '#model/ip.ts'
import { concernsPool, type PoolPolicy, type Quota, quotaOf } from '#model/pool-policy.ts'
import { type Pool, poolContains, poolKey } from '#model/pool.ts'
import type { Labels } from '#model/selector.ts'
import { type Service, type ServiceKey, serviceKey } from '#model/service.ts'
import { compareText, type PoolConflict } from './conflicts.ts'

/** What one namespace has of the pools of one policy, against its quota. */
export interface Limit {
  readonly policy: PoolPolicy
  readonly namespace: string
  readonly quota: Quota
  /** How many of its Services have an address, by address. */
  readonly addresses: Map<string, number>
  /** How many addresses a Service has. */
  readonly services: Map<ServiceKey, number>
}

/** Which limit of a policy a namespace has reached. */
export interface Reached {
  readonly policy: string
  readonly namespace: string
  readonly field: 'maxAddresses' | 'maxServices'
  readonly max: number
}

/** What namespaces have, as far as policies limit it: addresses that Services are to have, not those that they only show still. */
export interface Usage {
  /** In the order of their names. */
  readonly policies: readonly PoolPolicy[]
  readonly pools: readonly Pool[]
  /** Those that give out addresses: no address is in two of them. */
  readonly inForce: readonly Pool[]
  readonly namespaces: ReadonlyMap<string, Labels> | undefined
  readonly limits: Map<string, readonly Limit[]>
  /** Where limits are noted under which somebody got or lost an address; undefined where nobody asks. */
  readonly journal: Set<Limit> | undefined
}

export function createUsage(
  policies: readonly PoolPolicy[],
  { pools, conflicts }: { readonly pools: readonly Pool[]; readonly conflicts: ReadonlyMap<string, PoolConflict> },
  namespaces: ReadonlyMap<string, Labels> | undefined,
  journal?: Set<Limit>,
): Usage {
  const inOrder = policies.toSorted((a, b) => compareText(a.name, b.name))
  const inForce = pools.filter((pool) => !pool.disabled && !conflicts.has(poolKey(pool)))
  return { policies: inOrder, pools, inForce, namespaces, limits: new Map(), journal }
}

/** The limits that a namespace is under, by name of the policy. */
export function limitsOf(usage: Usage, namespace: string): readonly Limit[] {
  if (usage.policies.length === 0) return []
  const known = usage.limits.get(namespace)
  if (known !== undefined) return known
  const limits = usage.policies.flatMap((policy): readonly Limit[] => {
    const quota = quotaOf(policy, namespace, usage.namespaces?.get(namespace))
    return quota === undefined ? [] : [{ policy, namespace, quota, addresses: new Map(), services: new Map() }]
  })
  usage.limits.set(namespace, limits)
  return limits
}

/** Counts an address that a Service is to have. */
export function countIn(usage: Usage, service: Service, ip: Ip): void {
  for (const limit of limitsOver(usage, service, ip)) {
    add(limit.addresses, textOf(ip), 1)
    add(limit.services, serviceKey(service), 1)
    usage.journal?.add(limit)
  }
}

/** The inverse of `countIn`. */
export function countOut(usage: Usage, service: Service, ip: Ip): void {
  for (const limit of limitsOver(usage, service, ip)) {
    add(limit.addresses, textOf(ip), -1)
    add(limit.services, serviceKey(service), -1)
    usage.journal?.add(limit)
  }
}

/** An address counts as of the pool that gives it out, or of those that hold it where none does. */
function limitsOver(usage: Usage, { namespace }: Service, ip: Ip): readonly Limit[] {
  const limits = limitsOf(usage, namespace)
  if (limits.length === 0) return limits
  const giver = usage.inForce.find((pool) => poolContains(pool, ip))
  const sources = giver === undefined ? usage.pools.filter((pool) => poolContains(pool, ip)) : [giver]
  return limits.filter(({ policy }) => policy.pools === 'all' || sources.some((pool) => concernsPool(policy, pool)))
}

function add(counts: Map<string, number>, key: string, difference: 1 | -1): void {
  const count = (counts.get(key) ?? 0) + difference
  if (count === 0) counts.delete(key)
  else counts.set(key, count)
}

function textOf({ family, value }: Ip): string {
  return `${family} ${value.toString(16)}`
}

/** What keeps a Service from one more address of a pool; undefined when nothing does. `ip` where it is known which, for it may have that. */
export function reachedBy(usage: Usage, pool: Pool, service: Service, ip: Ip | undefined): Reached | undefined {
  for (const limit of limitsOf(usage, service.namespace)) {
    const field = concernsPool(limit.policy, pool) ? reachedField(limit, service, ip) : undefined
    if (field === undefined) continue
    const { policy, namespace, quota } = limit
    return { policy: policy.name, namespace, field, max: quota[field] ?? 0 }
  }
  return undefined
}

function reachedField(limit: Limit, service: Service, ip: Ip | undefined): Reached['field'] | undefined {
  const isAnother = ip === undefined || !limit.addresses.has(textOf(ip))
  if (isAnother && !hasRoom(limit, 'maxAddresses')) return 'maxAddresses'
  return limit.services.has(serviceKey(service)) || hasRoom(limit, 'maxServices') ? undefined : 'maxServices'
}

/** Whether a namespace may have one more address, or one more Service with an address. */
export function hasRoom({ addresses, services, quota }: Limit, field: Reached['field']): boolean {
  const used = field === 'maxAddresses' ? addresses.size : services.size
  return used < (quota[field] ?? Number.POSITIVE_INFINITY)
}
