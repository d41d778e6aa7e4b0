import { formatIp } from '#model/ip.ts'
import { mustParsePrefix } from '#model/prefix.ts'
import {
  formatRange,
  type IpRange,
  intersect,
  mergeRanges,
  rangeOfPrefix,
  rangeSize,
  withoutRanges,
} from '#model/range.ts'
import { unmapped } from './mapped-ip.ts'
import { note, type Place } from './place.ts'

/**
 * Addresses that no packet to a Service can bear (RFC 6890): this network, loopback, multicast and broadcast; of IPv6 the unspecified
 * address, loopback, IPv4-mapped ones and multicast.
 */
const UNUSABLE: readonly IpRange[] = mergeRanges(
  ['0.0.0.0/8', '127.0.0.0/8', '224.0.0.0/4', '255.255.255.255/32', '::/127', '::ffff:0:0/96', 'ff00::/8'].map((text) =>
    rangeOfPrefix(mustParsePrefix(text)),
  ),
)

/**
 * What is left of a range without addresses that no Service can have, ascending; the very range where it has none. `place`: where the
 * mistake is noted.
 */
export function withoutUnusable(range: IpRange, place: Place): readonly IpRange[] {
  const inside = UNUSABLE.flatMap((other) => intersect(range, other) ?? [])
  if (inside.length === 0) return [range]
  if (!noteMapped(range, place)) {
    const told = inside.map(formatRange).join(', ')
    note(place, `has addresses that no Service can have (${told})`, 'write addresses of your network only')
  }
  return withoutRanges(range, inside)
}

/** Notes a mistake, and says so, where a range is one of IPv4 in the notation of IPv6. */
export function noteMapped(range: IpRange, place: Place): boolean {
  const meant = asIpv4(range)
  if (meant !== undefined) note(place, 'is IPv4 in the notation of IPv6', `write ${textOf(meant)}`)
  return meant !== undefined
}

function asIpv4({ first, last }: IpRange): IpRange | undefined {
  const lowest = unmapped(first)
  const highest = unmapped(last)
  return lowest === undefined || highest === undefined ? undefined : { first: lowest, last: highest }
}

function textOf(range: IpRange): string {
  return rangeSize(range) === 1n ? formatIp(range.first) : formatRange(range)
}
