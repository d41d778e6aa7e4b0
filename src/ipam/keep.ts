import { type Family, type Ip, sameIp } from '#model/ip.ts'
import type { Draft } from './draft.ts'
import { countIn } from './usage.ts'
import { clashAmongKept, place } from './holdings.ts'
import { clashIn, createHousehold, moveIn } from './household.ts'
import type { Market } from './look.ts'
import { containsAddress, isInSome } from './pools.ts'
import { incompatibleTerms, portKey, type Tenant } from './sharing.ts'

/**
 * Lets every Service keep what it has and may have: first those of which is remembered what they were given, then those of which only the
 * status tells. `isJudged`: every pool could be read, so that an address in none of them is in none.
 *
 * So a Service that changes its port or key leaves, and not those that it lived with. After a restart nobody is remembered: where Services
 * then show one address that do not agree to share it, those keep it that agree with most of the others, and of these the older.
 */
export function keepValid(drafts: readonly Draft[], market: Market, isJudged: boolean): void {
  for (const draft of drafts) {
    if (draft.remembered !== undefined) keepAll(draft, validOf(draft, draft.remembered, market, isJudged), market)
  }
  const valid = new Map<Draft, readonly Ip[]>()
  for (const draft of drafts) {
    if (draft.remembered !== undefined) continue
    const shown = validOf(draft, draft.claim.service.ingressIps, market, isJudged)
    valid.set(
      draft,
      shown.filter((ip) => clashAmongKept(market.holdings, ip, draft.tenant) === undefined),
    )
  }
  const losers = findLosers(valid)
  for (const [draft, addresses] of valid) {
    keepAll(
      draft,
      addresses.filter((ip) => losers[ip.family].get(ip.value)?.has(draft.tenant) !== true),
      market,
    )
  }
}

function validOf(draft: Draft, addresses: readonly Ip[], { pools }: Market, isJudged: boolean): readonly Ip[] {
  const isInPlace = (ip: Ip): boolean => containsAddress(pools, ip, draft.seeker) || (!isJudged && !isInSome(pools, ip))
  return wantedOf(draft, addresses.filter(isInPlace))
}

function keepAll(draft: Draft, addresses: readonly Ip[], { holdings, usage }: Market): void {
  for (const ip of addresses) {
    if (!isStillWanted(draft, ip) || clashAmongKept(holdings, ip, draft.tenant) !== undefined) continue
    place(holdings, ip, draft.tenant)
    draft.kept = [...draft.kept, ip]
    countIn(usage, draft.claim.service, ip)
  }
}

/** Of the addresses that a Service shows, those that it asks for. */
function wantedOf({ request }: Draft, shown: readonly Ip[]): readonly Ip[] {
  switch (request.kind) {
    case 'any':
      return shown.filter(({ family }) => request.families.includes(family))
    case 'these':
      return shown.filter((ip) => request.addresses.some((wanted) => sameIp(wanted, ip)))
    case 'unclear':
      return shown
  }
}

/** Of each family the first one, where any will do. */
function isStillWanted({ request, kept }: Draft, ip: Ip): boolean {
  return !kept.some((other) => (request.kind === 'any' ? other.family === ip.family : sameIp(other, ip)))
}

type ByAddress<T> = { readonly [F in Family]: Map<bigint, T> }

/** Who is to leave which address. `valid` goes from the oldest Service to the youngest. */
function findLosers(valid: ReadonlyMap<Draft, readonly Ip[]>): ByAddress<ReadonlySet<Tenant>> {
  const residents: ByAddress<Tenant | Set<Tenant>> = { IPv4: new Map(), IPv6: new Map() }
  for (const [{ tenant }, addresses] of valid) {
    for (const { family, value } of addresses) {
      const known = residents[family].get(value)
      if (known === undefined) residents[family].set(value, tenant)
      else if (known instanceof Set) known.add(tenant)
      else if (known !== tenant) residents[family].set(value, new Set([known, tenant]))
    }
  }
  return { IPv4: losersOf(residents.IPv4), IPv6: losersOf(residents.IPv6) }
}

function losersOf(residents: ReadonlyMap<bigint, Tenant | Set<Tenant>>): Map<bigint, ReadonlySet<Tenant>> {
  const losers = new Map<bigint, ReadonlySet<Tenant>>()
  for (const [value, tenants] of residents) {
    if (!(tenants instanceof Set) || leavers([...tenants]).length === 0) continue
    losers.set(value, new Set(leavers(byFriends([...tenants]))))
  }
  return losers
}

/** Those that find no place when all move in one after another. */
function leavers(tenants: readonly Tenant[]): readonly Tenant[] {
  const household = createHousehold()
  return tenants.filter((tenant) => {
    if (clashIn(household, tenant) !== undefined) return true
    moveIn(household, tenant)
    return false
  })
}

/** Who agrees with most of the others comes first; the order of others stays. */
function byFriends(tenants: readonly Tenant[]): readonly Tenant[] {
  const friends = countFriends(tenants)
  return tenants.toSorted((a, b) => (friends.get(b) ?? 0) - (friends.get(a) ?? 0))
}

/**
 * With how many of the others each agrees: those of a profile that agrees, without those that have one of its ports. O(profiles^2 + tenants),
 * as long as few have one port.
 */
function countFriends(tenants: readonly Tenant[]): ReadonlyMap<Tenant, number> {
  const profiles = Map.groupBy(tenants, ({ profile }) => profile)
  const byPort = new Map<string, Tenant[]>()
  for (const tenant of tenants) {
    for (const port of tenant.ports) {
      const others = byPort.get(portKey(port))
      if (others === undefined) byPort.set(portKey(port), [tenant])
      else others.push(tenant)
    }
  }
  const friends = new Map<Tenant, number>()
  for (const [profile, members] of profiles) {
    const [one] = members
    if (one === undefined) continue
    const agreeing = [...profiles].filter(([, [other]]) => other !== undefined && isAgreed(one, other))
    const total = agreeing.reduce((sum, [, others]) => sum + others.length, 0)
    const agreed = new Set(agreeing.map(([key]) => key))
    if (agreed.size === 0) continue
    // Those with the same ports have as many friends.
    for (const alike of Map.groupBy(members, portsOf).values()) {
      const ports = alike[0]?.ports ?? []
      const clashing = new Set(ports.flatMap((port) => byPort.get(portKey(port)) ?? []))
      // Nobody is a friend of himself; who has ports is among those that have them.
      const self = ports.length === 0 && agreed.has(profile) ? 1 : 0
      const others = [...clashing].filter((other) => agreed.has(other.profile)).length
      for (const tenant of alike) friends.set(tenant, total - self - others)
    }
  }
  return friends
}

function portsOf({ ports }: Tenant): string {
  return ports.map(portKey).toSorted().join()
}

function isAgreed(one: Tenant, other: Tenant): boolean {
  return incompatibleTerms(one, other) === undefined
}
