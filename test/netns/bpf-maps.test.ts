import assert from 'node:assert/strict'
import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import fc from 'fast-check'
import { BpfError } from '#io/bpf/bpf-error.ts'
import { type BpfObject, loadBpfObject } from '#io/bpf/bpf-object.ts'
import { updateElement } from '#io/bpf/map-calls.ts'
import { makePinFolder } from '#io/bpf/pin.ts'
import { openPinnedMaps } from '#io/bpf/pinned-maps.ts'
import { bpfMapsContract, CONTRACT_LAYOUTS } from '#ports/bpf-maps.contract.ts'
import { createFakeBpfMaps } from '#ports/bpf-maps.fake.ts'
import { type BpfMap, BpfMapError } from '#ports/bpf-maps.ts'
import { compileFixture } from './bpf-fixture/compile.ts'
import { enterOwnNamespaces } from './own-namespaces.ts'

const room = enterOwnNamespaces()
const objects = compileFixture(join(room.scratch, 'objects'))
let folders = 0

/** Pins the maps of the fixture in a folder of their own. */
function load(): { readonly folder: string; readonly object: BpfObject } {
  const folder = join(room.bpffs, `maps-${++folders}`)
  makePinFolder(folder)
  const path = join(objects, 'balise_fixture.bpf.o')
  return { folder, object: loadBpfObject({ path, pinOf: (map) => join(folder, map), programs: [] }) }
}

bpfMapsContract('openPinnedMaps()', () => {
  const { folder, object } = load()
  object.close()
  const maps = openPinnedMaps({ folder, mode: 'readwrite' })
  return {
    maps,
    close() {
      maps.close()
      rmSync(folder, { recursive: true })
    },
  }
})

test('openPinnedMaps() lets the kernel refuse changes when opened for reading', () => {
  const { folder, object } = load()
  object.close()
  const maps = openPinnedMaps({ folder, mode: 'read' })
  const map = maps.map('lb4_backends')
  assert.deepEqual(map.entries(), [])
  assert.throws(() => map.update(new Uint8Array(4), new Uint8Array(16)), hasErrno('EPERM'))
  assert.throws(() => map.delete(new Uint8Array(4)), hasErrno('EPERM'))
  maps.close()
})

test('openPinnedMaps() says which pin is missing', () => {
  const folder = join(room.bpffs, 'nothing')
  const maps = openPinnedMaps({ folder, mode: 'read' })
  assert.throws(
    () => maps.map('ct4'),
    (error) =>
      error instanceof BpfError && error.failure.code === 'NotPinned' && error.failure.pin === join(folder, 'ct4'),
  )
})

test('openPinnedMaps() sees what another process puts, without opening anew', () => {
  const { folder, object } = load()
  const maps = openPinnedMaps({ folder, mode: 'read' })
  assert.deepEqual(maps.map('lb4_backends').entries(), [])
  assert.equal(updateElement(object.mapFd('lb4_backends'), new Uint8Array(4), new Uint8Array(16)), 0)
  assert.equal(maps.map('lb4_backends').entries().length, 1)
  object.close()
  maps.close()
})

test('openPinnedMaps() calls a full trie full as well', () => {
  const { folder, object } = load()
  object.close()
  const maps = openPinnedMaps({ folder, mode: 'readwrite' })
  const map = maps.map('lb4_reverse_nat')
  const range = (octet: number): Uint8Array => Uint8Array.of(32, 0, 0, 0, octet, 0, 0, 0)
  map.updateBatch([1, 2, 3, 4].map((octet) => ({ key: range(octet), value: new Uint8Array(8) })))
  assert.equal(map.entries().length, 4)
  assert.throws(
    () => map.update(range(5), new Uint8Array(8)),
    (error) => error instanceof BpfMapError && error.failure.code === 'MapFull' && error.failure.maxEntries === 4,
  )
  map.deleteBatch([range(9), range(1), range(2)])
  assert.equal(map.entries().length, 2)
  maps.close()
})

/** Keys from a few more than the map holds, so that it is full now and then. */
const number = fc.nat(79)
const operation = fc.oneof(
  fc.record({ kind: fc.constant('update' as const), keys: fc.array(number, { minLength: 1, maxLength: 1 }) }),
  fc.record({ kind: fc.constant('delete' as const), keys: fc.array(number, { minLength: 1, maxLength: 1 }) }),
  fc.record({ kind: fc.constant('lookup' as const), keys: fc.array(number, { minLength: 1, maxLength: 1 }) }),
  fc.record({ kind: fc.constant('updateBatch' as const), keys: fc.array(number, { maxLength: 40 }) }),
  fc.record({ kind: fc.constant('deleteBatch' as const), keys: fc.array(number, { maxLength: 40 }) }),
)
type Operation = typeof operation extends fc.Arbitrary<infer O> ? O : never

/** What a map answers to an operation: a value, or the code of a failure. */
function perform(map: BpfMap, { kind, keys }: Operation, octet: number): unknown {
  const key = (index: number): Uint8Array => Uint8Array.of(index, 0, 0, 0)
  const value = new Uint8Array(16).fill(octet)
  const first = key(keys[0] ?? 0)
  try {
    switch (kind) {
      case 'update':
        return map.update(first, value)
      case 'delete':
        return map.delete(first)
      case 'lookup':
        return map.lookup(first)
      case 'updateBatch':
        return map.updateBatch(keys.map((index) => ({ key: key(index), value })))
      case 'deleteBatch':
        return map.deleteBatch(keys.map(key))
    }
  } catch (error) {
    return error instanceof BpfMapError ? error.failure.code : error
  }
}

function content(map: BpfMap): readonly string[] {
  return map
    .entries()
    .map(({ key, value }) => `${key.join('.')} ${value[0]}`)
    .toSorted()
}

test('openPinnedMaps() and createFakeBpfMaps() answer alike to any sequence of operations', () => {
  const { folder, object } = load()
  object.close()
  const maps = openPinnedMaps({ folder, mode: 'readwrite' })
  const real = maps.map('lb4_backends')
  fc.assert(
    fc.property(fc.array(operation, { maxLength: 20 }), (operations) => {
      real.deleteBatch(real.entries().map(({ key }) => key))
      const fake = createFakeBpfMaps(CONTRACT_LAYOUTS).map('lb4_backends')
      for (const [index, one] of operations.entries()) {
        assert.deepEqual(perform(fake, one, index), perform(real, one, index))
        assert.deepEqual(content(fake), content(real))
      }
    }),
    { numRuns: 300 },
  )
  maps.close()
})

function hasErrno(errno: string): (error: unknown) => boolean {
  return (error) => error instanceof BpfMapError && error.failure.code === 'SystemCall' && error.failure.errno === errno
}
