import { compareIp, formatIp, type Ip } from '#model/ip.ts'
import { formatPrefix } from '#model/prefix.ts'
import { formatRange, type IpRange, rangeOfPrefix } from '#model/range.ts'
import { readIp, readPrefix } from './addresses.ts'
import { field, isAbsent, note, type Place } from './place.ts'

/** Addresses, and how they were written. */
export interface WrittenRange {
  readonly range: IpRange
  readonly text: string
}

/** `cidr`, or `start` and `stop`, of one object; `expected` says in a mistake which fields it may have. */
export function readRange(place: Place, expected: string): WrittenRange | undefined {
  const cidr = field(place, 'cidr')
  const start = field(place, 'start')
  const stop = field(place, 'stop')
  if (isWritten(cidr)) {
    for (const ignored of [start, stop].filter(isWritten))
      note(ignored, 'is ignored beside cidr', 'remove it, or remove cidr')
    return readCidr(cidr)
  }
  if (isWritten(start)) return readStartStop(start, stop)
  if (isWritten(stop)) note(stop, 'has no start', 'write the first address of the block as start')
  else note(place, 'has no addresses', `write ${expected}`)
  return undefined
}

export function isWritten(place: Place): boolean {
  return !isAbsent(place) && place.value !== ''
}

function readCidr(cidr: Place): WrittenRange | undefined {
  const prefix = readPrefix(cidr)
  return prefix === undefined ? undefined : { range: rangeOfPrefix(prefix), text: formatPrefix(prefix) }
}

/** Without `stop` it is the one address `start`. */
function readStartStop(start: Place, stop: Place): WrittenRange | undefined {
  const first = readIp(start)
  const last = isWritten(stop) ? readIp(stop) : first
  if (first === undefined || last === undefined || !checkOrder(start, first, last)) return undefined
  const range = { first, last }
  return { range, text: compareIp(first, last) === 0 ? formatIp(first) : formatRange(range) }
}

function checkOrder(start: Place, first: Ip, last: Ip): boolean {
  if (first.family !== last.family) {
    const other = `is ${first.family}, but stop ${formatIp(last)} is ${last.family}`
    note(start, other, 'write both of one family; a pool may have one block for each')
    return false
  }
  if (compareIp(first, last) <= 0) return true
  note(start, `is after stop ${formatIp(last)}`, 'write the lower address as start and the higher as stop')
  return false
}
