import assert from 'node:assert/strict'
import { test } from 'node:test'
import { bpfMapsContract, CONTRACT_LAYOUTS } from './bpf-maps.contract.ts'
import { createFakeBpfMaps, FAKE_LAYOUTS } from './bpf-maps.fake.ts'
import { createFaultyBpfMaps, failCall, failShare } from './bpf-maps.faulty.fake.ts'
import { BpfMapError } from './bpf-maps.ts'

bpfMapsContract('createFakeBpfMaps()', () => {
  const maps = createFakeBpfMaps(CONTRACT_LAYOUTS)
  return { maps, close: () => maps.close() }
})

const KEY = Uint8Array.of(1, 0, 0, 0)
const VALUE = new Uint8Array(FAKE_LAYOUTS.lb4_backends.valueLengthOctets)

test('createFakeBpfMaps() remembers changes in order, over all maps', () => {
  const maps = createFakeBpfMaps()
  maps.map('lb4_backends').update(KEY, VALUE)
  maps.map('lb4_reverse_nat').update(KEY, new Uint8Array(8))
  maps.map('lb4_backends').delete(KEY)
  maps.map('lb4_backends').delete(KEY)
  const seen = maps.changes.map(({ map, operation }) => `${operation} ${map}`)
  assert.deepEqual(seen, ['update lb4_backends', 'update lb4_reverse_nat', 'delete lb4_backends'])
})

test('createFaultyBpfMaps() fails exactly the call that it is told to', () => {
  const maps = createFaultyBpfMaps(createFakeBpfMaps(), failCall(2))
  const map = maps.map('lb4_backends')
  map.update(KEY, VALUE)
  assert.throws(() => map.lookup(KEY), BpfMapError)
  assert.deepEqual(map.lookup(KEY), VALUE)
  assert.equal(maps.calls(), 3)
})

test('createFaultyBpfMaps() leaves half of a batch done when it fails', () => {
  const inner = createFakeBpfMaps()
  const map = createFaultyBpfMaps(inner, failCall(1)).map('lb4_backends')
  const entries = [1, 2, 3, 4].map((number) => ({ key: Uint8Array.of(number, 0, 0, 0), value: VALUE }))
  assert.throws(() => map.updateBatch(entries), BpfMapError)
  assert.equal(inner.map('lb4_backends').entries().length, 2)
})

test('failShare() fails about its share, and the same calls for the same seed', () => {
  const draw = (): readonly boolean[] => {
    const rule = failShare(0.25, 42)
    return Array.from({ length: 1000 }, (_, index) => rule(index + 1, 'ct4', 'update'))
  }
  const failed = draw().filter((fails) => fails).length
  assert.ok(failed > 200 && failed < 300, `${failed} of 1000`)
  assert.deepEqual(draw(), draw())
})
