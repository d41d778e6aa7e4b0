import assert from 'node:assert/strict'
import { test } from 'node:test'
import { anyRecord, anyU64 } from '#wire/arbitrary.contract.ts'
import { testCodec } from '#wire/codec.contract.ts'
import { decodeCounter, decodeCounterOfCpus, encodeCounter } from './counter.ts'

testCodec({
  name: 'Counter',
  encode: encodeCounter,
  decode: decodeCounter,
  known: [{ source: 'the struct in C', hex: '0300000000000000 2c01000000000000', value: { packets: 3n, bytes: 300n } }],
  anyValue: anyRecord({ packets: anyU64, bytes: anyU64 }),
  truncated: 'WrongLength',
  defects: [],
})

test('decodeCounterOfCpus() adds the values of all CPUs', () => {
  const first = encodeCounter({ packets: 3n, bytes: 300n })
  const second = encodeCounter({ packets: 1n, bytes: 60n })
  assert.deepEqual(decodeCounterOfCpus(Uint8Array.of(...first, ...second)), {
    ok: true,
    value: { packets: 4n, bytes: 360n },
  })
  assert.deepEqual(decodeCounterOfCpus(new Uint8Array(0)), { ok: true, value: { packets: 0n, bytes: 0n } })
})

test('decodeCounterOfCpus() refuses a value that is cut short', () => {
  const decoded = decodeCounterOfCpus(new Uint8Array(31))
  assert.deepEqual(decoded, { ok: false, error: { code: 'WrongLength', struct: 'counter', needed: 32, had: 31 } })
})
