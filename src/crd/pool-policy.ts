import type { NamespaceSet } from '#model/namespace-set.ts'
import type { PoolPolicy, Quota, Reservation } from '#model/pool-policy.ts'
import { formatIp } from '#model/ip.ts'
import { readIp } from './addresses.ts'
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
  readInteger,
  readText,
  rootPlace,
} from './place.ts'
import { isWritten, readRange } from './pool-range.ts'
import { noteMapped } from './unusable.ts'

/**
 * A LoadBalancerIPPoolPolicy (balise.io/v1alpha1). Entries without a mistake are in force beside those with one. Where it is not known whom
 * a reserved address is for, it is for nobody; where it is not known whom a quota limits, it limits nobody. There is no value when it
 * is not known which pools are meant.
 */
export function decodePoolPolicy(object: unknown): Decoded<PoolPolicy> {
  const root = rootPlace(object)
  const metadata = readMetadata(root)
  const spec = field(root, 'spec')
  if (isAbsent(spec)) note(spec, 'is missing', 'write spec.reserved or spec.quotas')
  else if (expectObject(spec) && isAbsent(field(spec, 'reserved')) && isAbsent(field(spec, 'quotas'))) {
    note(spec, 'has neither reserved nor quotas', 'write one of them, or delete the object')
  }
  const pools = readPools(field(spec, 'pools'))
  const reserved = elements(field(spec, 'reserved')).flatMap((place) => readReservation(place) ?? [])
  const quotas = elements(field(spec, 'quotas')).flatMap((place) => readQuota(place) ?? [])
  if (metadata === undefined || pools === undefined) return { value: undefined, mistakes: root.mistakes }
  const { name, generation } = metadata
  return { value: { name, generation, pools, reserved, quotas }, mistakes: root.mistakes }
}

function readPools(place: Place): PoolPolicy['pools'] | undefined {
  if (isAbsent(place)) return 'all'
  const names = readNames(place, POOL_NAME, 'pool', 'lab')
  if (Array.isArray(place.value) && place.value.length === 0) {
    note(place, 'is empty', 'name pools, or remove the field, which means every pool')
  }
  return names.length === 0 ? undefined : names
}

/** Those of a list that can be names. */
function readNames(place: Place, pattern: RegExp, what: string, example: string): readonly string[] {
  return elements(place).flatMap((element) => {
    const name = readText(element, ' ')
    if (pattern.test(name)) return [name]
    if (typeof element.value === 'string' || isAbsent(element)) {
      note(element, `is no name of a ${what}`, `write a name like ${example}`)
    }
    return []
  })
}

/** A DNS subdomain (RFC 1123); that of a pool of MetalLB also with its namespace before it. */
const POOL_NAME = /^([a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?\/)?[a-z0-9]([-.a-z0-9]{0,251}[a-z0-9])?$/
/** A DNS label (RFC 1123). */
const NAMESPACE_NAME = /^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/

function readReservation(place: Place): Reservation | undefined {
  if (!expectObject(place)) return undefined
  const block = readReservedRange(place)
  const reason = readText(field(place, 'reason'))
  const requestableBy = readRequestableBy(place)
  return block === undefined || noteMapped(block.range, writtenIn(place))
    ? undefined
    : { ...block, reason, requestableBy }
}

/** Where the addresses of an entry are written. */
function writtenIn(place: Place): Place {
  return ['address', 'cidr', 'start'].map((key) => field(place, key)).find(isWritten) ?? place
}

function readReservedRange(place: Place): Pick<Reservation, 'range' | 'text'> | undefined {
  const address = field(place, 'address')
  if (!isWritten(address)) return readRange(place, 'address, cidr, or start and stop')
  for (const other of ['cidr', 'start', 'stop'].map((key) => field(place, key)).filter(isWritten)) {
    note(other, 'is ignored beside address', 'remove it, or remove address')
  }
  const ip = readIp(address)
  return ip === undefined ? undefined : { range: { first: ip, last: ip }, text: formatIp(ip) }
}

function readRequestableBy(place: Place): Reservation['requestableBy'] {
  const flag = field(place, 'requestable')
  const requestable = readFlag(flag, false)
  const namespaces = readNamespaces(place)
  if (namespaces === 'all') return requestable ? 'everybody' : 'nobody'
  if (flag.value === false) {
    note(flag, 'contradicts the namespaces that may ask', 'remove it, or remove namespaces and namespaceSelector')
    return 'nobody'
  }
  return namespaces ?? 'nobody'
}

/** `all` where neither names nor a selector are written; undefined when it is not known which are meant. */
function readNamespaces(place: Place): 'all' | NamespaceSet | undefined {
  const named = field(place, 'namespaces')
  const selecting = field(place, 'namespaceSelector')
  if (isAbsent(named) && isAbsent(selecting)) return 'all'
  const names = readNames(named, NAMESPACE_NAME, 'namespace', 'team-a')
  if (Array.isArray(named.value) && named.value.length === 0 && isAbsent(selecting)) {
    note(named, 'is empty', 'name namespaces, or remove the field')
  }
  const selector = isAbsent(selecting) ? undefined : readLabelSelector(selecting)
  return names.length === 0 && selector === undefined ? undefined : { names, selector }
}

function readQuota(place: Place): Quota | undefined {
  if (!expectObject(place)) return undefined
  const namespaces = readNamespaces(place)
  const limits = ['maxAddresses', 'maxServices'].map((key) => field(place, key))
  const [maxAddresses, maxServices] = limits.map(readLimit)
  if (limits.every(isAbsent)) note(place, 'limits nothing', 'write maxAddresses, maxServices or both')
  if (namespaces === undefined || (maxAddresses === undefined && maxServices === undefined)) return undefined
  return { namespaces, maxAddresses, maxServices }
}

function readLimit(place: Place): number | undefined {
  if (isAbsent(place)) return undefined
  const limit = readInteger(place, Number.NaN)
  if (limit < 0) note(place, 'is negative', 'write 0 for none at all, or a number above it')
  return limit >= 0 ? limit : undefined
}
