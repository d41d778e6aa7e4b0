import { CILIUM_DEFAULTS, NO_PRIORITY, type Pool, type PoolBlock } from '#model/pool.ts'
import { formatRange, type IpRange } from '#model/range.ts'
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
  readText,
  rootPlace,
} from './place.ts'
import { isWritten, readRange } from './pool-range.ts'
import { withoutUnusable } from './unusable.ts'

/** On a pool: which is looked at first. Not in `spec`, which is Cilium's. */
export const PRIORITY_ANNOTATION = 'balise.io/priority'
/** On a pool: "false" keeps it for Services that ask for it, or for an address of it. */
export const AUTO_ASSIGN_ANNOTATION = 'balise.io/auto-assign'
/** The last that `balise.io/priority` takes. */
export const LOWEST_PRIORITY = 999_999_999

/**
 * A CiliumLoadBalancerIPPool, cilium.io/v2 or v2alpha1, also with `cidrs` as before Cilium 1.15. Blocks without a mistake stay in the
 * value beside those with one. There is no value when the selector is wrong: its addresses would go to Services that it was not meant
 * for.
 */
export function decodePool(object: unknown): Decoded<Pool> {
  const root = rootPlace(object)
  const metadata = readMetadata(root)
  const spec = field(root, 'spec')
  if (isAbsent(spec)) note(spec, 'is missing', 'write spec.blocks with the addresses of the pool')
  else expectObject(spec)
  const keepsEnds = readKeepsEnds(field(spec, 'allowFirstLastIPs'))
  const blocks = ['blocks', 'cidrs'].flatMap((key) => readBlocks(field(spec, key), keepsEnds))
  const serviceSelector = readLabelSelector(field(spec, 'serviceSelector'))
  const disabled = readFlag(field(spec, 'disabled'), false)
  const annotations = field(field(root, 'metadata'), 'annotations')
  const priority = readPriority(field(annotations, PRIORITY_ANNOTATION))
  const autoAssign = readAutoAssign(field(annotations, AUTO_ASSIGN_ANNOTATION))
  if (metadata === undefined || serviceSelector === undefined) {
    return { value: undefined, mistakes: root.mistakes }
  }
  const { name, labels, generation, creationTimestampMs } = metadata
  const own = { name, labels, generation, creationTimestampMs, blocks, serviceSelector, disabled, priority, autoAssign }
  return { value: { ...CILIUM_DEFAULTS, ...own }, mistakes: root.mistakes }
}

/** Absent is Yes (Cilium 1.16). Where it is not known what is meant, no address is given out that may be a network's or a router's. */
function readKeepsEnds(place: Place): boolean {
  return readOneOf(place, ['Yes', 'No'], isAbsent(place) ? 'Yes' : 'No') === 'No'
}

function readPriority(place: Place): number {
  const text = readText(place).trim()
  if (/^\d{1,9}$/.test(text)) return Number(text)
  if (text !== '')
    note(place, 'is not a whole number', 'write a number from 0 to 999999999; pools with a lower one go first')
  return NO_PRIORITY
}

/** Where it is not known what is meant, nothing is given to who does not ask. */
function readAutoAssign(place: Place): boolean {
  const text = readText(place).trim()
  if (text !== '' && text !== 'true' && text !== 'false')
    note(place, 'is neither true nor false', 'write "true", or "false" to give addresses only to Services that ask')
  return isAbsent(place) || (typeof place.value === 'string' && (text === '' || text === 'true'))
}

function readBlocks(place: Place, keepsEnds: boolean): readonly PoolBlock[] {
  return elements(place).flatMap((block) => readBlock(block, keepsEnds))
}

/** One block as a rule; more or none where it has addresses that no Service can have. */
function readBlock(place: Place, keepsEnds: boolean): readonly PoolBlock[] {
  const block = expectObject(place) ? readRange(place, 'cidr, or start and stop') : undefined
  if (block === undefined) return []
  const isCidr = isWritten(field(place, 'cidr'))
  return withoutUnusable(block.range, field(place, isCidr ? 'cidr' : 'start')).map((range): PoolBlock => {
    const usable = keepsEnds && isCidr ? withoutEnds(range) : undefined
    const text = range === block.range ? block.text : formatRange(range)
    return { range, text, ...(usable === undefined ? {} : { usable }) }
  })
}

/** Undefined for one or two addresses, which have no ends to spare: Cilium gives out all of a /32, /31, /128 or /127. */
function withoutEnds({ first, last }: IpRange): IpRange | undefined {
  if (last.value - first.value < 2n) return undefined
  return { first: { ...first, value: first.value + 1n }, last: { ...last, value: last.value - 1n } }
}
