import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { macFromBytes, macToBytes, parseMac } from './mac.ts'

test('parseMac() takes both cases and gives the lower', () => {
  assert.deepEqual(parseMac('02:00:0A:ff:00:01'), { ok: true, value: '02:00:0a:ff:00:01' })
})

for (const text of [
  '',
  '02:00:0a:ff:00',
  '02:00:0a:ff:00:01:02',
  '02-00-0a-ff-00-01',
  '2:0:a:f:0:1',
  '02:00:0g:ff:00:01',
]) {
  test(`parseMac() refuses ${JSON.stringify(text)}`, () => assert.equal(parseMac(text).ok, false))
}

test('macFromBytes() gives back what macToBytes() wrote', () => {
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 6, maxLength: 6 }), (bytes) => {
      assert.deepEqual([...macToBytes(macFromBytes(bytes))], [...bytes])
    }),
  )
})
