import type { Ip } from './ip.ts'
import type { IpRange } from './range.ts'

/** An IPv4 address ending in .0 or .255: old routers take it for that of a network or for a broadcast. */
export function isBuggy(ip: Ip): boolean {
  const lastOctet = ip.value & 255n
  return ip.family === 'IPv4' && (lastOctet === 0n || lastOctet === 255n)
}

/** The parts of a range between its buggy addresses, ascending; the range itself where it has none. */
export function* withoutBuggy({ first, last }: IpRange): Generator<IpRange> {
  const { family } = first
  if (family === 'IPv6') return yield { first, last }
  for (let start = first.value; start <= last.value; start = (start | 255n) + 1n) {
    const base = start & ~255n
    const from = start === base ? base + 1n : start
    const end = base + 254n < last.value ? base + 254n : last.value
    if (from <= end) yield { first: { family, value: from }, last: { family, value: end } }
  }
}

/** How many addresses of a range are buggy. */
export function countBuggy({ first, last }: IpRange): bigint {
  if (first.family === 'IPv6') return 0n
  const upTo = (value: bigint): bigint => (value + 256n) / 256n + (value + 1n) / 256n
  return upTo(last.value) - upTo(first.value - 1n)
}
