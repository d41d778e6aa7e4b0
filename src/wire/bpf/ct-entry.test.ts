import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { mustParseIp } from '#model/ip.ts'
import { anyRecord, anySetIpv4, anySetIpv6, anyU16, anyU32, anyU64, anyU8 } from '#wire/arbitrary.contract.ts'
import { testCodec } from '#wire/codec.contract.ts'
import { CT_FLAGS } from './consts.ts'
import { type CtEntry, decodeCtEntry, encodeCtEntry } from './ct-entry.ts'

const ENTRY: CtEntry = {
  lastSeenNs: 0x0807_0605_0403_0201n,
  createdNs: 2n,
  packets: 3n,
  bytes: 256n,
  frontendId: 7,
  backendId: 9,
  natAddress: mustParseIp('192.168.10.215'),
  natPort: 40_000,
  flags: CT_FLAGS.CT_SNAT | CT_FLAGS.CT_SEEN_REPLY,
  tcpFlagsSeen: 0x12,
}
const TIMES = '0102030405060708 0200000000000000 0300000000000000 0001000000000000'

function anyEntry(natAddress: fc.Arbitrary<CtEntry['natAddress']>): fc.Arbitrary<CtEntry> {
  return anyRecord({
    lastSeenNs: anyU64,
    createdNs: anyU64,
    packets: anyU64,
    bytes: anyU64,
    frontendId: anyU32,
    backendId: anyU32,
    natAddress,
    natPort: anyU16,
    flags: anyU16,
    tcpFlagsSeen: anyU8,
  })
}

testCodec({
  name: 'CtEntry',
  encode: encodeCtEntry,
  decode: decodeCtEntry,
  known: [
    {
      source: 'the struct in C',
      hex: `${TIMES} 07000000 09000000 c0a80ad7 000000000000000000000000 9c40 2100 12 000000`,
      value: ENTRY,
    },
  ],
  anyValue: anyEntry(fc.option(anySetIpv4, { nil: undefined })),
  truncated: 'WrongLength',
  defects: [],
})

test('decodeCtEntry() reads an IPv6 address where the map has those', () => {
  const property = fc.property(anyEntry(anySetIpv6), (entry) => {
    assert.deepEqual(decodeCtEntry(encodeCtEntry(entry), 'IPv6'), { ok: true, value: entry })
  })
  fc.assert(property)
})
