import type { Endpoint, EndpointPort, EndpointSlice } from '#model/endpoint-slice.ts'
import { readIp } from './addresses.ts'
import { readMetadata } from './metadata.ts'
import {
  type Decoded,
  elements,
  field,
  isAbsent,
  note,
  type Place,
  readFlag,
  readInteger,
  readOneOf,
  readText,
  rootPlace,
} from './place.ts'
import { L4_PROTOCOLS } from './service.ts'

const SERVICE_NAME_LABEL = 'kubernetes.io/service-name'

/** A discovery.k8s.io/v1 EndpointSlice. One of no Service, and one of host names (`addressType: FQDN`), has no endpoints for us. */
export function decodeEndpointSlice(object: unknown): Decoded<EndpointSlice> {
  const root = rootPlace(object)
  const metadata = readMetadata(root)
  if (metadata === undefined) return { value: undefined, mistakes: root.mistakes }
  const { namespace, name, labels } = metadata
  const owner = labels[SERVICE_NAME_LABEL] ?? ''
  const hasAddresses = owner !== '' && field(root, 'addressType').value !== 'FQDN'
  const value: EndpointSlice = {
    namespace,
    name,
    service: owner === '' ? '' : `${namespace}/${owner}`,
    ports: elements(field(root, 'ports')).flatMap(readPort),
    endpoints: hasAddresses ? elements(field(root, 'endpoints')).flatMap(readEndpoint) : [],
  }
  return { value, mistakes: root.mistakes }
}

/** A port without a number means all ports; no Service forwards to that. */
function readPort(place: Place): readonly EndpointPort[] {
  if (isAbsent(field(place, 'port'))) return []
  return [
    {
      name: readText(field(place, 'name')),
      protocol: readOneOf(field(place, 'protocol'), L4_PROTOCOLS, 'TCP'),
      port: readInteger(field(place, 'port'), 0),
    },
  ]
}

/** Only the first address counts (discovery/v1 Endpoint.addresses). An unset `ready` is true, an unset `serving` is as `ready`. */
function readEndpoint(place: Place): readonly Endpoint[] {
  const first = elements(field(place, 'addresses'))[0]
  if (first === undefined) {
    note(field(place, 'addresses'), 'is empty', 'write the address of the endpoint')
    return []
  }
  const address = readIp(first)
  if (address === undefined) return []
  const conditions = field(place, 'conditions')
  const ready = readFlag(field(conditions, 'ready'), true)
  return [
    {
      address,
      nodeName: readText(field(place, 'nodeName')),
      ready,
      serving: readFlag(field(conditions, 'serving'), ready),
      terminating: readFlag(field(conditions, 'terminating'), false),
      zone: readText(field(place, 'zone')),
    },
  ]
}
