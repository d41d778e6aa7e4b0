import { readMetadata } from '#crd/metadata.ts'
import { type Decoded, elements, field, isAbsent, note, type Place, readInteger, rootPlace } from '#crd/place.ts'
import type { L2Advertisement, PreferredNodes } from '#model/l2-advertisement.ts'
import { expectFields } from './fields.ts'
import { readNames, readSelector, readSelectors } from './selectors.ts'

const SPEC = [
  'ipAddressPools',
  'ipAddressPoolSelectors',
  'nodeSelectors',
  'interfaces',
  'serviceSelectors',
  'preferredNodeSelectors',
]

/**
 * An L2Advertisement (metallb.io/v1beta1); without a spec it is about all. There is no value when a list that narrows it has a mistake:
 * with the rest of it more could be announced than was meant. Preferences without a mistake stay beside those with one.
 */
export function decodeL2Advertisement(object: unknown): Decoded<L2Advertisement> {
  const root = rootPlace(object)
  const metadata = readMetadata(root)
  const spec = field(root, 'spec')
  const isReadable = expectFields(spec, SPEC)
  const pools = readNames(field(spec, 'ipAddressPools'), 'write the name of an IPAddressPool')
  const poolSelectors = readSelectors(field(spec, 'ipAddressPoolSelectors'))
  const nodeSelectors = readSelectors(field(spec, 'nodeSelectors'))
  const serviceSelectors = readSelectors(field(spec, 'serviceSelectors'))
  const interfaces = readNames(field(spec, 'interfaces'), 'write the name of an interface')
  const preferredNodes = elements(field(spec, 'preferredNodeSelectors')).flatMap((one) => readPreference(one) ?? [])
  const mistakes = root.mistakes
  const none = { value: undefined, mistakes }
  if (metadata === undefined || !isReadable || pools === undefined || poolSelectors === undefined) return none
  if (nodeSelectors === undefined || serviceSelectors === undefined || interfaces === undefined) return none
  const { name, namespace, generation } = metadata
  const narrowed = { pools, poolSelectors, nodeSelectors, serviceSelectors, interfaces, preferredNodes }
  return { value: { name, namespace, generation, ...narrowed }, mistakes }
}

function readPreference(place: Place): PreferredNodes | undefined {
  const before = place.mistakes.length
  if (isAbsent(place)) note(place, 'is empty', 'write weight and preference')
  expectFields(place, ['weight', 'preference'])
  const weightPlace = field(place, 'weight')
  const weight = readInteger(weightPlace, 0)
  const selector = readSelector(field(place, 'preference'))
  const isInRange = weight >= 1 && weight <= 100
  if (place.mistakes.length === before && !isInRange) {
    note(weightPlace, isAbsent(weightPlace) ? 'is missing' : 'is not from 1 to 100', 'write a weight from 1 to 100')
  }
  return place.mistakes.length === before && selector !== undefined ? { weight, selector } : undefined
}
