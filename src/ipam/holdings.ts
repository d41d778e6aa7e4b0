import type { Family, Ip } from '#model/ip.ts'
import type { IpRange } from '#model/range.ts'
import type { ServiceKey } from '#model/service.ts'
import { type Clash, clashIn, clashWith, createHousehold, type Household, moveIn } from './household.ts'
import { addToRuns, countInside, lowestOutside, type Run, runIndexAt } from './runs.ts'
import type { Tenant } from './sharing.ts'

/**
 * Who holds which address: the one place that grants them, so that an address has one holder or several that agree to share it. It knows
 * nothing of pools: they may be split, renamed, closed and opened without anybody's address moving. Its size is that of what is held, not
 * of the pools.
 */
export interface Holdings {
  /** One tenant alone, as nearly all are, or several. */
  readonly occupants: { readonly [F in Family]: Map<bigint, Tenant | Household> }
  readonly runs: { readonly [F in Family]: Run[] }
  /** Addresses of which a holder has the key, in the order in which they were taken: where one who has it too may come in. */
  readonly shared: Map<string, Ip[]>
}

export function createHoldings(): Holdings {
  return {
    occupants: { IPv4: new Map(), IPv6: new Map() },
    runs: { IPv4: [], IPv6: [] },
    shared: new Map(),
  }
}

/** Who holds an address, in the order in which they came. */
export function holdersOf(holdings: Holdings, ip: Ip): readonly ServiceKey[] {
  const occupant = holdings.occupants[ip.family].get(ip.value)
  if (occupant === undefined) return []
  return isHousehold(occupant) ? [...occupant.tenants.keys()] : [occupant.key]
}

/** What keeps a Service from an address; undefined when it is free, its own, or of others that share it with this one. */
export function clashOver(holdings: Holdings, ip: Ip, tenant: Tenant): Clash | undefined {
  const occupant = holdings.occupants[ip.family].get(ip.value)
  if (occupant === undefined) return undefined
  return isHousehold(occupant) ? clashIn(occupant, tenant) : clashWith(occupant, tenant)
}

function isHousehold(occupant: Tenant | Household): occupant is Household {
  return 'tenants' in occupant
}

/** Gives an address to a Service; nothing changes, and the answer tells why, where others hold it. Holding what one holds succeeds. */
export function hold(holdings: Holdings, ip: Ip, tenant: Tenant): Clash | undefined {
  const clash = clashOver(holdings, ip, tenant)
  if (clash === undefined) holdAnyway(holdings, ip, tenant)
  return clash
}

/** As `hold`, also where others do not agree: this Service has it already, and is to lose it. */
export function holdAnyway(holdings: Holdings, ip: Ip, tenant: Tenant): void {
  const occupants = holdings.occupants[ip.family]
  const occupant = occupants.get(ip.value)
  if (occupant === undefined) {
    occupants.set(ip.value, tenant)
    addToRuns(holdings.runs[ip.family], ip.value)
    if (tenant.sharing !== undefined) noteShared(holdings.shared, tenant.sharing.key, ip)
  } else if (isHousehold(occupant)) moveIn(occupant, tenant)
  else if (occupant.key !== tenant.key) occupants.set(ip.value, householdOf(occupant, tenant))
}

function householdOf(...tenants: readonly Tenant[]): Household {
  const household = createHousehold()
  for (const tenant of tenants) moveIn(household, tenant)
  return household
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

/** The held addresses of a range, ascending. */
export function* heldBetween(holdings: Holdings, { first, last }: IpRange): Generator<Ip> {
  const { family } = first
  const runs = holdings.runs[family]
  for (let index = runIndexAt(runs, first.value); index < runs.length; index++) {
    const run = runs[index] as Run
    if (run.first > last.value) return
    const end = run.last < last.value ? run.last : last.value
    for (let value = run.first > first.value ? run.first : first.value; value <= end; value++) yield { family, value }
  }
}

/** How many addresses of a range are held. */
export function heldIn(holdings: Holdings, range: IpRange): bigint {
  return countInside(holdings.runs[range.first.family], range.first.value, range.last.value)
}
