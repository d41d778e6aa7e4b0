import { mistakeEvent } from '#crd/metallb/events.ts'
import { type AddressPoolStatus, addressPoolStatus } from '#crd/metallb/pool-status.ts'
import type { PoolConflict } from '#ipam/conflicts.ts'
import { wasOurs } from '#ipam/ownership.ts'
import { formatIp, type Ip } from '#model/ip.ts'
import { type Pool, poolContains, poolKey } from '#model/pool.ts'
import { formatRange } from '#model/range.ts'
import { shadowedMistakes } from './metallb-source.ts'
import type { LegacyRecord } from './metallb-records.ts'
import type { PoolRecord, ServiceRecord } from '#agents/operator/records.ts'

/** An Event on a pool or on the ConfigMap. */
export interface PoolEvent {
  readonly type: 'Normal' | 'Warning'
  readonly reason: 'InvalidConfiguration' | 'PoolConflict' | 'NotTakenOver'
  readonly message: string
}

/** What there is to tell of an IPAddressPool, which has no conditions. */
export function poolEvents(
  { mistakes, pool }: PoolRecord,
  conflicts: ReadonlyMap<string, PoolConflict>,
): readonly PoolEvent[] {
  const invalid = mistakeEvent(mistakes)
  return [...(invalid === undefined ? [] : [invalid]), ...(pool === undefined ? [] : conflictEvents(pool, conflicts))]
}

/** What there is to tell of the ConfigMap of old. `own` are the IPAddressPools, by `poolKey`. */
export function legacyEvents(
  record: LegacyRecord,
  own: ReadonlyMap<string, unknown>,
  conflicts: ReadonlyMap<string, PoolConflict>,
): readonly PoolEvent[] {
  const mistakes = mistakeEvent([...record.mistakes, ...shadowedMistakes(record, own)])
  const inForce = record.pools.filter((pool) => !own.has(poolKey(pool)))
  return [
    ...(mistakes === undefined ? [] : [mistakes]),
    ...inForce.flatMap((pool) => conflictEvents(pool, conflicts)),
    ...record.notTakenOver.map(
      ({ path, reason }): PoolEvent => ({ type: 'Warning', reason: 'NotTakenOver', message: `${path}: ${reason}` }),
    ),
  ]
}

/** Both sides of an overlap are told of it: the one that gives out nothing because of it, and the one that it overlaps. */
function conflictEvents(pool: Pool, conflicts: ReadonlyMap<string, PoolConflict>): readonly PoolEvent[] {
  const key = poolKey(pool)
  const own = conflicts.get(key)
  const messages = [...conflicts]
    .filter(([other, { otherPool }]) => otherPool === key && other !== key)
    .map(([other, { range }]) => `Pool ${other} overlaps this one at ${formatRange(range)} and gives out nothing`)
  if (own !== undefined) messages.unshift(atFault(own))
  return messages.map((message) => ({ type: 'Warning', reason: 'PoolConflict', message }))
}

function atFault({ range, otherRange, otherPool }: PoolConflict): string {
  return `This pool gives out nothing: ${formatRange(range)} overlaps ${formatRange(otherRange)} of pool ${otherPool}. Remove the addresses from one of the two`
}

/** The addresses that Services of ours show, each once. */
export function shownAddresses(services: Iterable<ServiceRecord>): readonly Ip[] {
  const shown = new Map<string, Ip>()
  for (const { service } of services) {
    if (!wasOurs(service)) continue
    for (const ip of service.ingressIps) shown.set(formatIp(ip), ip)
  }
  return [...shown.values()]
}

/** `status` of a pool with these of all addresses given out. */
export function statusOf(pool: Pool, shown: readonly Ip[]): AddressPoolStatus {
  const inside = shown.filter((ip) => poolContains(pool, ip))
  const IPv4 = inside.filter(({ family }) => family === 'IPv4').length
  return addressPoolStatus(pool, { IPv4, IPv6: inside.length - IPv4 })
}
