import type { Labels } from './selector.ts'
import type { Ip } from './ip.ts'
import { isInNamespaces, type NamespaceSet } from './namespace-set.ts'
import { type Pool, poolKey } from './pool.ts'
import { type IpRange, rangeContains } from './range.ts'

/**
 * What pools keep back and how much a namespace may have of them: a LoadBalancerIPPoolPolicy (balise.io/v1alpha1). It concerns new grants
 * only: nobody loses an address by it.
 */
export interface PoolPolicy {
  readonly name: string
  readonly generation: number
  /** Names as in annotation `balise.io/pool`: `blue`, or `metallb-system/blue`; `all`: every pool of either dialect. */
  readonly pools: 'all' | readonly string[]
  /** The first that has an address counts. */
  readonly reserved: readonly Reservation[]
  /** The first that has a namespace counts. */
  readonly quotas: readonly Quota[]
}

/** Addresses that are given to nobody who does not ask for them. */
export interface Reservation {
  readonly range: IpRange
  /** As written, for messages. */
  readonly text: string
  /** The user's words on what they are for; may be empty. */
  readonly reason: string
  /** Whose Services get one of them when they ask for it. */
  readonly requestableBy: 'nobody' | 'everybody' | NamespaceSet
}

/** How much each of some namespaces may have, each for itself. */
export interface Quota {
  readonly namespaces: 'all' | NamespaceSet
  /** Different addresses: one that Services of a namespace share counts once. Undefined: any number. */
  readonly maxAddresses: number | undefined
  /** Services with an address. Undefined: any number. */
  readonly maxServices: number | undefined
}

export function concernsPool({ pools }: Pick<PoolPolicy, 'pools'>, pool: Pool): boolean {
  return pools === 'all' || pools.includes(pool.name) || pools.includes(poolKey(pool))
}

/** The reservation of a policy that an address is under. */
export function reservationOf({ reserved }: PoolPolicy, ip: Ip): Reservation | undefined {
  return reserved.find(({ range }) => rangeContains(range, ip))
}

/** Whether a Service of a namespace gets a reserved address when it asks for it; not while the labels that tell are not known. */
export function mayRequest({ requestableBy }: Reservation, namespace: string, labels: Labels | undefined): boolean {
  if (requestableBy === 'everybody' || requestableBy === 'nobody') return requestableBy === 'everybody'
  return isInNamespaces(requestableBy, namespace, labels) === true
}

/** The quota of a policy that a namespace is under. While the labels that tell are not known, it is under the one that may be its own. */
export function quotaOf({ quotas }: PoolPolicy, namespace: string, labels: Labels | undefined): Quota | undefined {
  return quotas.find(
    ({ namespaces }) => namespaces === 'all' || isInNamespaces(namespaces, namespace, labels) !== false,
  )
}

/** Whether labels of namespaces tell anything to this policy. */
export function selectsByLabels({ reserved, quotas }: PoolPolicy): boolean {
  const sets = [...reserved.map(({ requestableBy }) => requestableBy), ...quotas.map(({ namespaces }) => namespaces)]
  return sets.some((set) => typeof set !== 'string' && set.selector !== undefined)
}
