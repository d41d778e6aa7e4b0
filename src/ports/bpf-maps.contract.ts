import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { FakeMapLayout } from './bpf-maps.fake.ts'
import { type BpfMap, type BpfMapEntry, BpfMapError, type BpfMapName, type BpfMaps } from './bpf-maps.ts'

/** The maps that the suite needs. `counters` is per CPU: the real one has as many as there could be. */
export const CONTRACT_LAYOUTS = {
  lb4_services: { kind: 'hash', keyLengthOctets: 12, valueLengthOctets: 20, maxEntries: 20_000 },
  lb4_backends: { kind: 'hash', keyLengthOctets: 4, valueLengthOctets: 16, maxEntries: 64 },
  agent_config: { kind: 'array', keyLengthOctets: 4, valueLengthOctets: 40, maxEntries: 1 },
  counters: { kind: 'array', keyLengthOctets: 4, valueLengthOctets: 16, maxEntries: 11, cpus: 2 },
} as const satisfies { readonly [name in BpfMapName]?: FakeMapLayout }

/** Maps as in `CONTRACT_LAYOUTS`, all of them empty. */
export type OpenMaps = () => { readonly maps: BpfMaps; readonly close: () => void }

/** What every `BpfMaps` promises: run on the fake and on the kernel's. */
export function bpfMapsContract(subject: string, open: OpenMaps): void {
  const check = (rule: string, body: (maps: BpfMaps) => void): void => {
    test(`${subject} ${rule}`, () => {
      const { maps, close } = open()
      try {
        body(maps)
      } finally {
        close()
      }
    })
  }
  check('tells the layout of a map', tellsLayout)
  check('gives back what was put, and nothing that was not', givesBack)
  check('replaces the value of a key that is there', replaces)
  check('deletes, and says whether there was something to delete', deletes)
  check('refuses a new key when full, and still replaces an old one', refusesWhenFull)
  check('puts and lists more entries than fit into one system call', listsMany)
  check('gives the same entries in chunks, also when what was read is deleted meanwhile', readsChunks)
  check('stops a batch at the first entry that has no room, and keeps those before it', keepsBeforeFull)
  check('deletes the rest of a batch when some keys are not there', deletesRest)
  check('takes empty batches', takesEmptyBatches)
  check('has every element of an array from the beginning', arrayIsFull)
  check('refuses to delete from an array, or to go beyond its end', arrayIsFixed)
  check('puts a value on every CPU, and gives those of all', perCpu)
  check('hands out copies', handsOutCopies)
  check('refuses keys and values of another length', refusesLengths)
}

function tellsLayout(maps: BpfMaps): void {
  for (const name of ['lb4_services', 'lb4_backends', 'agent_config', 'counters'] as const) {
    const { keyLengthOctets, valueLengthOctets, maxEntries } = maps.map(name)
    const wanted = CONTRACT_LAYOUTS[name]
    assert.deepEqual(
      { keyLengthOctets, valueLengthOctets, maxEntries },
      {
        keyLengthOctets: wanted.keyLengthOctets,
        valueLengthOctets: wanted.valueLengthOctets,
        maxEntries: wanted.maxEntries,
      },
    )
    assert.equal(maps.map(name).name, name)
  }
}

function givesBack(maps: BpfMaps): void {
  const map = maps.map('lb4_backends')
  map.update(key(1), value(16, 7))
  assert.deepEqual(map.lookup(key(1)), value(16, 7))
  assert.equal(map.lookup(key(2)), undefined)
  assert.deepEqual(map.entries(), [{ key: key(1), value: value(16, 7) }])
}

function replaces(maps: BpfMaps): void {
  const map = maps.map('lb4_backends')
  map.update(key(1), value(16, 7))
  map.update(key(1), value(16, 8))
  assert.deepEqual(map.entries(), [{ key: key(1), value: value(16, 8) }])
}

function deletes(maps: BpfMaps): void {
  const map = maps.map('lb4_backends')
  map.update(key(1), value(16, 7))
  assert.equal(map.delete(key(1)), true)
  assert.equal(map.delete(key(1)), false)
  assert.deepEqual(map.entries(), [])
}

function refusesWhenFull(maps: BpfMaps): void {
  const map = fill(maps.map('lb4_backends'), 64)
  assert.throws(() => map.update(key(64), value(16, 1)), isFull)
  map.update(key(63), value(16, 9))
  assert.deepEqual(map.lookup(key(63)), value(16, 9))
  assert.equal(map.entries().length, 64)
}

function listsMany(maps: BpfMaps): void {
  const map = maps.map('lb4_services')
  const entries = Array.from({ length: 10_000 }, (_, index) => ({ key: key(index, 12), value: value(20, index & 255) }))
  map.updateBatch(entries)
  const listed = map.entries()
  assert.equal(listed.length, 10_000)
  assert.deepEqual(sorted(listed), sorted(entries))
  map.deleteBatch(entries.slice(0, 9_999).map((entry) => entry.key))
  assert.deepEqual(map.entries(), [entries[9_999]])
}

function readsChunks(maps: BpfMaps): void {
  const map = maps.map('lb4_services')
  assert.deepEqual([...map.chunks()], [])
  const entries = Array.from({ length: 10_000 }, (_, index) => ({ key: key(index, 12), value: value(20, 1) }))
  map.updateBatch(entries)
  const seen: BpfMapEntry[] = []
  for (const chunk of map.chunks()) {
    assert.ok(chunk.length < 10_000)
    seen.push(...chunk)
    map.deleteBatch(chunk.map((entry) => entry.key))
  }
  assert.deepEqual(sorted(seen), sorted(entries))
  assert.deepEqual(map.entries(), [])
}

function keepsBeforeFull(maps: BpfMaps): void {
  const map = fill(maps.map('lb4_backends'), 62)
  const entries = [100, 101, 102, 103].map((number) => ({ key: key(number), value: value(16, 1) }))
  assert.throws(() => map.updateBatch(entries), isFull)
  assert.notEqual(map.lookup(key(101)), undefined)
  assert.equal(map.lookup(key(102)), undefined)
}

function deletesRest(maps: BpfMaps): void {
  const map = fill(maps.map('lb4_backends'), 10)
  map.deleteBatch([key(50), key(0), key(51), key(1), key(2), key(52)])
  assert.deepEqual(
    sorted(map.entries()).map((entry) => entry.key),
    [3, 4, 5, 6, 7, 8, 9].map((number) => key(number)),
  )
}

function takesEmptyBatches(maps: BpfMaps): void {
  const map = maps.map('lb4_backends')
  map.updateBatch([])
  map.deleteBatch([])
  assert.deepEqual(map.entries(), [])
}

function arrayIsFull(maps: BpfMaps): void {
  const map = maps.map('agent_config')
  assert.deepEqual(map.entries(), [{ key: key(0), value: value(40, 0) }])
  map.updateBatch([{ key: key(0), value: value(40, 3) }])
  assert.deepEqual(map.lookup(key(0)), value(40, 3))
}

function arrayIsFixed(maps: BpfMaps): void {
  const map = maps.map('agent_config')
  const isRefused = (error: unknown): boolean => error instanceof BpfMapError && error.failure.code === 'SystemCall'
  assert.throws(() => map.delete(key(0)), isRefused)
  assert.throws(() => map.deleteBatch([key(0)]), isRefused)
  assert.equal(map.lookup(key(1)), undefined)
  assert.throws(() => map.update(key(1), value(40, 1)), isFull)
}

function perCpu(maps: BpfMaps): void {
  const map = maps.map('counters')
  map.update(key(3), value(16, 5))
  const values = map.lookup(key(3))
  assert.ok(values !== undefined && values.length >= 16 && values.length % 16 === 0)
  assert.deepEqual(values, value(values.length, 5))
  assert.deepEqual(map.lookup(key(4)), value(values.length, 0))
  map.updateBatch([{ key: key(4), value: value(16, 6) }])
  assert.equal(map.entries().length, 11)
  assert.deepEqual(map.entries()[4], { key: key(4), value: value(values.length, 6) })
}

function handsOutCopies(maps: BpfMaps): void {
  const map = maps.map('lb4_backends')
  const given = value(16, 7)
  map.update(key(1), given)
  given.fill(1)
  map.lookup(key(1))?.fill(2)
  map.entries()[0]?.value.fill(3)
  assert.deepEqual(map.lookup(key(1)), value(16, 7))
}

function refusesLengths(maps: BpfMaps): void {
  const map = maps.map('lb4_backends')
  assert.throws(() => map.lookup(key(1, 3)), /octets/)
  assert.throws(() => map.update(key(1), value(15, 0)), /octets/)
  assert.throws(() => map.updateBatch([{ key: key(1), value: value(17, 0) }]), /octets/)
  assert.throws(() => map.delete(key(1, 5)), /octets/)
  assert.throws(() => map.deleteBatch([key(1, 5)]), /octets/)
  assert.deepEqual(map.entries(), [])
}

function fill(map: BpfMap, count: number): BpfMap {
  for (let number = 0; number < count; number++) map.update(key(number), value(16, 1))
  return map
}

function isFull(error: unknown): boolean {
  return error instanceof BpfMapError && error.failure.code === 'MapFull'
}

/** `number` in the first four octets, in the order of array indices. */
function key(number: number, lengthOctets = 4): Uint8Array {
  const octets = new Uint8Array(Math.max(4, lengthOctets))
  new DataView(octets.buffer).setUint32(0, number, true)
  return octets.slice(0, lengthOctets)
}

function value(lengthOctets: number, octet: number): Uint8Array {
  return new Uint8Array(lengthOctets).fill(octet)
}

function sorted(entries: readonly BpfMapEntry[]): readonly BpfMapEntry[] {
  const number = (entry: BpfMapEntry): number => new DataView(entry.key.buffer, entry.key.byteOffset).getUint32(0, true)
  return entries.toSorted((a, b) => number(a) - number(b))
}
