import assert from 'node:assert/strict'
import { test } from 'node:test'
import { be16, be32, octets, u8, u16, u32, u64 } from './field.ts'
import { newStruct, readUint, structBytes, writeOctets, writeUint, writeUint64 } from './struct-layout.ts'

const LAYOUT = {
  struct: 'all_kinds',
  lengthOctets: 32,
  fields: { a: u8(0), b: u16(2), c: u32(4), d: u64(8), e: be16(16), f: be32(20), g: octets(24, 8) },
}

test('writeUint() refuses numbers that do not fit', () => {
  const view = newStruct(LAYOUT)
  for (const value of [-1, 256, 1.5, Number.NaN]) assert.throws(() => writeUint(view, LAYOUT.fields.a, value))
  assert.throws(() => writeUint(view, LAYOUT.fields.e, 65_536))
  assert.throws(() => writeUint(view, LAYOUT.fields.f, 2 ** 32))
  for (const value of [-1n, 1n << 64n]) assert.throws(() => writeUint64(view, LAYOUT.fields.d, value))
  assert.ok(structBytes(view).every((octet) => octet === 0))
})

test('writeUint() puts be16 and be32 in network order', () => {
  const view = newStruct(LAYOUT)
  writeUint(view, LAYOUT.fields.e, 0x0102)
  writeUint(view, LAYOUT.fields.f, 0x0304_0506)
  assert.deepEqual([...structBytes(view).subarray(16, 24)], [1, 2, 0, 0, 3, 4, 5, 6])
})

test('writeUint() puts the others in the order of this machine', () => {
  const view = newStruct(LAYOUT)
  writeUint(view, LAYOUT.fields.b, 0x0102)
  assert.equal(new Uint16Array(view.buffer)[1], 0x0102)
  writeUint(view, LAYOUT.fields.c, 0x0304_0506)
  assert.equal(new Uint32Array(view.buffer)[1], 0x0304_0506)
  writeUint64(view, LAYOUT.fields.d, 0x0102_0304_0506_0708n)
  assert.equal(new BigUint64Array(view.buffer)[1], 0x0102_0304_0506_0708n)
})

test('readUint() and writeUint() refuse fields that are no number', () => {
  const view = newStruct(LAYOUT)
  assert.throws(() => readUint(view, LAYOUT.fields.g))
  assert.throws(() => writeUint(view, LAYOUT.fields.g, 1))
})

test('writeOctets() refuses more octets than the field has', () => {
  assert.throws(() => writeOctets(newStruct(LAYOUT), LAYOUT.fields.g, new Uint8Array(9)))
})
