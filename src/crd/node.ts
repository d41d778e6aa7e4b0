import type { Ip } from '#model/ip.ts'
import type { Node } from '#model/node.ts'
import { readIps, readPrefix } from './addresses.ts'
import { readConditions } from './conditions.ts'
import { readMetadata } from './metadata.ts'
import { type Decoded, elements, field, type Place, readFlag, rootPlace } from './place.ts'

/** A core/v1 Node. */
export function decodeNode(object: unknown): Decoded<Node> {
  const root = rootPlace(object)
  const metadata = readMetadata(root)
  if (metadata === undefined) return { value: undefined, mistakes: root.mistakes }
  const spec = field(root, 'spec')
  const status = field(root, 'status')
  const value: Node = {
    name: metadata.name,
    labels: metadata.labels,
    internalIps: readNodeIps(status, 'InternalIP'),
    externalIps: readNodeIps(status, 'ExternalIP'),
    podCidrs: podCidrPlaces(spec)
      .map(readPrefix)
      .filter((prefix) => prefix !== undefined),
    ready: readConditions(field(status, 'conditions')).some(
      ({ type, status }) => type === 'Ready' && status === 'True',
    ),
    unschedulable: readFlag(field(spec, 'unschedulable'), false),
  }
  return { value, mistakes: root.mistakes }
}

function readNodeIps(status: Place, type: 'InternalIP' | 'ExternalIP'): readonly Ip[] {
  const places = elements(field(status, 'addresses')).filter((entry) => field(entry, 'type').value === type)
  return readIps(places.map((entry) => field(entry, 'address')))
}

function podCidrPlaces(spec: Place): readonly Place[] {
  const many = elements(field(spec, 'podCIDRs'))
  return many.length > 0 ? many : [field(spec, 'podCIDR')]
}
