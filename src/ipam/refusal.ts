import { type Family, formatIp, type Ip } from '#model/ip.ts'
import type { AudienceRefusal, PoolAudience } from '#model/pool-audience.ts'
import { formatSelector } from '#model/selector.ts'
import type { ServiceKey } from '#model/service.ts'
import { formatIncompatibility, type Incompatibility } from './sharing.ts'
import type { Reached } from './usage.ts'

/** Why one pool gave nothing to one request. */
export type PoolVerdict =
  | {
      readonly pool: string
      readonly code:
        | 'noBlockOfFamily'
        | 'addressOutside'
        | 'avoided'
        | 'disabled'
        | 'conflicting'
        | 'selfConflicting'
        | 'otherPool'
        | 'notAutomatic'
    }
  | {
      readonly pool: string
      readonly code: 'selectorMismatch'
      readonly refused: AudienceRefusal
      readonly audience: PoolAudience
    }
  | { readonly pool: string; readonly code: 'overQuota'; readonly reached: Reached }
  /** `reservedBy`: names of policies that keep some of it for who asks for it. */
  | { readonly pool: string; readonly code: 'full'; readonly reservedBy: readonly string[] }

/**
 * A request, or the part of it for one family, that got nothing. The codes are the reasons of Cilium's service condition; those of
 * policies, `quota_exceeded` and `address_reserved`, are ours.
 */
export type Refusal =
  | {
      readonly code: 'no_pool' | 'out_of_ips' | 'pool_selector_mismatch' | 'quota_exceeded'
      readonly wanted: Family | Ip
      /** The name of the pool that was asked for; empty when any would do. */
      readonly inPool: string
      /** Every pool in the order in which they were looked at. */
      readonly looked: readonly PoolVerdict[]
      /** Pools with mistakes: without these, they might give something. */
      readonly broken: readonly string[]
    }
  | {
      readonly code: 'already_allocated'
      readonly wanted: Ip
      /** A Service, or the pool that keeps its first and last addresses back. */
      readonly by: { readonly holder: ServiceKey } | { readonly keptBackBy: string }
    }
  | {
      readonly code: 'already_allocated_incompatible_service'
      readonly wanted: Ip
      readonly by: { readonly holder: ServiceKey }
      readonly reason: Incompatibility
    }
  | { readonly code: 'address_reserved'; readonly wanted: Ip; readonly by: ReservedBy }

/** What a policy says of an address that it reserves. */
export interface ReservedBy {
  readonly policy: string
  /** The user's words; may be empty. */
  readonly reason: string
  /** Whose Services get it; empty: nobody's. */
  readonly requestableBy: string
}

/** `No pool gives an IPv4 address to this Service. Pool blue: selects app=blue only. Do ...` */
export function formatRefusal(refusal: Refusal): string {
  switch (refusal.code) {
    case 'already_allocated':
      return 'holder' in refusal.by
        ? `${formatIp(refusal.wanted)} is held by Service ${refusal.by.holder}: ask for another address, or free that one`
        : `${formatIp(refusal.wanted)} is the first or last address of a block of pool ${refusal.by.keptBackBy}, which keeps those back (allowFirstLastIPs: No): ask for another address`
    case 'already_allocated_incompatible_service':
      return `${formatIp(refusal.wanted)} is held by Service ${refusal.by.holder}, which cannot share it with this one: ${formatIncompatibility(refusal.reason)}`
    case 'address_reserved':
      return `${formatIp(refusal.wanted)} is ${formatReserved(refusal.by)}. Ask for another address, or change reserved in that policy`
    case 'quota_exceeded':
      return `No ${nameOf(refusal.wanted)} for this Service: its namespace has all that it may have. ${formatVerdicts(refusal)}. Raise the quota, or delete a Service of type LoadBalancer in this namespace`
    case 'out_of_ips':
      return `No ${nameOf(refusal.wanted)} is free. ${formatVerdicts(refusal)}. Add addresses to a pool, or delete a Service of type LoadBalancer`
    case 'pool_selector_mismatch':
      return `${nameOf(refusal.wanted)} is in a pool for other Services. ${formatVerdicts(refusal)}. Give this Service what the pool asks for, change whom the pool is for, or ask for another address`
    case 'no_pool':
      return formatNoPool(refusal)
  }
}

/** What follows an address in a sentence. */
export function formatReserved({ policy, reason, requestableBy }: ReservedBy): string {
  const why = reason === '' ? '' : ` (${reason})`
  const whose = requestableBy === '' ? '' : `; Services of ${requestableBy} may ask for it`
  return `reserved by LoadBalancerIPPoolPolicy ${policy}${why}${whose}`
}

type PoolRefusal = Extract<Refusal, { readonly looked: readonly PoolVerdict[] }>

function formatNoPool(refusal: PoolRefusal): string {
  const { wanted, looked, inPool } = refusal
  const isBroken = brokenAmong(refusal).length > 0
  if (looked.length === 0 && !isBroken) {
    return `There is no pool to take ${withArticle(wanted)} from: create a CiliumLoadBalancerIPPool with free addresses of your network in spec.blocks`
  }
  if (looked.every(({ code }) => code === 'otherPool') && !isBroken) {
    return `There is no pool ${inPool}: ask for one of ${looked.map(({ pool }) => pool).join(', ')}`
  }
  return `No pool gives ${withArticle(wanted)} to this Service. ${formatVerdicts(refusal)}. ${formatRemedies(refusal, isBroken)}`
}

/** Those with mistakes that the Service might have something from. */
function brokenAmong({ broken, inPool }: PoolRefusal): readonly string[] {
  return inPool === '' ? broken : broken.filter((pool) => pool === inPool || pool.endsWith(`/${inPool}`))
}

/** What to do about a pool that refuses; first comes what is a matter of the Service alone. */
const REMEDIES: { readonly [C in PoolVerdict['code']]?: string } = {
  selectorMismatch: 'give this Service what the pool asks for',
  notAutomatic: 'ask for the pool with annotation balise.io/pool',
  addressOutside: 'ask for an address that is in the pool',
  avoided: 'ask for an address that does not end in .0 or .255',
  noBlockOfFamily: 'add addresses of this family to the pool',
  disabled: 'set spec.disabled: false in the pool',
  conflicting: 'take the overlap out of one of the two pools',
  selfConflicting: 'take the overlap out of the pool',
  full: 'add addresses to the pool',
  overQuota: 'raise the quota',
}

function formatRemedies(refusal: PoolRefusal, isBroken: boolean): string {
  const codes = new Set<string>(relevantOf(refusal).map(({ code }) => code))
  const remedies = Object.entries(REMEDIES).flatMap(([code, remedy]) => (codes.has(code) ? [remedy] : []))
  const mending = isBroken ? ['mend the mistakes of the pool'] : []
  const text = [...mending, ...remedies, 'create a CiliumLoadBalancerIPPool'].join(', or ')
  return text.charAt(0).toUpperCase() + text.slice(1)
}

function nameOf(wanted: Family | Ip): string {
  return typeof wanted === 'string' ? `${wanted} address` : formatIp(wanted)
}

function withArticle(wanted: Family | Ip): string {
  return typeof wanted === 'string' ? `an ${nameOf(wanted)}` : nameOf(wanted)
}

/** So that a message stays readable, and below the 32768 octets of a condition, with hundreds of pools. */
const MOST_VERDICTS = 5

function formatVerdicts(refusal: PoolRefusal): string {
  const relevant = relevantOf(refusal)
  const told = relevant.slice(0, MOST_VERDICTS).map((verdict) => `Pool ${verdict.pool} ${formatVerdict(verdict)}`)
  const rest = relevant.length - told.length
  const others = rest > 0 ? [`${rest} more ${rest === 1 ? 'pool' : 'pools'} refused too`] : []
  return [...told, ...others, ...formatBroken(brokenAmong(refusal))].join('; ')
}

function formatBroken(pools: readonly string[]): readonly string[] {
  const told = pools
    .slice(0, MOST_VERDICTS)
    .map((pool) => `Pool ${pool} has mistakes (kubectl describe of it lists them)`)
  const rest = pools.length - told.length
  return [...told, ...(rest > 0 ? [`${rest} more with mistakes`] : [])]
}

/** Pools that could not have given anything are told of only where there are no others. */
const BESIDE_THE_POINT: readonly PoolVerdict['code'][] = ['otherPool', 'addressOutside', 'noBlockOfFamily']

function relevantOf({ looked, broken }: PoolRefusal): readonly PoolVerdict[] {
  const telling = looked.filter(({ code }) => !BESIDE_THE_POINT.includes(code))
  if (telling.length > 0) return telling
  // What a pool lacks may be what its mistakes are about.
  return looked.filter(({ code, pool }) => code !== 'otherPool' && !broken.includes(pool))
}

/** What follows the name of the pool in a sentence. */
export function formatVerdict(verdict: PoolVerdict): string {
  switch (verdict.code) {
    case 'noBlockOfFamily':
      return 'has no block of this family'
    case 'addressOutside':
      return 'does not contain it'
    case 'avoided':
      return 'keeps it back, for it ends in .0 or .255 (avoidBuggyIPs: true)'
    case 'disabled':
      return 'is disabled'
    case 'conflicting':
      return 'gives out nothing, for it overlaps another pool (kubectl describe of the pool says which)'
    case 'selfConflicting':
      return 'gives out nothing, for two of its blocks overlap (kubectl describe of the pool says which)'
    case 'full':
      return verdict.reservedBy.length === 0
        ? 'is full'
        : `is full but for what is reserved by LoadBalancerIPPoolPolicy ${verdict.reservedBy.join(', ')}`
    case 'otherPool':
      return 'is not the pool that is asked for'
    case 'notAutomatic':
      return 'gives addresses only to Services that ask for it (autoAssign: false)'
    case 'selectorMismatch':
      return formatMismatch(verdict.refused, verdict.audience)
    case 'overQuota':
      return formatReached(verdict.reached)
  }
}

function formatReached({ policy, namespace, field, max }: Reached): string {
  const what = field === 'maxAddresses' ? (max === 1 ? 'address' : 'addresses') : max === 1 ? 'Service' : 'Services'
  return `has no more for namespace ${namespace}, at most ${max} ${what} (${field} in LoadBalancerIPPoolPolicy ${policy})`
}

function formatMismatch(refused: AudienceRefusal, audience: PoolAudience): string {
  switch (refused) {
    case 'serviceSelector':
      return `selects ${formatSelector(audience.serviceSelector)} only`
    case 'serviceSelectors':
      return `selects ${audience.serviceSelectors.map(formatSelector).join(' or ')} only`
    case 'namespaces': {
      const labelled = audience.namespaceSelectors.map((selector) => `namespaces with ${formatSelector(selector)}`)
      const named = audience.namespaces.length === 0 ? [] : [`namespaces ${audience.namespaces.join(', ')}`]
      return `is for ${[...named, ...labelled].join(' or ')} only`
    }
  }
}
