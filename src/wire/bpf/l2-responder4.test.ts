import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { mustParseIp } from '#model/ip.ts'
import { anyIpv4, anyMac, anyRecord, anySetMac, anyU32, anyU64 } from '#wire/arbitrary.contract.ts'
import { testCodec } from '#wire/codec.contract.ts'
import { decodeL2Entry, decodeL2Key4, encodeL2Entry, encodeL2Key4, newL2Entry } from './l2-responder4.ts'

testCodec({
  name: 'L2Key4',
  encode: encodeL2Key4,
  decode: decodeL2Key4,
  known: [
    {
      source: 'the struct in C',
      hex: 'c0a80a4b 02010000',
      value: { address: mustParseIp('192.168.10.75'), ifindex: 258 },
    },
  ],
  anyValue: anyRecord({ address: anyIpv4, ifindex: anyU32 }),
  truncated: 'WrongLength',
  defects: [],
})

testCodec({
  name: 'L2Entry',
  encode: encodeL2Entry,
  decode: decodeL2Entry,
  known: [
    {
      source: 'the struct in C',
      hex: '0500000000000000 0001000000000000 020000000099 020000000215 00000000',
      value: { replies: 5n, conflictNs: 256n, conflictMac: '02:00:00:00:00:99', mac: '02:00:00:00:02:15' },
    },
  ],
  anyValue: anyRecord({
    replies: anyU64,
    conflictNs: anyU64,
    conflictMac: fc.option(anySetMac, { nil: undefined }),
    mac: anyMac,
  }),
  truncated: 'WrongLength',
  defects: [],
})

test('newL2Entry() has answered nobody and met nobody', () => {
  const entry = { replies: 0n, conflictNs: 0n, conflictMac: undefined, mac: '02:00:00:00:02:15' }
  assert.deepEqual(newL2Entry('02:00:00:00:02:15'), entry)
})
