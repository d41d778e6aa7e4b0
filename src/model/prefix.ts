import { type Family, formatIp, type Ip, maxValue, parseIp, WIDTH_BITS } from './ip.ts'
import { err, ok, type Result } from './result.ts'

/** A network in CIDR notation (RFC 4632). `address` has its host bits cleared. */
export interface Prefix {
  readonly address: Ip
  readonly lengthBits: number
}

export interface PrefixDefect {
  readonly code: 'NotACidr'
  readonly text: string
}

/** `10.0.0.12/24` is read as `10.0.0.0/24`: host bits are cleared, as Kubernetes and Cilium do. */
export function parsePrefix(text: string): Result<Prefix, PrefixDefect> {
  const match = /^([^/]+)\/(0|[1-9]\d{0,2})$/.exec(text)
  const ip = parseIp(match?.[1] ?? '')
  const lengthBits = Number(match?.[2])
  if (!ip.ok || !(lengthBits <= WIDTH_BITS[ip.value.family])) return err({ code: 'NotACidr', text })
  return ok(prefixOf(ip.value, lengthBits))
}

/** For prefixes in our own source and tests: throws when `text` is none. */
export function mustParsePrefix(text: string): Prefix {
  const parsed = parsePrefix(text)
  if (!parsed.ok) throw new Error(`Not a CIDR: ${text}`)
  return parsed.value
}

/** The network of `lengthBits` bits that `ip` lies in. */
export function prefixOf(ip: Ip, lengthBits: number): Prefix {
  return {
    address: { family: ip.family, value: ip.value & (maxValue(ip.family) ^ hostMask(ip.family, lengthBits)) },
    lengthBits,
  }
}

export function formatPrefix(prefix: Prefix): string {
  return `${formatIp(prefix.address)}/${prefix.lengthBits}`
}

export function prefixContains(prefix: Prefix, ip: Ip): boolean {
  return ip.family === prefix.address.family && prefixOf(ip, prefix.lengthBits).address.value === prefix.address.value
}

/** The last address of a network. */
export function lastOfPrefix(prefix: Prefix): Ip {
  const { family, value } = prefix.address
  return { family, value: value | hostMask(family, prefix.lengthBits) }
}

function hostMask(family: Family, lengthBits: number): bigint {
  return (1n << BigInt(WIDTH_BITS[family] - lengthBits)) - 1n
}
