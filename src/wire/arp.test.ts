import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { mustParseIp } from '#model/ip.ts'
import { anyIpv4, anyMac, anyRecord } from './arbitrary.contract.ts'
import { type ArpPacket, decodeArp, encodeArp, encodeGratuitousArp } from './arp.ts'
import { testCodec, toHex } from './codec.contract.ts'

const REQUEST: ArpPacket = {
  operation: 'request',
  senderMac: '52:54:00:1a:2b:3c',
  senderIp: mustParseIp('192.168.10.50'),
  targetMac: '00:00:00:00:00:00',
  targetIp: mustParseIp('192.168.10.75'),
}
const REQUEST_HEX = '0001 0800 06 04 0001 5254001a2b3c c0a80a32 000000000000 c0a80a4b'

testCodec({
  name: 'Arp',
  encode: encodeArp,
  decode: decodeArp,
  known: [
    { source: 'a captured request', hex: REQUEST_HEX, value: REQUEST },
    {
      source: 'a captured reply',
      hex: '0001 0800 06 04 0002 020000000215 c0a80a4b 5254001a2b3c c0a80a32',
      value: {
        operation: 'reply',
        senderMac: '02:00:00:00:02:15',
        senderIp: mustParseIp('192.168.10.75'),
        targetMac: '52:54:00:1a:2b:3c',
        targetIp: mustParseIp('192.168.10.50'),
      },
    },
  ],
  anyValue: anyRecord({
    operation: fc.constantFrom('request', 'reply'),
    senderMac: anyMac,
    senderIp: anyIpv4,
    targetMac: anyMac,
    targetIp: anyIpv4,
  }),
  truncated: 'Truncated',
  defects: [
    { what: 'another hardware type', offset: 1, octet: 6, code: 'NotIpv4OverEthernet' },
    { what: 'another protocol type', offset: 3, octet: 6, code: 'NotIpv4OverEthernet' },
    { what: 'another length of hardware addresses', offset: 4, octet: 8, code: 'NotIpv4OverEthernet' },
    { what: 'another length of protocol addresses', offset: 5, octet: 16, code: 'NotIpv4OverEthernet' },
    { what: 'operation 0', offset: 7, octet: 0, code: 'UnknownOperation' },
    { what: 'operation 3', offset: 7, octet: 3, code: 'UnknownOperation' },
    { what: 'operation 257', offset: 6, octet: 1, code: 'UnknownOperation' },
  ],
})

test('decodeArp() ignores padding', () => {
  const padded = new Uint8Array(46)
  padded.set(encodeArp(REQUEST))
  assert.deepEqual(decodeArp(padded), { ok: true, value: REQUEST })
})

test('encodeArp() throws for an IPv6 address', () => {
  assert.throws(() => encodeArp({ ...REQUEST, targetIp: mustParseIp('::1') }))
})

test('encodeGratuitousArp() names the address as sender and target, to all stations', () => {
  const request = encodeGratuitousArp(mustParseIp('192.168.10.75'), '02:00:00:00:02:15', 'request')
  const reply = encodeGratuitousArp(mustParseIp('192.168.10.75'), '02:00:00:00:02:15', 'reply')
  const ethernet = 'ffffffffffff0200000002150806'
  assert.equal(toHex(request), `${ethernet}0001080006040001020000000215c0a80a4b000000000000c0a80a4b`)
  assert.equal(toHex(reply), `${ethernet}0001080006040002020000000215c0a80a4b020000000215c0a80a4b`)
})
