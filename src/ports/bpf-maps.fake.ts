import {
  type BpfMap,
  type BpfMapEntry,
  BpfMapError,
  type BpfMapFailure,
  type BpfMapName,
  type BpfMaps,
} from './bpf-maps.ts'

/** How a fake map is laid out. `array`: all elements always exist, keys are 32-bit indices, little-endian. */
export interface FakeMapLayout {
  readonly kind: 'hash' | 'array'
  readonly keyLengthOctets: number
  readonly valueLengthOctets: number
  readonly maxEntries: number
  /** More than 1 for a per-CPU map. */
  readonly cpus?: number
}

/** Octets as in bpf/include/structs.h; few entries, for a full map to be in reach of a test. */
export const FAKE_LAYOUTS: { readonly [name in BpfMapName]: FakeMapLayout } = {
  lb4_services: { kind: 'hash', keyLengthOctets: 12, valueLengthOctets: 20, maxEntries: 262_144 },
  lb4_backends: { kind: 'hash', keyLengthOctets: 4, valueLengthOctets: 16, maxEntries: 65_536 },
  lb4_reverse_nat: { kind: 'hash', keyLengthOctets: 4, valueLengthOctets: 8, maxEntries: 262_144 },
  ct4: { kind: 'hash', keyLengthOctets: 16, valueLengthOctets: 64, maxEntries: 65_536 },
  fragments4: { kind: 'hash', keyLengthOctets: 12, valueLengthOctets: 4, maxEntries: 8192 },
  sock4_reverse: { kind: 'hash', keyLengthOctets: 16, valueLengthOctets: 12, maxEntries: 65_536 },
  l2_responder4: { kind: 'hash', keyLengthOctets: 8, valueLengthOctets: 32, maxEntries: 4096 },
  agent_config: { kind: 'array', keyLengthOctets: 4, valueLengthOctets: 40, maxEntries: 1 },
  overlay4: { kind: 'hash', keyLengthOctets: 8, valueLengthOctets: 20, maxEntries: 16_384 },
  overlay6: { kind: 'hash', keyLengthOctets: 20, valueLengthOctets: 20, maxEntries: 16_384 },
  overlay_config: { kind: 'array', keyLengthOctets: 4, valueLengthOctets: 48, maxEntries: 1 },
  answer_buckets: { kind: 'array', keyLengthOctets: 4, valueLengthOctets: 8, maxEntries: 2, cpus: 2 },
  drops: { kind: 'array', keyLengthOctets: 4, valueLengthOctets: 16, maxEntries: 13, cpus: 2 },
  counters: { kind: 'array', keyLengthOctets: 4, valueLengthOctets: 16, maxEntries: 11, cpus: 2 },
}

/** One change that a fake map saw, in order. For tests of the order in which maps are written. */
export interface FakeMapChange {
  readonly map: BpfMapName
  readonly operation: 'update' | 'delete'
  readonly key: Uint8Array
}

export interface FakeBpfMaps extends BpfMaps {
  readonly changes: readonly FakeMapChange[]
}

/** Maps in memory that behave as the kernel's do. `layouts` replaces some of `FAKE_LAYOUTS`. */
export function createFakeBpfMaps(layouts: { readonly [name in BpfMapName]?: FakeMapLayout } = {}): FakeBpfMaps {
  const changes: FakeMapChange[] = []
  const maps = new Map<BpfMapName, BpfMap>()
  return {
    changes,
    map(name) {
      const map = maps.get(name) ?? createFakeMap(name, layouts[name] ?? FAKE_LAYOUTS[name], changes)
      maps.set(name, map)
      return map
    },
    close() {},
  }
}

function createFakeMap(name: BpfMapName, layout: FakeMapLayout, changes: FakeMapChange[]): BpfMap {
  const { keyLengthOctets, valueLengthOctets, maxEntries, kind, cpus = 1 } = layout
  const elements = new Map<string, BpfMapEntry>()
  if (kind === 'array')
    for (let index = 0; index < maxEntries; index++) put(elements, zeroElement(index, valueLengthOctets * cpus))
  const refuse = (failure: BpfMapFailure): never => {
    throw new BpfMapError(failure)
  }
  const update = (key: Uint8Array, value: Uint8Array): void => {
    checkLength('key', key, keyLengthOctets)
    checkLength('value', value, valueLengthOctets)
    const isNew = !elements.has(String(key))
    if (isNew && (kind === 'array' || elements.size >= maxEntries)) refuse({ code: 'MapFull', map: name, maxEntries })
    put(elements, { key: key.slice(), value: repeat(value, cpus) })
    changes.push({ map: name, operation: 'update', key: key.slice() })
  }
  const remove = (key: Uint8Array): boolean => {
    checkLength('key', key, keyLengthOctets)
    if (kind === 'array') refuse({ code: 'SystemCall', map: name, call: 'BPF_MAP_DELETE_ELEM', errno: 'EINVAL' })
    const existed = elements.delete(String(key))
    if (existed) changes.push({ map: name, operation: 'delete', key: key.slice() })
    return existed
  }
  return {
    name,
    keyLengthOctets,
    valueLengthOctets,
    maxEntries,
    entries: () => [...elements.values()].map(copy),
    chunks: () => readChunks(elements),
    lookup: (key) => {
      checkLength('key', key, keyLengthOctets)
      return elements.get(String(key))?.value.slice()
    },
    update,
    updateBatch: (entries) => {
      for (const { key, value } of entries) update(key, value)
    },
    delete: remove,
    deleteBatch: (keys) => {
      for (const key of keys) remove(key)
    },
  }
}

const CHUNK_ENTRIES = 4096

/** Bears it when entries come and go between two chunks. */
function* readChunks(elements: ReadonlyMap<string, BpfMapEntry>): Generator<readonly BpfMapEntry[]> {
  let chunk: BpfMapEntry[] = []
  for (const entry of elements.values()) {
    chunk.push(copy(entry))
    if (chunk.length < CHUNK_ENTRIES) continue
    yield chunk
    chunk = []
  }
  if (chunk.length > 0) yield chunk
}

function copy({ key, value }: BpfMapEntry): BpfMapEntry {
  return { key: key.slice(), value: value.slice() }
}

function put(elements: Map<string, BpfMapEntry>, entry: BpfMapEntry): void {
  elements.set(String(entry.key), entry)
}

function zeroElement(index: number, lengthOctets: number): BpfMapEntry {
  const key = new Uint8Array(4)
  new DataView(key.buffer).setUint32(0, index, true)
  return { key, value: new Uint8Array(lengthOctets) }
}

function repeat(value: Uint8Array, times: number): Uint8Array {
  const whole = new Uint8Array(value.length * times)
  for (let index = 0; index < times; index++) whole.set(value, index * value.length)
  return whole
}

function checkLength(what: string, octets: Uint8Array, lengthOctets: number): void {
  if (octets.length !== lengthOctets) throw new Error(`A ${what} has ${lengthOctets} octets here, not ${octets.length}`)
}
