import { type Family, type Ip, ipFromBytes, ipToBytes } from '#model/ip.ts'
import { type Field, readOctets, writeOctets } from './struct-layout.ts'

export function readIpv4(view: DataView, field: Field): Ip {
  return ipFromBytes(readOctets(view, field, 4))
}

/** Throws for an IPv6 address: our own mistake. */
export function writeIpv4(view: DataView, field: Field, ip: Ip): void {
  if (ip.family !== 'IPv4') throw new Error('An IPv6 address does not fit in an IPv4 struct')
  writeOctets(view, field, ipToBytes(ip))
}

/** The unspecified address means that there is none. */
export function readOptionalIp(view: DataView, field: Field, family: Family): Ip | undefined {
  const ip = ipFromBytes(readOctets(view, field, family === 'IPv4' ? 4 : 16))
  return ip.value === 0n ? undefined : ip
}

export function writeOptionalIp(view: DataView, field: Field, ip: Ip | undefined): void {
  if (ip !== undefined) writeOctets(view, field, ipToBytes(ip))
}
