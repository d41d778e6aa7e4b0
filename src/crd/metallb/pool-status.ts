import { countBuggy } from '#model/buggy-ip.ts'
import type { Family } from '#model/ip.ts'
import type { Pool } from '#model/pool.ts'
import { mergeRanges, rangeSize } from '#model/range.ts'

/** `status` of an IPAddressPool, as MetalLB 0.15 writes it. */
export interface AddressPoolStatus {
  readonly assignedIPv4: number
  readonly assignedIPv6: number
  readonly availableIPv4: number
  readonly availableIPv6: number
}

/**
 * What MetalLB writes for a pool that never runs out is MaxInt64, 2^63 - 1, which no number of JavaScript is. This is the greatest below
 * it: the field is an int64, and the API server refuses anything above.
 */
export const ENDLESS = 2 ** 63 - 1024

/** From so many addresses in one network on (an IPv6 /66) MetalLB calls a pool endless. */
const ENDLESS_BITS = 62n

/** `assigned` are the addresses of the pool that Services have; a shared one counts once. */
export function addressPoolStatus(pool: Pool, assigned: { readonly [F in Family]: number }): AddressPoolStatus {
  return {
    assignedIPv4: assigned.IPv4,
    assignedIPv6: assigned.IPv6,
    availableIPv4: availableOf(pool, 'IPv4', assigned.IPv4),
    availableIPv6: availableOf(pool, 'IPv6', assigned.IPv6),
  }
}

function availableOf(pool: Pool, family: Family, assigned: number): number {
  const ranges = mergeRanges(pool.blocks.flatMap(({ range }) => (range.first.family === family ? [range] : [])))
  if (ranges.some(({ first, last }) => hasNetworkOf(first.value, last.value))) return ENDLESS
  const sizes = ranges.map((range) => rangeSize(range) - (pool.avoidBuggyIps ? countBuggy(range) : 0n))
  const total = Number(sizes.reduce((sum, size) => sum + size, 0n))
  return Math.min(Math.max(total - assigned, 0), ENDLESS)
}

/** Whether a whole network of 2^62 addresses lies in a range, as it would be cut into networks. */
function hasNetworkOf(first: bigint, last: bigint): boolean {
  const size = 1n << ENDLESS_BITS
  const start = ((first + size - 1n) / size) * size
  return start + size - 1n <= last
}

/** The status has to be written when this is false. `written` is `status` as it came. */
export function sameAddressPoolStatus(written: unknown, wanted: AddressPoolStatus): boolean {
  if (typeof written !== 'object' || written === null) return false
  const fields = written as Readonly<Record<string, unknown>>
  return Object.entries(wanted).every(([key, value]) => sameCount(fields[key], value))
}

/** MetalLB's own MaxInt64 reads as 2^63. */
function sameCount(written: unknown, wanted: number): boolean {
  return written === wanted || (wanted === ENDLESS && written === 2 ** 63)
}
