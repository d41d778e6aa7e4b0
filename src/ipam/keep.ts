import { type Ip, sameIp } from '#model/ip.ts'
import type { Draft } from './draft.ts'
import { hold } from './holdings.ts'
import { clashIn, createHousehold, moveIn } from './household.ts'
import type { Market } from './look.ts'
import { containsAddress, isInSome } from './pools.ts'
import { incompatibility, type Tenant } from './sharing.ts'

/**
 * Lets every Service keep what it shows and may have. `isJudged`: every pool could be read, so that an address in none of them is in none.
 * Where Services show one address that do not agree to share it, those keep it that agree with most of the others, and of these the
 * older: so a Service that changes its port or key leaves, and not those that it lived with.
 */
export function keepValid(drafts: readonly Draft[], { pools, holdings }: Market, isJudged: boolean): void {
  const valid = new Map<Draft, readonly Ip[]>()
  for (const draft of drafts) {
    const isInPlace = (ip: Ip): boolean =>
      containsAddress(pools, ip, draft.seeker) || (!isJudged && !isInSome(pools, ip))
    valid.set(draft, wantedOf(draft, draft.claim.service.ingressIps.filter(isInPlace)))
  }
  const losers = findLosers(valid)
  for (const [draft, addresses] of valid) {
    for (const ip of addresses) {
      const isLost = losers.get(keyOf(ip))?.has(draft.tenant) === true
      if (!isLost && isStillWanted(draft, ip) && hold(holdings, ip, draft.tenant) === undefined) draft.kept.push(ip)
    }
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

function keyOf({ family, value }: Ip): string {
  return `${family} ${value}`
}

/** Who is to leave which address. `valid` goes from the oldest Service to the youngest. */
function findLosers(valid: ReadonlyMap<Draft, readonly Ip[]>): ReadonlyMap<string, ReadonlySet<Tenant>> {
  const residents = new Map<string, Tenant[]>()
  for (const [{ tenant }, addresses] of valid) {
    for (const key of new Set(addresses.map(keyOf))) {
      const known = residents.get(key)
      if (known === undefined) residents.set(key, [tenant])
      else known.push(tenant)
    }
  }
  const losers = new Map<string, ReadonlySet<Tenant>>()
  for (const [key, tenants] of residents) {
    if (tenants.length === 1 || leavers(tenants).length === 0) continue
    losers.set(key, new Set(leavers(byFriends(tenants))))
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
  const friends = new Map(
    tenants.map((tenant) => [tenant, tenants.filter((other) => incompatibility(tenant, other) === undefined).length]),
  )
  return tenants.toSorted((a, b) => (friends.get(b) ?? 0) - (friends.get(a) ?? 0))
}
