import assert from 'node:assert/strict'
import { formatIp, type Ip, sameIp } from '#model/ip.ts'
import { concernsPool, mayRequest, quotaOf, reservationOf } from '#model/pool-policy.ts'
import { poolContains, poolKey } from '#model/pool.ts'
import type { ServiceKey } from '#model/service.ts'
import type { Allocation, IpamRules, Outcome } from './allocate.ts'
import type { Claim } from './request.ts'

/**
 * Nobody gets what a policy keeps from him, and nobody loses by one: what is new is neither reserved from who gets it nor more than his
 * namespace may have. Said anew here, from the policies alone.
 */
export function assertPolicies(
  rules: IpamRules,
  claims: ReadonlyMap<ServiceKey, Claim>,
  before: Outcome['assignments'],
  { assignments, conflicts }: Allocation,
): void {
  const had = (key: ServiceKey, ip: Ip): boolean =>
    [...(before.get(key)?.addresses ?? []), ...(claims.get(key)?.service.ingressIps ?? [])].some((one) =>
      sameIp(one, ip),
    )
  for (const [key, { service: of, addresses, request }] of assignments) {
    const labels = rules.namespaces?.get(of.namespace)
    for (const ip of addresses.filter((one) => !had(key, one))) {
      // Of pools that overlap one gives addresses out, and its policies count.
      const open = rules.pools.filter((one) => !one.disabled && !conflicts.has(poolKey(one)))
      const sources = open.filter((one) => poolContains(one, ip))
      const concerning = (rules.policies ?? []).filter((one) => sources.some((source) => concernsPool(one, source)))
      for (const one of concerning) {
        const reservation = reservationOf(one, ip)
        const isAsked = request.kind === 'these'
        assert.ok(
          reservation === undefined || (isAsked && mayRequest(reservation, of.namespace, labels)),
          `${key} got ${formatIp(ip)}`,
        )
        const { maxAddresses = Infinity, maxServices = Infinity } = quotaOf(one, of.namespace, labels) ?? {}
        const isCounted = (other: Ip): boolean => {
          const holding = rules.pools.filter((each) => poolContains(each, other))
          const giving = holding.filter((each) => open.includes(each))
          return one.pools === 'all' || (giving.length > 0 ? giving : holding).some((each) => concernsPool(one, each))
        }
        const peers = [...assignments].filter(([peer]) => peer.startsWith(`${of.namespace}/`))
        const counted = peers.map(([, peer]) => peer.addresses.filter(isCounted)).filter((each) => each.length > 0)
        // Who shares an address that the namespace has, or has one of the other family, needs no room.
        const isShared = counted.flat().filter((other) => sameIp(other, ip)).length > 1
        const isServed = addresses.some((other) => isCounted(other) && had(key, other))
        assert.ok(isShared || new Set(counted.flat().map(formatIp)).size <= maxAddresses, `${key} is beyond its quota`)
        assert.ok(isServed || counted.length <= maxServices, `${key} is beyond its quota`)
      }
    }
  }
}
