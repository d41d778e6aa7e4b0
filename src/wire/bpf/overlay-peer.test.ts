import fc from 'fast-check'
import { mustParseIp } from '#model/ip.ts'
import { anyIpv4, anyRecord, anySetIpv6 } from '#wire/arbitrary.contract.ts'
import { testCodec } from '#wire/codec.contract.ts'
import { decodeOverlayPeer, encodeOverlayPeer } from './overlay-peer.ts'

testCodec({
  name: 'OverlayPeer',
  encode: encodeOverlayPeer,
  decode: decodeOverlayPeer,
  known: [
    {
      source: 'the struct in C, for a prefix of pods',
      hex: 'c0a814d8000000000000000000000000 04 01 0000',
      value: { address: mustParseIp('192.168.20.216'), isDestination: true },
    },
    {
      source: 'the struct in C, for an address of a node with an IPv6 underlay',
      hex: '20010db8000000000000000000000216 06 00 0000',
      value: { address: mustParseIp('2001:db8::216'), isDestination: false },
    },
  ],
  anyValue: anyRecord({ address: fc.oneof(anyIpv4, anySetIpv6), isDestination: fc.boolean() }),
  truncated: 'WrongLength',
  defects: [{ what: 'an unknown family', offset: 16, octet: 5, code: 'UnknownValue' }],
})
