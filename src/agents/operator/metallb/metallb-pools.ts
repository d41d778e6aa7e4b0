import { mistakeEvent } from '#crd/metallb/events.ts'
import { type AddressPoolStatus, addressPoolStatus } from '#crd/metallb/pool-status.ts'
import type { PoolConflict } from '#ipam/conflicts.ts'
import { wasOurs } from '#ipam/ownership.ts'
import { type Family, formatIp, type Ip } from '#model/ip.ts'
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

/** How many addresses of each pool Services of ours show: each once, however many Services share it. */
export interface ShownAddresses {
  /** What a Service shows by now; undefined when it is gone. */
  put(key: string, record: ServiceRecord | undefined): void
  /** `status` of one of the pools. */
  statusOf(pool: Pool): AddressPoolStatus
}

interface Counts {
  IPv4: number
  IPv6: number
}

interface ShownAddress {
  readonly family: Family
  /** Of the pools that it is of. */
  readonly counts: readonly Counts[]
  services: number
}

export function createShownAddresses(pools: readonly Pool[]): ShownAddresses {
  const counted = pools.map((pool) => ({ pool, counts: { IPv4: 0, IPv6: 0 } }))
  const countsByPool = new Map(counted.map(({ pool, counts }) => [poolKey(pool), counts]))
  const addresses = new Map<string, ShownAddress>()
  /** Addresses by Service. */
  const shown = new Map<string, ReadonlySet<string>>()
  const show = (ip: Ip, text: string): void => {
    const known = addresses.get(text)
    if (known !== undefined) {
      known.services += 1
      return
    }
    const counts = counted.flatMap((one) => (poolContains(one.pool, ip) ? [one.counts] : []))
    for (const count of counts) count[ip.family] += 1
    addresses.set(text, { family: ip.family, counts, services: 1 })
  }
  const hide = (text: string): void => {
    const known = addresses.get(text)
    if (known === undefined) return
    known.services -= 1
    if (known.services > 0) return
    for (const count of known.counts) count[known.family] -= 1
    addresses.delete(text)
  }
  return {
    put(key, record) {
      if (pools.length === 0) return
      const before = shown.get(key)
      const now = record !== undefined && wasOurs(record.service) ? byText(record.service.ingressIps) : NO_ADDRESSES
      for (const [text, ip] of now) if (before?.has(text) !== true) show(ip, text)
      for (const text of before ?? []) if (!now.has(text)) hide(text)
      if (now.size === 0) shown.delete(key)
      else shown.set(key, new Set(now.keys()))
    },
    statusOf: (pool) => addressPoolStatus(pool, countsByPool.get(poolKey(pool)) ?? { IPv4: 0, IPv6: 0 }),
  }
}

const NO_ADDRESSES: ReadonlyMap<string, Ip> = new Map()

function byText(ips: readonly Ip[]): ReadonlyMap<string, Ip> {
  return ips.length === 0 ? NO_ADDRESSES : new Map(ips.map((ip) => [formatIp(ip), ip]))
}
