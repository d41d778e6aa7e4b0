import type { Condition } from '#model/condition.ts'
import { type Family, type Ip, sameIp } from '#model/ip.ts'
import { poolContains } from '#model/pool.ts'
import { type ServiceKey, serviceKey } from '#model/service.ts'
import { type Allocation, allocate, type Assignment, type IpamInput } from './allocate.ts'
import { seekerOf } from './draft.ts'
import { clashOver, type Holdings, holdersOf } from './holdings.ts'
import { judgeFor, lookInto, reservedFrom } from './look.ts'
import type { NotOurs } from './ownership.ts'
import { arrangePools, givesOut, type OpenPool, type Seeker } from './pools.ts'
import type { PoolVerdict, ReservedBy } from './refusal.ts'
import type { Claim } from './request.ts'
import { serviceCondition } from './service-condition.ts'
import { type Incompatibility, type Tenant, tenantOf } from './sharing.ts'
import { reachedBy, type Usage } from './usage.ts'

/** Why a Service has the addresses that it has, or none. */
export type Explanation =
  | { readonly kind: 'noService' }
  | { readonly kind: 'notOurs'; readonly why: NotOurs }
  | {
      readonly kind: 'ours'
      readonly addresses: readonly Ip[]
      readonly condition: Condition
      /** One for each family, or each address, that is asked for. */
      readonly looks: readonly Look[]
    }

export interface Look {
  readonly wanted: Family | Ip
  readonly got: Ip | undefined
  /** Other Services that have the same address. */
  readonly sharedWith: readonly ServiceKey[]
  /** Every pool in the order in which it is looked at. */
  readonly pools: readonly PoolLook[]
}

/** `holds`: the Service had the address before; `gives`: it gets it now; `hasFree`: nothing more was wanted, it would be this one. */
export type PoolLook =
  | PoolVerdict
  | { readonly pool: string; readonly code: 'holds' | 'gives' | 'hasFree'; readonly address: Ip }
  | { readonly pool: string; readonly code: 'keptBack'; readonly address: Ip }
  | { readonly pool: string; readonly code: 'reserved'; readonly by: ReservedBy }
  | {
      readonly pool: string
      readonly code: 'taken'
      readonly by: ServiceKey
      readonly reason: Incompatibility | undefined
    }

/** What one Service gets of an input and why, from a look at all pools when everybody has been served. */
export function explain(input: IpamInput, key: ServiceKey): Explanation {
  const claim = input.claims.find(({ service }) => serviceKey(service) === key)
  if (claim === undefined) return { kind: 'noService' }
  const allocation = allocate(input)
  const why = allocation.notOurs.get(key)
  if (why !== undefined) return { kind: 'notOurs', why }
  const assignment = allocation.assignments.get(key)
  if (assignment === undefined) throw new Error(`Service ${key} is neither ours nor not`)
  const witness = witnessOf(input, claim, allocation)
  const looks = wantedOf(assignment).map((wanted) => lookFor(wanted, assignment, witness))
  return { kind: 'ours', addresses: assignment.addresses, condition: serviceCondition(assignment), looks }
}

interface Witness {
  readonly pools: readonly OpenPool[]
  readonly holdings: Holdings
  readonly usage: Usage
  readonly seeker: Seeker
  readonly tenant: Tenant
}

function witnessOf(input: IpamInput, claim: Claim, { conflicts, holdings, usage }: Allocation): Witness {
  const pools = arrangePools(input.pools, conflicts, usage.policies)
  const { service, asked } = claim
  return { pools, holdings, usage, seeker: seekerOf(claim, input.namespaces), tenant: tenantOf(service, asked.sharing) }
}

function wantedOf({ request, addresses }: Assignment): readonly (Family | Ip)[] {
  switch (request.kind) {
    case 'any':
      return request.families
    case 'these':
      return request.addresses
    case 'unclear':
      return addresses
  }
}

function lookFor(wanted: Family | Ip, { addresses, service }: Assignment, witness: Witness): Look {
  const got = addresses.find((ip) => (typeof wanted === 'string' ? ip.family === wanted : sameIp(ip, wanted)))
  const isHeld = got !== undefined && service.ingressIps.some((ip) => sameIp(ip, got))
  const holders = got === undefined ? [] : holdersOf(witness.holdings, got)
  const pools = witness.pools.map((open): PoolLook => {
    const isSource =
      got !== undefined &&
      poolContains(open.pool, got) &&
      judgeFor(open, got, witness.seeker)?.code !== 'selectorMismatch'
    if (isSource) return { pool: open.key, code: isHeld ? 'holds' : 'gives', address: got }
    return typeof wanted === 'string' ? lookForFamily(open, wanted, witness) : lookForAddress(open, wanted, witness)
  })
  return { wanted, got, sharedWith: holders.filter((key) => key !== serviceKey(service)), pools }
}

function lookForFamily(open: OpenPool, family: Family, witness: Witness): PoolLook {
  const found = lookInto(open, family, witness.seeker, witness)
  return found.ok ? { pool: open.key, code: 'hasFree', address: found.value.ip } : found.error
}

function lookForAddress(open: OpenPool, address: Ip, { seeker, holdings, usage, tenant }: Witness): PoolLook {
  const pool = open.key
  const refused = judgeFor(open, address, seeker)
  if (refused !== undefined) return refused
  const by = reservedFrom(open, address, seeker)
  if (by !== undefined) return { pool, code: 'reserved', by }
  const clash = clashOver(holdings, address, tenant)
  if (clash !== undefined) {
    const reason = tenant.sharing === undefined ? undefined : clash.reason
    return { pool, code: 'taken', by: clash.with.key, reason }
  }
  if (!givesOut(open, address)) return { pool, code: 'keptBack', address }
  const reached = reachedBy(usage, open.pool, seeker.service, address)
  return reached === undefined ? { pool, code: 'hasFree', address } : { pool, code: 'overQuota', reached }
}
