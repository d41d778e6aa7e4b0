import type { Condition, Mistake } from '#model/condition.ts'
import { formatIp, type Ip } from '#model/ip.ts'
import { concernsPool, mayRequest, type PoolPolicy, reservationOf } from '#model/pool-policy.ts'
import { type Pool, poolContains, poolKey } from '#model/pool.ts'
import { rangeContains } from '#model/range.ts'
import type { ServiceKey } from '#model/service.ts'
import { shorten } from '#model/valid-condition.ts'
import { compareText } from './conflicts.ts'
import { heldBetween, type Holdings, holdersOf } from './holdings.ts'
import { hasRoom, type Limit, type Usage } from './usage.ts'

/** Whether all that Services have is as the policy would have it, had it been there first. */
export const RESPECTED_CONDITION = 'balise.io/Respected'

/** What a namespace has, as the status of a policy shows it. */
export interface NamespaceUse {
  readonly namespace: string
  readonly addresses: number
  readonly maxAddresses?: number
  readonly services: number
  readonly maxServices?: number
}

/** What a policy is compared with. */
export interface PolicyWitness {
  readonly holdings: Holdings
  readonly usage: Usage
  /** Whether a Service asks for this very address. */
  readonly asksFor: (key: ServiceKey, ip: Ip) => boolean
}

/** Namespaces under a quota that have addresses: those above it and those with the least left first, then by name. */
export function namespaceUses({ name }: PoolPolicy, { limits }: Usage): readonly NamespaceUse[] {
  const own = limitsOfPolicy(name, limits).filter(({ addresses }) => addresses.size > 0)
  return own.toSorted((a, b) => left(a) - left(b) || compareText(a.namespace, b.namespace)).map(useOf)
}

function limitsOfPolicy(name: string, limits: Usage['limits']): readonly Limit[] {
  return Array.from(limits.values(), (each) => each.filter(({ policy }) => policy.name === name)).flat()
}

function left({ addresses, services, quota }: Limit): number {
  const { maxAddresses = Number.POSITIVE_INFINITY, maxServices = Number.POSITIVE_INFINITY } = quota
  return Math.min(maxAddresses - addresses.size, maxServices - services.size)
}

function useOf({ namespace, addresses, services, quota }: Limit): NamespaceUse {
  return {
    namespace,
    addresses: addresses.size,
    ...(quota.maxAddresses === undefined ? {} : { maxAddresses: quota.maxAddresses }),
    services: services.size,
    ...(quota.maxServices === undefined ? {} : { maxServices: quota.maxServices }),
  }
}

/** Names of pools that there are not. While a pool cannot be read it may be the one that is meant. */
export function policyMistakes({ pools: named }: PoolPolicy, pools: readonly Pool[]): readonly Mistake[] {
  if (named === 'all') return []
  const names = pools.map(poolKey).toSorted(compareText)
  return named.flatMap((name, index) => {
    if (pools.some((pool) => pool.name === name || poolKey(pool) === name)) return []
    const others = names.length === 0 ? 'there is none yet' : `there are ${names.slice(0, MOST_TOLD).join(', ')}`
    const problem = 'is the name of no pool'
    return [{ path: `spec.pools[${index}]`, value: name, problem, remedy: `name one that exists, ${others}` }]
  })
}

/** How many offenders are looked for and told. */
const MOST_TOLD = 20

/** `balise.io/Respected`: False names who has more, or other addresses, than the policy allows from now on. */
export function respectedCondition(policy: PoolPolicy, witness: PolicyWitness): Condition {
  const above = limitsOfPolicy(policy.name, witness.usage.limits)
    .filter((limit) => left(limit) < 0)
    .toSorted((a, b) => compareText(a.namespace, b.namespace))
  const sentences = [...above.flatMap(tellAbove), ...heldAnyway(policy, witness)]
  const isRespected = sentences.length === 0
  const rest = 'Nobody loses an address for that: free it, or change the policy'
  return {
    type: RESPECTED_CONDITION,
    status: isRespected ? 'True' : 'False',
    reason: isRespected ? 'respected' : 'held_before',
    message: shorten(isRespected ? [] : [...sentences, rest]),
    observedGeneration: policy.generation,
  }
}

function tellAbove(limit: Limit): readonly string[] {
  const { namespace, quota, addresses, services } = limit
  const tell = (field: 'maxAddresses' | 'maxServices', used: number, what: string): readonly string[] =>
    hasRoom(limit, field) || used === quota[field]
      ? []
      : [`Namespace ${namespace} has ${used} ${what}, ${field} is ${quota[field]}`]
  return [...tell('maxAddresses', addresses.size, 'addresses'), ...tell('maxServices', services.size, 'Services')]
}

/** Who has a reserved address without a right to it, by address; not all of them where there are many. */
function heldAnyway(policy: PoolPolicy, { holdings, usage, asksFor }: PolicyWitness): readonly string[] {
  const concerned = usage.pools.filter((pool) => concernsPool(policy, pool))
  const told: string[] = []
  for (const { range } of policy.reserved) {
    for (const ip of heldBetween(holdings, range)) {
      if (told.length >= MOST_TOLD) return told
      const reservation = reservationOf(policy, ip)
      const isConcerned = policy.pools === 'all' || concerned.some((pool) => poolContains(pool, ip))
      // Of entries that overlap the first one counts.
      if (reservation === undefined || !isConcerned || !rangeContains(range, ip) || reservation.range !== range)
        continue
      const wrong = holdersOf(holdings, ip).filter((key) => {
        const [namespace = ''] = key.split('/')
        return !asksFor(key, ip) || !mayRequest(reservation, namespace, usage.namespaces?.get(namespace))
      })
      const why = reservation.reason === '' ? '' : ` (${reservation.reason})`
      if (wrong.length > 0) told.push(`${formatIp(ip)}${why} is held by ${wrong.slice(0, MOST_TOLD).join(', ')}`)
    }
  }
  return told
}
