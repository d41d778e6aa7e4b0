import { compareIp, parseIp } from '#model/ip.ts'
import type { PoolBlock } from '#model/pool.ts'
import { formatPrefix, parsePrefix } from '#model/prefix.ts'
import { formatRange, rangeOfPrefix } from '#model/range.ts'
import { elements, isAbsent, note, type Place, readText } from '#crd/place.ts'

const FORMS = 'write 192.168.10.64/28, or 192.168.10.75-192.168.10.78'

/** `addresses` of a pool of MetalLB. Entries without a mistake stay beside those with one; an empty list is a mistake. */
export function readAddresses(place: Place): readonly PoolBlock[] {
  const entries = elements(place)
  if (isAbsent(place)) note(place, 'is missing', FORMS)
  else if (Array.isArray(place.value) && entries.length === 0) note(place, 'is empty', FORMS)
  return entries.flatMap((entry) => readBlock(entry) ?? [])
}

/** A CIDR (host bits do not count) or `first-last`, with white space where one likes. */
function readBlock(place: Place): PoolBlock | undefined {
  if (isAbsent(place)) note(place, 'is empty', FORMS)
  const text = readText(place).trim()
  if (typeof place.value !== 'string') return undefined
  if (text === '') note(place, 'is empty', FORMS)
  else if (text.includes('/')) return readCidr(place, text)
  else if (text.includes('-')) return readRange(place, text)
  else note(place, ...lonely(text))
  return undefined
}

function lonely(text: string): readonly [problem: string, remedy: string] {
  const ip = parseIp(text)
  if (!ip.ok) return ['is neither a CIDR nor a range', FORMS]
  return [
    'is a single address without a length',
    `write ${text}/${ip.value.family === 'IPv4' ? 32 : 128} for this one address`,
  ]
}

function readCidr(place: Place, text: string): PoolBlock | undefined {
  const prefix = parsePrefix(text)
  if (prefix.ok) return { range: rangeOfPrefix(prefix.value), text: formatPrefix(prefix.value) }
  note(
    place,
    'is not a CIDR',
    'write an address, a slash and a length: 192.168.10.64/28 (0 to 32) or fd00::/64 (0 to 128)',
  )
  return undefined
}

function readRange(place: Place, text: string): PoolBlock | undefined {
  const parts = text.split('-').map((part) => parseIp(part.trim()))
  const [first, last] = parts
  if (parts.length !== 2 || !first?.ok || !last?.ok) {
    note(place, 'is not a range of two addresses', FORMS)
    return undefined
  }
  const range = { first: first.value, last: last.value }
  if (range.first.family !== range.last.family) {
    note(place, 'goes from one family to the other', 'write one range for IPv4 and one for IPv6')
    return undefined
  }
  if (compareIp(range.first, range.last) > 0) {
    note(
      place,
      'ends before it begins',
      `write it as ${formatRange({ first: range.last, last: range.first }).replaceAll(' ', '')}`,
    )
    return undefined
  }
  return { range, text: formatRange(range) }
}
