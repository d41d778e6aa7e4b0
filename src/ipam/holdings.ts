import { compareIp, type Family, type Ip } from '#model/ip.ts'
import type { IpRange } from '#model/range.ts'
import type { ServiceKey, ServicePort } from '#model/service.ts'
import { compareText } from './conflicts.ts'
import { type Clash, clashIn, clashWith, createHousehold, type Household, moveIn, moveOut } from './household.ts'
import { createOrdered, drop, entries, get, type Ordered, put } from './ordered.ts'
import { addToRuns, countInside, createRuns, lowestOutside, removeFromRuns, type Runs, runsInside } from './runs.ts'
import { portKey, type Tenant } from './sharing.ts'

/**
 * Who holds which address: the one place that grants them, so that an address has one holder or several that agree to share it. It knows
 * nothing of pools: they may be split, renamed, closed and opened without anybody's address moving. Its size is that of what is held, not
 * of the pools. What it answers hangs on what is held alone, not on the order in which that came about.
 */
export interface Holdings {
  /** Addresses that Services are to have. */
  readonly kept: Occupants
  /** Addresses that a Service which is not to have them may still show: they go to nobody who does not agree with it. */
  readonly shown: Occupants
  /** Addresses in `kept` or `shown`. */
  readonly runs: { readonly [F in Family]: Runs }
  /** Where who has a sharing key may come in: the kept addresses under it, with the number of their holders that have it. */
  readonly shared: Map<string, Ordered<Ip, number>>
  /** Under a sharing key and a port: at how many addresses under the key somebody with the key has the port. */
  readonly portsUnder: Map<string, Map<string, number>>
  /** Where changes are noted; undefined where nobody asks. */
  readonly journal: Journal | undefined
}

/** One tenant alone, as nearly all are, or several. */
type Occupants = { readonly [F in Family]: Map<bigint, Tenant | Household> }

/** What changed: addresses, by text, and sharing keys that holders of them have or had. */
export interface Journal {
  readonly addresses: Map<string, Ip>
  readonly keys: Set<string>
}

export function createHoldings(journal?: Journal): Holdings {
  return {
    kept: { IPv4: new Map(), IPv6: new Map() },
    shown: { IPv4: new Map(), IPv6: new Map() },
    runs: { IPv4: createRuns(), IPv6: createRuns() },
    shared: new Map(),
    portsUnder: new Map(),
    journal,
  }
}

/** One text for one address. */
export function addressKey({ family, value }: Ip): string {
  return `${family} ${value.toString(36)}`
}

/** Who holds an address or shows it, by key. */
export function holdersOf({ kept, shown }: Holdings, ip: Ip): readonly ServiceKey[] {
  return [...new Set([...keysAt(kept, ip), ...keysAt(shown, ip)])].toSorted(compareText)
}

function hasAt(occupants: Occupants, { family, value }: Ip, { key }: Tenant): boolean {
  const occupant = occupants[family].get(value)
  return occupant !== undefined && (isHousehold(occupant) ? occupant.tenants.has(key) : occupant.key === key)
}

function keysAt(occupants: Occupants, ip: Ip): readonly ServiceKey[] {
  const occupant = occupants[ip.family].get(ip.value)
  if (occupant === undefined) return []
  return isHousehold(occupant) ? [...occupant.tenants.keys()] : [occupant.key]
}

function isHousehold(occupant: Tenant | Household): occupant is Household {
  return 'tenants' in occupant
}

/** What keeps a Service from an address; undefined when it is free, its own, or of others that share it with this one. */
export function clashOver(holdings: Holdings, ip: Ip, tenant: Tenant): Clash | undefined {
  return clashAt(holdings.kept, ip, tenant) ?? clashAt(holdings.shown, ip, tenant)
}

/** As `clashOver`, without those who are to lose the address. */
export function clashAmongKept(holdings: Holdings, ip: Ip, tenant: Tenant): Clash | undefined {
  return clashAt(holdings.kept, ip, tenant)
}

function clashAt(occupants: Occupants, ip: Ip, tenant: Tenant): Clash | undefined {
  const occupant = occupants[ip.family].get(ip.value)
  if (occupant === undefined) return undefined
  return isHousehold(occupant) ? clashIn(occupant, tenant) : clashWith(occupant, tenant)
}

/** Gives an address to a Service; nothing changes, and the answer tells why, where others hold it. Holding what one holds succeeds. */
export function hold(holdings: Holdings, ip: Ip, tenant: Tenant): Clash | undefined {
  const clash = clashOver(holdings, ip, tenant)
  if (clash === undefined) place(holdings, ip, tenant)
  return clash
}

/** As `hold`, for who has no clash with those who are to have the address, whoever else may still show it. */
export function place(holdings: Holdings, ip: Ip, tenant: Tenant): void {
  if (hasAt(holdings.kept, ip, tenant)) return
  note(holdings, ip, tenant)
  moveOutOf(holdings.shown, ip, tenant)
  moveInto(holdings.kept, ip, tenant)
  count(holdings, ip, tenant, 1)
  settleRun(holdings, ip)
}

/** The inverse of `place`. */
export function release(holdings: Holdings, ip: Ip, tenant: Tenant): void {
  moveOutOf(holdings.kept, ip, tenant)
  count(holdings, ip, tenant, -1)
  settleRun(holdings, ip)
  note(holdings, ip, tenant)
}

/** Notes that a Service which is not to have an address may show it, whatever others say. */
export function show(holdings: Holdings, ip: Ip, tenant: Tenant): void {
  moveInto(holdings.shown, ip, tenant)
  settleRun(holdings, ip)
  note(holdings, ip, tenant)
}

/** The inverse of `show`; nothing where the Service has got the address since. */
export function unshow(holdings: Holdings, ip: Ip, tenant: Tenant): void {
  moveOutOf(holdings.shown, ip, tenant)
  settleRun(holdings, ip)
  note(holdings, ip, tenant)
}

function moveInto(occupants: Occupants, { family, value }: Ip, tenant: Tenant): void {
  const known = occupants[family].get(value)
  if (known === undefined) occupants[family].set(value, tenant)
  else if (isHousehold(known)) moveIn(known, tenant)
  else if (known.key !== tenant.key) occupants[family].set(value, householdOf(known, tenant))
}

function householdOf(...tenants: readonly Tenant[]): Household {
  const household = createHousehold()
  for (const tenant of tenants) moveIn(household, tenant)
  return household
}

function moveOutOf(occupants: Occupants, { family, value }: Ip, tenant: Tenant): void {
  const known = occupants[family].get(value)
  if (known === undefined) return
  if (!isHousehold(known)) {
    if (known.key === tenant.key) occupants[family].delete(value)
    return
  }
  moveOut(known, tenant)
  const [last, ...more] = known.tenants.size === 1 ? known.tenants.values() : []
  if (last !== undefined && more.length === 0) occupants[family].set(value, last)
}

function settleRun({ kept, shown, runs }: Holdings, { family, value }: Ip): void {
  const isHeld = kept[family].has(value) || shown[family].has(value)
  const isInRun = lowestOutside(runs[family], value, value) === undefined
  if (isHeld && !isInRun) addToRuns(runs[family], value)
  else if (!isHeld && isInRun) removeFromRuns(runs[family], value)
}

function count({ shared, portsUnder }: Holdings, ip: Ip, { sharing, ports }: Tenant, difference: 1 | -1): void {
  if (sharing === undefined) return
  for (const port of ports) countPort(portsUnder, portUnder(sharing.key, port), ip, difference)
  const addresses = shared.get(sharing.key) ?? createOrdered<Ip, number>(compareIp)
  const holders = (get(addresses, ip) ?? 0) + difference
  if (holders > 0) put(addresses, ip, holders)
  else drop(addresses, ip)
  if (addresses.size > 0) shared.set(sharing.key, addresses)
  else shared.delete(sharing.key)
}

function portUnder(sharingKey: string, port: ServicePort): string {
  return `${portKey(port)} ${sharingKey}`
}

function countPort(portsUnder: Holdings['portsUnder'], key: string, ip: Ip, difference: 1 | -1): void {
  const addresses = portsUnder.get(key) ?? new Map<string, number>()
  const holders = (addresses.get(addressKey(ip)) ?? 0) + difference
  if (holders > 0) addresses.set(addressKey(ip), holders)
  else addresses.delete(addressKey(ip))
  if (addresses.size > 0) portsUnder.set(key, addresses)
  else portsUnder.delete(key)
}

/** Whether one of a Service's ports is taken at every address under its sharing key, so that none of them is for it. */
export function isPortTaken({ shared, portsUnder }: Holdings, { sharing, ports }: Tenant): boolean {
  if (sharing === undefined) return false
  const addresses = shared.get(sharing.key)?.size ?? 0
  return addresses > 0 && ports.some((port) => portsUnder.get(portUnder(sharing.key, port))?.size === addresses)
}

function note({ journal, kept }: Holdings, ip: Ip, { sharing }: Tenant): void {
  if (journal === undefined) return
  journal.addresses.set(addressKey(ip), ip)
  if (sharing !== undefined) journal.keys.add(sharing.key)
  const occupant = kept[ip.family].get(ip.value)
  if (occupant === undefined) return
  // Those who keep an address together agree, so they have one key.
  const [other] = isHousehold(occupant) ? occupant.tenants.values() : [occupant]
  if (other?.sharing !== undefined) journal.keys.add(other.sharing.key)
}

/** Addresses at which somebody has the sharing key, ascending. */
export function* sharedUnder(holdings: Holdings, key: string): Generator<Ip> {
  const addresses = holdings.shared.get(key)
  if (addresses !== undefined) for (const { key: ip } of entries(addresses)) yield ip
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
  for (const run of runsInside(holdings.runs[family], first.value, last.value)) {
    for (let { first: value } = run; value <= run.last; value++) yield { family, value }
  }
}

/** How many addresses of a range are held. */
export function heldIn(holdings: Holdings, range: IpRange): bigint {
  return countInside(holdings.runs[range.first.family], range.first.value, range.last.value)
}
