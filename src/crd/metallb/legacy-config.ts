import { type Metadata, readMetadata } from '#crd/metadata.ts'
import { type Decoded, elements, field, isAbsent, note, pathOf, type Place, readOneOf, rootPlace } from '#crd/place.ts'
import { NO_PRIORITY, type Pool } from '#model/pool.ts'
import { SELECT_ALL } from '#model/selector.ts'
import { readAddresses } from './addresses.ts'
import { expectFields, readCautiously, readName } from './fields.ts'
import { LEGACY_CONFIG, METALLB_NAMESPACE, NOT_TAKEN_OVER } from './kinds.ts'

/** The configuration of MetalLB up to 0.12. */
export interface LegacyConfig {
  readonly pools: readonly LegacyPool[]
  readonly notTakenOver: readonly NotTakenOver[]
}

export interface LegacyPool {
  readonly pool: Pool
  /** How its addresses are announced. */
  readonly protocol: 'layer2' | 'bgp'
}

/** A part of a configuration that this version has no use for. */
export interface NotTakenOver {
  /** `data.config.peers[0]` */
  readonly path: string
  readonly reason: string
}

const FIELDS = ['peers', 'bgp-communities', 'address-pools', 'bfd-profiles']
const POOL_FIELDS = ['name', 'protocol', 'addresses', 'auto-assign', 'avoid-buggy-ips', 'bgp-advertisements']
/** Fields about BGP, and the kind of today that says the same. */
const BGP_FIELDS = { peers: 'BGPPeer', 'bgp-communities': 'Community', 'bfd-profiles': 'BFDProfile' } as const

/** Whether an object is the ConfigMap of old, `config` in MetalLB's namespace. */
export function isLegacyConfigMap(object: unknown, namespace: string = METALLB_NAMESPACE): boolean {
  const root = rootPlace(object)
  const metadata = field(root, 'metadata')
  if (field(metadata, 'name').value !== LEGACY_CONFIG.name || field(metadata, 'namespace').value !== namespace)
    return false
  return !isAbsent(field(field(root, 'data'), LEGACY_CONFIG.key))
}

/**
 * The ConfigMap of old. `config` is what the YAML text in its `data.config` says. Pools and addresses without a mistake stay in the value
 * beside those with one; MetalLB refuses the whole.
 */
export function decodeLegacyConfig(configMap: unknown, config: unknown): Decoded<LegacyConfig> {
  const root = rootPlace(configMap)
  const metadata = readMetadata(root)
  const place: Place = { value: config, mistakes: root.mistakes, parent: field(root, 'data'), key: LEGACY_CONFIG.key }
  if (isAbsent(place)) note(place, 'is empty', 'write address-pools')
  if (metadata === undefined || isAbsent(place) || !expectFields(place, FIELDS)) {
    return { value: undefined, mistakes: root.mistakes }
  }
  const poolPlaces = elements(field(place, 'address-pools'))
  const pools = withoutDoubles(poolPlaces.flatMap((pool) => readPool(pool, metadata) ?? []))
  return { value: { pools, notTakenOver: bgpPartsOf(place, poolPlaces) }, mistakes: root.mistakes }
}

interface PlacedPool extends LegacyPool {
  readonly name: Place
}

function readPool(place: Place, { namespace, generation, creationTimestampMs }: Metadata): PlacedPool | undefined {
  if (isAbsent(place)) note(place, 'is empty', 'write name, protocol and addresses')
  if (isAbsent(place) || !expectFields(place, POOL_FIELDS)) return undefined
  const namePlace = field(place, 'name')
  const name = readName(namePlace, 'give the pool a name')
  const protocolPlace = field(place, 'protocol')
  if (isAbsent(protocolPlace)) note(protocolPlace, 'is missing', 'write layer2')
  const protocol = readOneOf(protocolPlace, ['layer2', 'bgp'], 'layer2')
  const blocks = readAddresses(field(place, 'addresses'))
  const autoAssign = readCautiously(field(place, 'auto-assign'), true, false)
  const avoidBuggyIps = readCautiously(field(place, 'avoid-buggy-ips'), false, true)
  if (name === undefined) return undefined
  const pool: Pool = {
    dialect: 'metallb',
    name,
    namespace,
    labels: {},
    generation,
    creationTimestampMs,
    blocks,
    disabled: false,
    priority: NO_PRIORITY,
    autoAssign,
    avoidBuggyIps,
    serviceSelector: SELECT_ALL,
    serviceSelectors: [],
    namespaces: [],
    namespaceSelectors: [],
  }
  return { pool, protocol, name: namePlace }
}

/** The first of each name. */
function withoutDoubles(pools: readonly PlacedPool[]): readonly LegacyPool[] {
  const seen = new Set<string>()
  return pools.flatMap(({ pool, protocol, name }) => {
    if (seen.has(pool.name)) {
      note(name, 'is the name of an earlier pool as well', 'give each pool a name of its own')
      return []
    }
    seen.add(pool.name)
    return [{ pool, protocol }]
  })
}

/** Addresses of such a pool are given out all the same. */
const SILENT =
  'this version of Balise speaks no BGP, so nobody answers for the addresses of this pool: write layer2 to have them announced on the local network'

function bgpPartsOf(config: Place, pools: readonly Place[]): readonly NotTakenOver[] {
  const parts = Object.entries(BGP_FIELDS).flatMap(([key, kind]) => partsOf(field(config, key), kind))
  const advertisements = pools.flatMap((pool) => partsOf(field(pool, 'bgp-advertisements'), 'BGPAdvertisement'))
  const announced = pools
    .filter((pool) => field(pool, 'protocol').value === 'bgp')
    .map((pool) => field(pool, 'protocol'))
  return [...parts, ...advertisements, ...announced.map((place) => ({ path: pathOf(place), reason: SILENT }))]
}

/** Each element of a list, or a map as a whole. */
function partsOf(place: Place, kind: string): readonly NotTakenOver[] {
  const parts = Array.isArray(place.value) ? elements(place) : isAbsent(place) ? [] : [place]
  return parts.map((part) => ({ path: pathOf(part), reason: NOT_TAKEN_OVER[kind] ?? '' }))
}
