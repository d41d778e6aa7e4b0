import assert from 'node:assert/strict'
import { join } from 'node:path'
import { test } from 'node:test'
import { BpfError } from '#io/bpf/bpf-error.ts'
import { type LoadedBpfPrograms, openBpfPrograms } from '#io/bpf/bpf-programs.ts'
import { openPinnedMaps } from '#io/bpf/pinned-maps.ts'
import { openFrameSender } from '#io/net/frame-sender.ts'
import type { BpfMaps } from '#ports/bpf-maps.ts'
import { compileFixture } from './bpf-fixture/compile.ts'
import { enterOwnNamespaces } from './own-namespaces.ts'
import { countedPackets, createWire, makeFrame } from './wire.ts'

const room = enterOwnNamespaces()
const BUILDS = {
  original: compileFixture(join(room.scratch, 'original')),
  larger: compileFixture(join(room.scratch, 'larger'), { BACKENDS: 128 }),
  smaller: compileFixture(join(room.scratch, 'smaller'), { BACKENDS: 8 }),
  wider: compileFixture(join(room.scratch, 'wider'), { BACKEND_OCTETS: 24 }),
}
let folders = 0

function makeFolder(): string {
  return join(room.bpffs, `layout-${++folders}`)
}

function open(build: keyof typeof BUILDS, pinFolder: string, layoutChange: 'refuse' | 'migrate'): LoadedBpfPrograms {
  return openBpfPrograms({
    objectsFolder: BUILDS[build],
    pinFolder,
    mechanism: 'auto',
    layoutChange,
    constants: { build: 1 },
  })
}

function fill(folder: string, count: number): void {
  const maps = openPinnedMaps({ folder, mode: 'readwrite' })
  for (let index = 0; index < count; index++)
    maps.map('lb4_backends').update(Uint8Array.of(index, 0, 0, 0), new Uint8Array(16).fill(index))
  maps.close()
}

function withMaps<T>(folder: string, read: (maps: BpfMaps) => T): T {
  const maps = openPinnedMaps({ folder, mode: 'read' })
  try {
    return read(maps)
  } finally {
    maps.close()
  }
}

test('openBpfPrograms() refuses a pinned map of another layout, names both, and changes nothing', () => {
  const folder = makeFolder()
  open('original', folder, 'refuse').close()
  fill(folder, 3)
  assert.throws(
    () => open('larger', folder, 'refuse'),
    (error) => {
      assert.ok(error instanceof BpfError && error.failure.code === 'LayoutDiffers')
      assert.equal(error.failure.pin, join(folder, 'lb4_backends'))
      assert.equal(error.failure.pinned.maxEntries, 64)
      assert.equal(error.failure.wanted.maxEntries, 128)
      return true
    },
  )
  assert.equal(
    withMaps(folder, (maps) => maps.map('lb4_backends').entries().length),
    3,
  )
  open('original', folder, 'refuse').close()
})

test('openBpfPrograms() migrates what a larger map takes whole', () => {
  const folder = makeFolder()
  open('original', folder, 'migrate').close()
  fill(folder, 64)
  const programs = open('larger', folder, 'migrate')
  const [migration, ...others] = programs.migrations
  assert.deepEqual([migration?.map, migration?.copied, migration?.lost, others.length], ['lb4_backends', 64, 0, 0])
  programs.close()
  withMaps(folder, (maps) => {
    assert.equal(maps.map('lb4_backends').maxEntries, 128)
    assert.deepEqual(maps.map('lb4_backends').lookup(Uint8Array.of(63, 0, 0, 0)), new Uint8Array(16).fill(63))
  })
  const again = open('larger', folder, 'migrate')
  assert.deepEqual(again.migrations, [])
  again.close()
})

test('openBpfPrograms() says how many entries a smaller map could not take', () => {
  const folder = makeFolder()
  open('original', folder, 'migrate').close()
  fill(folder, 20)
  const programs = open('smaller', folder, 'migrate')
  const [migration] = programs.migrations
  assert.deepEqual([migration?.copied, migration?.lost], [8, 12])
  programs.close()
})

test('openBpfPrograms() begins anew where values have another length', () => {
  const folder = makeFolder()
  open('original', folder, 'migrate').close()
  fill(folder, 20)
  const programs = open('wider', folder, 'migrate')
  const [migration] = programs.migrations
  assert.deepEqual([migration?.copied, migration?.lost], [0, 20])
  assert.equal(
    withMaps(folder, (maps) => maps.map('lb4_backends').valueLengthOctets),
    24,
  )
  programs.close()
})

test('openBpfPrograms() leaves the programs of the old build running while maps are replaced', () => {
  const folder = makeFolder()
  const wire = createWire('bltlayout')
  const sender = openFrameSender()
  const first = open('original', folder, 'migrate')
  first.attachDevice(wire.near)
  first.close()
  const second = open('larger', folder, 'migrate')
  const packets = (): number => withMaps(folder, (maps) => countedPackets(maps, 1))
  const before = packets()
  sender.send(wire.far.ifindex, makeFrame())
  assert.equal(packets() - before, 1)
  second.attachDevice(wire.near)
  sender.send(wire.far.ifindex, makeFrame())
  assert.equal(packets() - before, 2)
  second.close()
  sender.close()
})
