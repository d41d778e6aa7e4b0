import fc from 'fast-check'
import { mustParsePrefix, prefixOf } from '#model/prefix.ts'
import { anyIpv4, anySetIpv6 } from '#wire/arbitrary.contract.ts'
import { testCodec } from '#wire/codec.contract.ts'
import { decodeOverlayKey, encodeOverlayKey } from './overlay-key.ts'

testCodec({
  name: 'OverlayKey',
  encode: encodeOverlayKey,
  decode: (bytes) => decodeOverlayKey('IPv4', bytes),
  known: [
    { source: 'the struct in C', hex: '18000000 0af40100', value: mustParsePrefix('10.244.1.0/24') },
    { source: 'the struct in C, for all addresses', hex: '00000000 00000000', value: mustParsePrefix('0.0.0.0/0') },
  ],
  anyValue: fc.tuple(anyIpv4, fc.nat(32)).map(([ip, lengthBits]) => prefixOf(ip, lengthBits)),
  truncated: 'WrongLength',
  defects: [
    { what: 'a length that no IPv4 prefix has', offset: 0, octet: 33, code: 'UnknownValue' },
    { what: 'a length with a high octet', offset: 3, octet: 1, code: 'UnknownValue' },
  ],
})

testCodec({
  name: 'OverlayKey of IPv6',
  encode: encodeOverlayKey,
  decode: (bytes) => decodeOverlayKey('IPv6', bytes),
  known: [
    {
      source: 'the struct in C',
      hex: '40000000 fd000010024400010000000000000000',
      value: mustParsePrefix('fd00:10:244:1::/64'),
    },
  ],
  anyValue: fc.tuple(anySetIpv6, fc.nat(128)).map(([ip, lengthBits]) => prefixOf(ip, lengthBits)),
  truncated: 'WrongLength',
  defects: [{ what: 'a length that no IPv6 prefix has', offset: 0, octet: 129, code: 'UnknownValue' }],
})
