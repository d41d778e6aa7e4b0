import type { Family, Ip } from '#model/ip.ts'
import type { IpRange } from '#model/range.ts'
import type { ServiceKey } from '#model/service.ts'
import { type Clash, clashIn, createHousehold, type Household, moveIn } from './household.ts'
import { addToRuns, countInside, lowestOutside, type Run } from './runs.ts'
import type { Tenant } from './sharing.ts'

/**
 * Who holds which address: the one place that grants them, so that an address has one holder or several that agree to share it. It knows
 * nothing of pools: they may be split, renamed, closed and opened without anybody's address moving. Its size is that of what is held, not
 * of the pools.
 */
export interface Holdings {
  readonly households: { readonly [F in Family]: Map<bigint, Household> }
  readonly runs: { readonly [F in Family]: Run[] }
  /** Addresses of which a holder has the key, in the order in which they were taken: where one who has it too may come in. */
  readonly shared: Map<string, Ip[]>
}

export function createHoldings(): Holdings {
  return {
    households: { IPv4: new Map(), IPv6: new Map() },
    runs: { IPv4: [], IPv6: [] },
    shared: new Map(),
  }
}

/** Who holds an address, in the order in which they came. */
export function holdersOf(holdings: Holdings, ip: Ip): readonly ServiceKey[] {
  return [...(holdings.households[ip.family].get(ip.value)?.tenants.keys() ?? [])]
}

/** What keeps a Service from an address; undefined when it is free, its own, or of others that share it with this one. */
export function clashOver(holdings: Holdings, ip: Ip, tenant: Tenant): Clash | undefined {
  const household = holdings.households[ip.family].get(ip.value)
  return household === undefined ? undefined : clashIn(household, tenant)
}

/** Gives an address to a Service; nothing changes, and the answer tells why, where others hold it. Holding what one holds succeeds. */
export function hold(holdings: Holdings, ip: Ip, tenant: Tenant): Clash | undefined {
  const clash = clashOver(holdings, ip, tenant)
  if (clash === undefined) holdAnyway(holdings, ip, tenant)
  return clash
}

/** As `hold`, also where others do not agree: this Service has it already, and is to lose it. */
export function holdAnyway(holdings: Holdings, ip: Ip, tenant: Tenant): void {
  const households = holdings.households[ip.family]
  let household = households.get(ip.value)
  if (household === undefined) {
    household = createHousehold()
    households.set(ip.value, household)
    addToRuns(holdings.runs[ip.family], ip.value)
  }
  const isFirst = household.tenants.size === 0
  moveIn(household, tenant)
  if (isFirst && tenant.sharing !== undefined) noteShared(holdings.shared, tenant.sharing.key, ip)
}

function noteShared(shared: Map<string, Ip[]>, key: string, ip: Ip): void {
  const known = shared.get(key)
  if (known === undefined) shared.set(key, [ip])
  else known.push(ip)
}

/** Addresses at which somebody has the sharing key. */
export function sharedUnder(holdings: Holdings, key: string): readonly Ip[] {
  return holdings.shared.get(key) ?? []
}

/** The lowest address of a range that nobody holds; undefined when the range is full. */
export function lowestFree(holdings: Holdings, range: IpRange): Ip | undefined {
  const { family } = range.first
  const value = lowestOutside(holdings.runs[family], range.first.value, range.last.value)
  return value === undefined ? undefined : { family, value }
}

/** How many addresses of a range are held. */
export function heldIn(holdings: Holdings, range: IpRange): bigint {
  return countInside(holdings.runs[range.first.family], range.first.value, range.last.value)
}
