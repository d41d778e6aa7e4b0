import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { mustParseIp } from '#model/ip.ts'
import { anyIpv4, anyProtocol, anyRecord, anyU16 } from '#wire/arbitrary.contract.ts'
import { testCodec } from '#wire/codec.contract.ts'
import { decodeLb4Key, encodeLb4Key, type Lb4Key } from './lb4-key.ts'

const HEAD: Lb4Key = {
  address: mustParseIp('192.168.10.75'),
  port: 80,
  slot: 0,
  protocol: 'TCP',
  scope: 'external',
}

testCodec({
  name: 'Lb4Key',
  encode: encodeLb4Key,
  decode: decodeLb4Key,
  known: [
    { source: 'the struct in C, for a head', hex: 'c0a80a4b 0050 0000 06 00 0000', value: HEAD },
    {
      source: 'the struct in C, for a slot',
      hex: 'c0a80a4b 0035 0201 11 01 0000',
      value: { ...HEAD, port: 53, slot: 0x0102, protocol: 'UDP', scope: 'internal' },
    },
  ],
  anyValue: anyRecord({
    address: anyIpv4,
    port: anyU16,
    slot: anyU16,
    protocol: anyProtocol,
    scope: fc.constantFrom('external', 'internal'),
  }),
  truncated: 'WrongLength',
  defects: [
    { what: 'a protocol without ports', offset: 8, octet: 1, code: 'UnknownValue' },
    { what: 'an unknown scope', offset: 9, octet: 2, code: 'UnknownValue' },
  ],
})

test('decodeLb4Key() refuses octets after the struct', () => {
  const decoded = decodeLb4Key(new Uint8Array(13))
  assert.deepEqual(decoded, { ok: false, error: { code: 'WrongLength', struct: 'lb4_key', needed: 12, had: 13 } })
})

test('encodeLb4Key() throws for an IPv6 address', () => {
  assert.throws(() => encodeLb4Key({ ...HEAD, address: mustParseIp('2001:db8::1') }))
})
