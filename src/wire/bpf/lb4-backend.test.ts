import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { mustParseIp } from '#model/ip.ts'
import { anyIpv4, anyProtocol, anyRecord, anySetIpv4, anyU16, anyU32, anyU8 } from '#wire/arbitrary.contract.ts'
import { testCodec } from '#wire/codec.contract.ts'
import { decodeBackendId, decodeLb4Backend, encodeBackendId, encodeLb4Backend, type Lb4Backend } from './lb4-backend.ts'

const BACKEND: Lb4Backend = {
  address: mustParseIp('10.244.1.7'),
  port: 8080,
  protocol: 'TCP',
  state: 'terminating',
  nodeAddress: mustParseIp('192.168.10.216'),
  local: true,
  zone: 3,
  weight: 100,
}

testCodec({
  name: 'Lb4Backend',
  encode: encodeLb4Backend,
  decode: decodeLb4Backend,
  known: [{ source: 'the struct in C', hex: '0af40107 1f90 06 01 c0a80ad8 01 03 6400', value: BACKEND }],
  anyValue: anyRecord({
    address: anyIpv4,
    port: anyU16,
    protocol: anyProtocol,
    state: fc.constantFrom('active', 'terminating', 'quarantined', 'maintenance'),
    nodeAddress: fc.option(anySetIpv4, { nil: undefined }),
    local: fc.boolean(),
    zone: anyU8,
    weight: anyU16,
  }),
  truncated: 'WrongLength',
  defects: [
    { what: 'a protocol without ports', offset: 6, octet: 1, code: 'UnknownValue' },
    { what: 'an unknown state', offset: 7, octet: 4, code: 'UnknownValue' },
  ],
})

testCodec({
  name: 'BackendId',
  encode: encodeBackendId,
  decode: decodeBackendId,
  known: [{ source: 'a u32 in C', hex: '04030201', value: 0x0102_0304 }],
  anyValue: anyU32,
  truncated: 'WrongLength',
  defects: [],
})

test('encodeLb4Backend() throws for IPv6', () => {
  assert.throws(() => encodeLb4Backend({ ...BACKEND, address: mustParseIp('::1') }))
  assert.throws(() => encodeLb4Backend({ ...BACKEND, nodeAddress: mustParseIp('::1') }))
})
