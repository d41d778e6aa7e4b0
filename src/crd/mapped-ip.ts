import { formatIp, type Ip } from '#model/ip.ts'

/**
 * The IPv4 address that one in the notation of IPv6 stands for, `::ffff:192.168.10.75` (RFC 4291 section 2.5.5.2); undefined for any other.
 * No packet on a network bears such an address.
 */
export function unmapped({ family, value }: Ip): Ip | undefined {
  if (family !== 'IPv6' || value >> 32n !== 0xffffn) return undefined
  return { family: 'IPv4', value: value & 0xffffffffn }
}

/** What is wrong with an IPv4-mapped address, and what would be right; undefined for any other. */
export function mappedDefect(ip: Ip): { readonly problem: string; readonly remedy: string } | undefined {
  const meant = unmapped(ip)
  if (meant === undefined) return undefined
  return { problem: 'is an IPv4 address in the notation of IPv6', remedy: `write ${formatIp(meant)}` }
}
