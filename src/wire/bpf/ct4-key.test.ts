import fc from 'fast-check'
import { mustParseIp } from '#model/ip.ts'
import { anyIpv4, anyProtocol, anyRecord, anyU16 } from '#wire/arbitrary.contract.ts'
import { testCodec } from '#wire/codec.contract.ts'
import { decodeCt4Key, encodeCt4Key } from './ct4-key.ts'

testCodec({
  name: 'Ct4Key',
  encode: encodeCt4Key,
  decode: decodeCt4Key,
  known: [
    {
      source: 'the struct in C',
      hex: '0af40107 c0a80ad7 1f90 9c40 06 01 0000',
      value: {
        sourceAddress: mustParseIp('10.244.1.7'),
        destinationAddress: mustParseIp('192.168.10.215'),
        sourcePort: 8080,
        destinationPort: 40_000,
        protocol: 'TCP',
        direction: 'reply',
      },
    },
  ],
  anyValue: anyRecord({
    sourceAddress: anyIpv4,
    destinationAddress: anyIpv4,
    sourcePort: anyU16,
    destinationPort: anyU16,
    protocol: anyProtocol,
    direction: fc.constantFrom('forward', 'reply'),
  }),
  truncated: 'WrongLength',
  defects: [
    { what: 'a protocol without ports', offset: 12, octet: 1, code: 'UnknownValue' },
    { what: 'an unknown direction', offset: 13, octet: 2, code: 'UnknownValue' },
  ],
})
