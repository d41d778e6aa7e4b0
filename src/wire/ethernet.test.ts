import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { anyMac, anyRecord } from './arbitrary.contract.ts'
import { testCodec } from './codec.contract.ts'
import { decodeEthernet, encodeEthernet } from './ethernet.ts'

testCodec({
  name: 'Ethernet',
  encode: encodeEthernet,
  decode: decodeEthernet,
  known: [
    {
      source: 'a captured header',
      hex: 'ffffffffffff 5254001a2b3c 0806',
      value: {
        destination: 'ff:ff:ff:ff:ff:ff',
        source: '52:54:00:1a:2b:3c',
        etherType: 0x0806,
        payload: new Uint8Array(0),
      },
    },
  ],
  anyValue: anyRecord({
    destination: anyMac,
    source: anyMac,
    etherType: fc.integer({ min: 0x0600, max: 0xffff }),
    payload: fc.uint8Array({ maxLength: 64 }),
  }),
  truncated: 'Truncated',
  defects: [{ what: 'a length where the EtherType should be', offset: 12, octet: 5, code: 'NotEthernet2' }],
})

test('encodeEthernet() throws for a number that is no EtherType', () => {
  const frame = { destination: 'ff:ff:ff:ff:ff:ff', source: '02:00:00:00:00:01', payload: new Uint8Array(0) }
  for (const etherType of [0, 0x05ff, 0x1_0000]) assert.throws(() => encodeEthernet({ ...frame, etherType }))
})
