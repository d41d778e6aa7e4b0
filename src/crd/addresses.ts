import { type Family, type Ip, parseIp } from '#model/ip.ts'
import { type Prefix, parsePrefix } from '#model/prefix.ts'
import { note, type Place, readText } from './place.ts'

export const FAMILIES: readonly Family[] = ['IPv4', 'IPv6']

/** Undefined when absent or, with a mistake noted, when it is no address. */
export function readIp(place: Place): Ip | undefined {
  const text = readText(place)
  if (text === '') return undefined
  const ip = parseIp(text)
  if (ip.ok) return ip.value
  note(place, 'is not an IP address', 'write an address like 192.168.10.75 or fd00::75')
  return undefined
}

/** Undefined when absent or, with a mistake noted, when it is no CIDR. */
export function readPrefix(place: Place): Prefix | undefined {
  const text = readText(place)
  if (text === '') return undefined
  const prefix = parsePrefix(text.trim())
  if (prefix.ok) return prefix.value
  note(place, 'is not a CIDR', cidrRemedy(text))
  return undefined
}

function cidrRemedy(text: string): string {
  const ip = parseIp(text)
  if (ip.ok)
    return `add the length of the network: ${text}/${ip.value.family === 'IPv4' ? 32 : 128} for this one address`
  if (text.includes('-')) return 'write a range as start and stop instead of cidr'
  return 'write an address, a slash and a length: 192.168.10.64/28 (length 0 to 32) or fd00::/64 (length 0 to 128)'
}

/** Those of a list that are addresses; a mistake for each other. */
export function readIps(places: readonly Place[]): readonly Ip[] {
  const read = places.map(readIp)
  // A list that was filtered takes room for many more than it has.
  return isWhole(read) ? read : read.filter((ip) => ip !== undefined)
}

function isWhole(ips: readonly (Ip | undefined)[]): ips is readonly Ip[] {
  return !ips.includes(undefined)
}
