import { compareIp, formatIp, type Ip } from './ip.ts'
import { lastOfPrefix, type Prefix } from './prefix.ts'

/** Addresses `first` to `last`, both included, of one family; `first` is not after `last`. */
export interface IpRange {
  readonly first: Ip
  readonly last: Ip
}

export function rangeOfPrefix(prefix: Prefix): IpRange {
  return { first: prefix.address, last: lastOfPrefix(prefix) }
}

export function rangeContains(range: IpRange, ip: Ip): boolean {
  return ip.family === range.first.family && compareIp(range.first, ip) <= 0 && compareIp(ip, range.last) <= 0
}

export function rangesOverlap(a: IpRange, b: IpRange): boolean {
  return a.first.family === b.first.family && compareIp(a.first, b.last) <= 0 && compareIp(b.first, a.last) <= 0
}

/** How many addresses; a bigint, because an IPv6 range may have 2^128. */
export function rangeSize(range: IpRange): bigint {
  return range.last.value - range.first.value + 1n
}

export function formatRange(range: IpRange): string {
  return `${formatIp(range.first)} - ${formatIp(range.last)}`
}

/** What is left of a range without others, which are sorted and do not overlap; ascending. */
export function withoutRanges(range: IpRange, others: readonly IpRange[]): readonly IpRange[] {
  const left: IpRange[] = []
  const { family } = range.first
  let start = range.first.value
  for (const other of others) {
    if (!rangesOverlap(range, other)) continue
    if (other.first.value > start)
      left.push({ first: { family, value: start }, last: { family, value: other.first.value - 1n } })
    if (other.last.value >= start) start = other.last.value + 1n
  }
  if (start <= range.last.value) left.push({ first: { family, value: start }, last: range.last })
  return left
}

/** The part of a range that lies in another; undefined when none does. */
export function intersect(a: IpRange, b: IpRange): IpRange | undefined {
  if (!rangesOverlap(a, b)) return undefined
  return {
    first: compareIp(a.first, b.first) > 0 ? a.first : b.first,
    last: compareIp(a.last, b.last) < 0 ? a.last : b.last,
  }
}

/** The same addresses as sorted ranges that neither overlap nor touch. */
export function mergeRanges(ranges: readonly IpRange[]): readonly IpRange[] {
  const merged: IpRange[] = []
  for (const range of ranges.toSorted((a, b) => compareIp(a.first, b.first))) {
    const previous = merged.at(-1)
    const touches = previous?.first.family === range.first.family && range.first.value <= previous.last.value + 1n
    if (!touches) merged.push(range)
    else if (range.last.value > previous.last.value)
      merged[merged.length - 1] = { first: previous.first, last: range.last }
  }
  return merged
}
