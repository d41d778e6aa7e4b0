import type { Family, Ip } from '#model/ip.ts'
import type { IpRange } from '#model/range.ts'
import type { ServiceKey } from '#model/service.ts'
import { addToRuns, countInside, lowestOutside, type Run, removeFromRuns } from './runs.ts'

/**
 * Who holds which address: the one place that grants them, so that no address has two holders. It knows nothing of pools: they may be
 * split, renamed, closed and opened without anybody's address moving. Its size is that of what is held, not of the pools.
 */
export interface Holdings {
  readonly owners: { readonly [F in Family]: Map<bigint, ServiceKey> }
  readonly runs: { readonly [F in Family]: Run[] }
}

export function createHoldings(): Holdings {
  return { owners: { IPv4: new Map(), IPv6: new Map() }, runs: { IPv4: [], IPv6: [] } }
}

export function holderOf(holdings: Holdings, ip: Ip): ServiceKey | undefined {
  return holdings.owners[ip.family].get(ip.value)
}

/** False, and nothing changes, when another Service holds it. Holding what one holds succeeds. */
export function hold(holdings: Holdings, ip: Ip, service: ServiceKey): boolean {
  const owner = holderOf(holdings, ip)
  if (owner !== undefined) return owner === service
  holdings.owners[ip.family].set(ip.value, service)
  addToRuns(holdings.runs[ip.family], ip.value)
  return true
}

/** False, and nothing changes, when `service` does not hold it. */
export function release(holdings: Holdings, ip: Ip, service: ServiceKey): boolean {
  if (holderOf(holdings, ip) !== service) return false
  holdings.owners[ip.family].delete(ip.value)
  removeFromRuns(holdings.runs[ip.family], ip.value)
  return true
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
