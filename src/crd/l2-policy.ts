import { compileInterfacePattern } from '#model/interface-pattern.ts'
import type { L2Policy } from '#model/l2-policy.ts'
import type { LabelSelector } from '#model/selector.ts'
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
  readText,
  rootPlace,
} from './place.ts'

/**
 * A CiliumL2AnnouncementPolicy (cilium.io/v2alpha1). Patterns that compile stay in force beside one that does not. There is no value when a
 * selector is wrong, or when no pattern is left: none at all would mean all interfaces.
 */
export function decodeL2Policy(object: unknown): Decoded<L2Policy> {
  const root = rootPlace(object)
  const metadata = readMetadata(root)
  const spec = field(root, 'spec')
  expectObject(spec)
  const serviceSelector = readLabelSelector(field(spec, 'serviceSelector'))
  const nodeSelector = readLabelSelector(field(spec, 'nodeSelector'))
  const place = field(spec, 'interfaces')
  const written = elements(place)
  const interfaces = written.flatMap(readPattern)
  const externalIps = readFlag(field(spec, 'externalIPs'), false)
  const loadBalancerIps = readFlag(field(spec, 'loadBalancerIPs'), false)
  const isEmptyOnPurpose = isAbsent(place) || (Array.isArray(place.value) && written.length === 0)
  const noneLeft = interfaces.length === 0 && !isEmptyOnPurpose
  if (metadata === undefined || serviceSelector === undefined || nodeSelector === undefined || noneLeft) {
    return { value: undefined, mistakes: root.mistakes }
  }
  const { name, generation } = metadata
  const value: L2Policy = {
    kind: 'CiliumL2AnnouncementPolicy',
    name,
    namespace: '',
    generation,
    serviceSelectors: unlessAll(serviceSelector),
    nodeSelectors: unlessAll(nodeSelector),
    interfaces,
    externalIps,
    loadBalancerIps,
    pools: undefined,
    brokenPools: [],
  }
  return { value, mistakes: root.mistakes }
}

function unlessAll(selector: LabelSelector): readonly LabelSelector[] {
  return selector.requirements.length === 0 ? [] : [selector]
}

function readPattern(place: Place): readonly string[] {
  const text = readText(place)
  if (typeof place.value !== 'string' && !isAbsent(place)) return []
  if (text === '') {
    note(place, 'is empty', 'write the name of an interface, or leave interfaces out for all')
    return []
  }
  const compiled = compileInterfacePattern(text)
  if (compiled.ok) return [text]
  note(place, compiled.error.problem, compiled.error.remedy)
  return []
}
