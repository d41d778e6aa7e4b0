import { compareIp, formatIp, type Ip } from '#model/ip.ts'
import { CILIUM_DEFAULTS, type Pool, type PoolBlock } from '#model/pool.ts'
import { formatPrefix } from '#model/prefix.ts'
import { formatRange, rangeOfPrefix } from '#model/range.ts'
import { readIp, readPrefix } from './addresses.ts'
import { readLabelSelector } from './label-selector.ts'
import { readMetadata } from './metadata.ts'
import {
  type Decoded,
  elements,
  expectObject,
  field,
  isAbsent,
  note,
  type Place,
  readFlag,
  readOneOf,
  rootPlace,
} from './place.ts'

/**
 * A CiliumLoadBalancerIPPool, cilium.io/v2 or v2alpha1, also with `cidrs` as before Cilium 1.15. Blocks without a mistake stay in the
 * value beside those with one. There is no value when the selector is wrong, or when the pool asks for what this version cannot do:
 * its addresses would go to Services that it was not meant for.
 */
export function decodePool(object: unknown): Decoded<Pool> {
  const root = rootPlace(object)
  const metadata = readMetadata(root)
  const spec = field(root, 'spec')
  if (isAbsent(spec)) note(spec, 'is missing', 'write spec.blocks with the addresses of the pool')
  else expectObject(spec)
  const blocks = [...readBlocks(field(spec, 'blocks')), ...readBlocks(field(spec, 'cidrs'))]
  const serviceSelector = readLabelSelector(field(spec, 'serviceSelector'))
  const disabled = readFlag(field(spec, 'disabled'), false)
  const supported = checkFirstLast(field(spec, 'allowFirstLastIPs'))
  if (metadata === undefined || serviceSelector === undefined || !supported) {
    return { value: undefined, mistakes: root.mistakes }
  }
  const { name, labels, generation, creationTimestampMs } = metadata
  const own = { name, labels, generation, creationTimestampMs, blocks, serviceSelector, disabled }
  return { value: { ...CILIUM_DEFAULTS, ...own }, mistakes: root.mistakes }
}

function checkFirstLast(place: Place): boolean {
  if (readOneOf(place, ['Yes', 'No'], 'Yes') === 'Yes') return true
  note(
    place,
    'is not supported by this version of Balise, so the pool gives out nothing',
    'remove it and write the block as start and stop without its first and last address',
  )
  return false
}

function readBlocks(place: Place): readonly PoolBlock[] {
  return elements(place).flatMap((block) => {
    const read = readBlock(block)
    return read === undefined ? [] : [read]
  })
}

function readBlock(place: Place): PoolBlock | undefined {
  if (!expectObject(place)) return undefined
  const cidr = field(place, 'cidr')
  const start = field(place, 'start')
  const stop = field(place, 'stop')
  if (isWritten(cidr)) {
    for (const ignored of [start, stop].filter(isWritten))
      note(ignored, 'is ignored beside cidr', 'remove it, or remove cidr')
    return readCidrBlock(cidr)
  }
  if (isWritten(start)) return readRangeBlock(start, stop)
  if (isWritten(stop)) note(stop, 'has no start', 'write the first address of the block as start')
  else note(place, 'has no addresses', 'write cidr, or start and stop')
  return undefined
}

function isWritten(place: Place): boolean {
  return !isAbsent(place) && place.value !== ''
}

function readCidrBlock(cidr: Place): PoolBlock | undefined {
  const prefix = readPrefix(cidr)
  return prefix === undefined ? undefined : { range: rangeOfPrefix(prefix), text: formatPrefix(prefix) }
}

/** Without `stop` it is the one address `start`. */
function readRangeBlock(start: Place, stop: Place): PoolBlock | undefined {
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
