import { type Family, formatIp, type Ip } from '#model/ip.ts'
import { formatSelector, type LabelSelector } from '#model/selector.ts'
import type { ServiceKey } from '#model/service.ts'

/** Why one pool gave nothing to one request. */
export type PoolVerdict =
  | { readonly pool: string; readonly code: 'noBlockOfFamily' | 'addressOutside' | 'disabled' | 'conflicting' | 'full' }
  | { readonly pool: string; readonly code: 'selectorMismatch'; readonly selector: LabelSelector }

/** A request, or the part of it for one family, that got nothing. The codes are the reasons of Cilium's service condition. */
export type Refusal =
  | {
      readonly code: 'no_pool' | 'out_of_ips' | 'pool_selector_mismatch'
      readonly wanted: Family | Ip
      /** Every pool in the order in which they were looked at. */
      readonly looked: readonly PoolVerdict[]
    }
  | { readonly code: 'already_allocated'; readonly wanted: Ip; readonly holder: ServiceKey }

/** `No pool gives an IPv4 address to this Service. Pool blue: selects app=blue only. Do ...` */
export function formatRefusal(refusal: Refusal): string {
  switch (refusal.code) {
    case 'already_allocated':
      return `${formatIp(refusal.wanted)} is held by Service ${refusal.holder}: ask for another address, or free that one`
    case 'out_of_ips':
      return `No ${nameOf(refusal.wanted)} is free. ${formatVerdicts(refusal.looked)}. Add addresses to a pool, or delete a Service of type LoadBalancer`
    case 'pool_selector_mismatch':
      return `${nameOf(refusal.wanted)} is in a pool for other Services. ${formatVerdicts(refusal.looked)}. Give this Service the labels that the pool selects, or change the pool's serviceSelector`
    case 'no_pool':
      return formatNoPool(refusal.wanted, refusal.looked)
  }
}

function formatNoPool(wanted: Family | Ip, looked: readonly PoolVerdict[]): string {
  if (looked.length === 0) {
    return `There is no pool to take ${withArticle(wanted)} from: create a CiliumLoadBalancerIPPool with free addresses of your network in spec.blocks`
  }
  return `No pool gives ${withArticle(wanted)} to this Service. ${formatVerdicts(looked)}. Change one of them, or create a CiliumLoadBalancerIPPool`
}

function nameOf(wanted: Family | Ip): string {
  return typeof wanted === 'string' ? `${wanted} address` : formatIp(wanted)
}

function withArticle(wanted: Family | Ip): string {
  return typeof wanted === 'string' ? `an ${nameOf(wanted)}` : nameOf(wanted)
}

/** So that a message stays readable, and below the 32768 octets of a condition, with hundreds of pools. */
const MOST_VERDICTS = 5

function formatVerdicts(looked: readonly PoolVerdict[]): string {
  const told = looked.slice(0, MOST_VERDICTS).map((verdict) => `Pool ${verdict.pool} ${formatVerdict(verdict)}`)
  const rest = looked.length - told.length
  return [...told, ...(rest > 0 ? [`${rest} more pools refused too`] : [])].join('; ')
}

function formatVerdict(verdict: PoolVerdict): string {
  switch (verdict.code) {
    case 'noBlockOfFamily':
      return 'has no block of this family'
    case 'addressOutside':
      return 'does not contain it'
    case 'disabled':
      return 'is disabled'
    case 'conflicting':
      return 'conflicts with another pool, see its status'
    case 'full':
      return 'is full'
    case 'selectorMismatch':
      return `selects ${formatSelector(verdict.selector)} only`
  }
}
