import { err, ok, type Result } from './result.ts'

/** Names of the families as Kubernetes writes them (core/v1 IPFamily). */
export type Family = 'IPv4' | 'IPv6'

/** An IP address. `value` is the address as an unsigned number: 32 bits for IPv4, 128 for IPv6. */
export interface Ip {
  readonly family: Family
  readonly value: bigint
}

export interface IpDefect {
  readonly code: 'NotAnIpAddress'
  readonly text: string
}

export const WIDTH_BITS: { readonly [F in Family]: number } = { IPv4: 32, IPv6: 128 }

/** The greatest address of a family, as a number. */
export function maxValue(family: Family): bigint {
  return (1n << BigInt(WIDTH_BITS[family])) - 1n
}

/** Dotted decimal (no leading zeros, as in RFC 6943 section 3.1.1) or RFC 4291 section 2.2 text. A zone (`%eth0`) is refused. */
export function parseIp(text: string): Result<Ip, IpDefect> {
  const ip = text.includes(':') ? parseIpv6(text) : parseIpv4(text)
  return ip === undefined ? err({ code: 'NotAnIpAddress', text }) : ok(ip)
}

/** For addresses in our own source and tests: throws when `text` is none. */
export function mustParseIp(text: string): Ip {
  const parsed = parseIp(text)
  if (!parsed.ok) throw new Error(`Not an IP address: ${text}`)
  return parsed.value
}

function parseIpv4(text: string): Ip | undefined {
  const parts = text.split('.')
  if (parts.length !== 4) return undefined
  let value = 0n
  for (const part of parts) {
    if (!/^(0|[1-9]\d{0,2})$/.test(part) || Number(part) > 255) return undefined
    value = (value << 8n) | BigInt(part)
  }
  return { family: 'IPv4', value }
}

function parseIpv6(text: string): Ip | undefined {
  const halves = text.split('::')
  if (halves.length > 2) return undefined
  const head = parseGroups(halves[0] ?? '', halves.length === 1)
  const tail = halves.length === 2 ? parseGroups(halves[1] ?? '', true) : []
  if (head === undefined || tail === undefined) return undefined
  const missing = 8 - head.length - tail.length
  if (halves.length === 2 ? missing < 1 : missing !== 0) return undefined
  const groups = [...head, ...Array<number>(missing).fill(0), ...tail]
  return { family: 'IPv6', value: groups.reduce((value, group) => (value << 16n) | BigInt(group), 0n) }
}

/** Groups of 16 bits; the last part may be dotted decimal (RFC 4291 section 2.2 form 3) where `mayEndInIpv4`. */
function parseGroups(text: string, mayEndInIpv4: boolean): number[] | undefined {
  if (text === '') return []
  const groups: number[] = []
  const parts = text.split(':')
  for (const [index, part] of parts.entries()) {
    if (/^[0-9a-f]{1,4}$/i.test(part)) groups.push(Number.parseInt(part, 16))
    else {
      const v4 = mayEndInIpv4 && index === parts.length - 1 ? parseIpv4(part) : undefined
      if (v4 === undefined) return undefined
      groups.push(Number(v4.value >> 16n), Number(v4.value & 0xffffn))
    }
  }
  return groups
}

/** Canonical text: dotted decimal, or RFC 5952 (lower case, the longest run of zeros shortened, the first of equals). */
export function formatIp(ip: Ip): string {
  if (ip.family === 'IPv4') return [24n, 16n, 8n, 0n].map((shift) => (ip.value >> shift) & 255n).join('.')
  const groups = Array.from({ length: 8 }, (_, i) => Number((ip.value >> BigInt(112 - 16 * i)) & 0xffffn))
  const { start, length } = longestZeroRun(groups)
  const hex = groups.map((group) => group.toString(16))
  if (length < 2) return hex.join(':')
  return `${hex.slice(0, start).join(':')}::${hex.slice(start + length).join(':')}`
}

function longestZeroRun(groups: readonly number[]): { start: number; length: number } {
  let best = { start: 0, length: 0 }
  let length = 0
  for (const [index, group] of groups.entries()) {
    length = group === 0 ? length + 1 : 0
    if (length > best.length) best = { start: index - length + 1, length }
  }
  return best
}

/** IPv4 before IPv6, then by number. */
export function compareIp(a: Ip, b: Ip): number {
  if (a.family !== b.family) return a.family === 'IPv4' ? -1 : 1
  return a.value < b.value ? -1 : a.value > b.value ? 1 : 0
}

export function sameIp(a: Ip, b: Ip): boolean {
  return a.family === b.family && a.value === b.value
}

/** Network order: 4 or 16 octets. */
export function ipToBytes(ip: Ip): Uint8Array {
  const length = WIDTH_BITS[ip.family] / 8
  return Uint8Array.from({ length }, (_, i) => Number((ip.value >> BigInt(8 * (length - 1 - i))) & 255n))
}

/** The inverse of `ipToBytes`. `bytes` must be 4 or 16 octets: anything else is our own mistake, and throws. */
export function ipFromBytes(bytes: Uint8Array): Ip {
  if (bytes.length !== 4 && bytes.length !== 16) throw new Error(`An address has 4 or 16 octets, not ${bytes.length}`)
  const value = bytes.reduce((sum, octet) => (sum << 8n) | BigInt(octet), 0n)
  return { family: bytes.length === 4 ? 'IPv4' : 'IPv6', value }
}
