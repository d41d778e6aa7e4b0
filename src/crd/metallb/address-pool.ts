import { readMetadata } from '#crd/metadata.ts'
import { type Decoded, field, isAbsent, note, type Place, rootPlace } from '#crd/place.ts'
import type { Pool } from '#model/pool.ts'
import type { PoolAudience } from '#model/pool-audience.ts'
import { SELECT_ALL } from '#model/selector.ts'
import { readAddresses } from './addresses.ts'
import { expectFields, readCautiously, readPriority } from './fields.ts'
import { readNames, readSelectors } from './selectors.ts'

const SPEC = ['addresses', 'autoAssign', 'avoidBuggyIPs', 'serviceAllocation']
const ALLOCATION = ['priority', 'namespaces', 'namespaceSelectors', 'serviceSelectors']

/**
 * An IPAddressPool (metallb.io/v1beta1). Addresses without a mistake stay in the value beside those with one. There is no value when it is
 * not known whom the pool is for. A switch that cannot be read stands where less is given away.
 */
export function decodeAddressPool(object: unknown): Decoded<Pool> {
  const root = rootPlace(object)
  const metadata = readMetadata(root)
  const spec = field(root, 'spec')
  if (isAbsent(spec)) note(spec, 'is missing', 'write spec.addresses with the addresses of the pool')
  const isReadable = expectFields(spec, SPEC)
  const blocks = isAbsent(spec) || !isReadable ? [] : readAddresses(field(spec, 'addresses'))
  const autoAssign = readCautiously(field(spec, 'autoAssign'), true, false)
  const avoidBuggyIps = readCautiously(field(spec, 'avoidBuggyIPs'), false, true)
  const allocation = field(spec, 'serviceAllocation')
  const priority = readPriority(field(allocation, 'priority'))
  const audience = readAudience(allocation)
  if (metadata === undefined || !isReadable || audience === undefined)
    return { value: undefined, mistakes: root.mistakes }
  const { name, namespace, labels, generation, creationTimestampMs } = metadata
  const value: Pool = {
    dialect: 'metallb',
    name,
    namespace,
    labels,
    generation,
    creationTimestampMs,
    blocks,
    disabled: false,
    priority,
    autoAssign,
    avoidBuggyIps,
    ...audience,
  }
  return { value, mistakes: root.mistakes }
}

/** A pool as far as its addresses count, which are announced whomever it is for. */
export interface AnnouncedPool {
  readonly pool: Pool
  /** A part of it could not be read, so it may have more addresses than are known. */
  readonly isBroken: boolean
}

/** Also of an IPAddressPool of which it is not known whom it is for; undefined for something without a name. */
export function readAnnouncedPool(object: unknown): AnnouncedPool | undefined {
  const { value, mistakes } = decodeAddressPool(object)
  if (value !== undefined) return { pool: value, isBroken: mistakes.length > 0 }
  const root = rootPlace(object)
  const spec = field(root, 'spec')
  const addresses = field(spec, 'addresses').value
  const avoidBuggyIPs = field(spec, 'avoidBuggyIPs').value
  const readable = { metadata: field(root, 'metadata').value, spec: { addresses, avoidBuggyIPs } }
  const { value: pool } = decodeAddressPool(readable)
  return pool === undefined ? undefined : { pool, isBroken: true }
}

function readAudience(allocation: Place): PoolAudience | undefined {
  const isReadable = expectFields(allocation, ALLOCATION)
  const namespaces = readNames(field(allocation, 'namespaces'), 'write the name of a namespace')
  const namespaceSelectors = readSelectors(field(allocation, 'namespaceSelectors'))
  const serviceSelectors = readSelectors(field(allocation, 'serviceSelectors'))
  if (!isReadable || namespaces === undefined || namespaceSelectors === undefined || serviceSelectors === undefined) {
    return undefined
  }
  return { serviceSelector: SELECT_ALL, serviceSelectors, namespaces, namespaceSelectors }
}
