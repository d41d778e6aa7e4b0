import { mustParseIp } from '#model/ip.ts'
import { anyIpv4, anyProtocol, anyRecord, anyU16 } from '#wire/arbitrary.contract.ts'
import { testCodec } from '#wire/codec.contract.ts'
import { decodeFragment4, decodeFragment4Key, encodeFragment4, encodeFragment4Key } from './fragment4.ts'

testCodec({
  name: 'Fragment4Key',
  encode: encodeFragment4Key,
  decode: decodeFragment4Key,
  known: [
    {
      source: 'the struct in C',
      hex: 'c0a80a32 c0a80a4b 0102 11 00',
      value: {
        sourceAddress: mustParseIp('192.168.10.50'),
        destinationAddress: mustParseIp('192.168.10.75'),
        id: 0x0102,
        protocol: 'UDP',
      },
    },
  ],
  anyValue: anyRecord({
    sourceAddress: anyIpv4,
    destinationAddress: anyIpv4,
    id: anyU16,
    protocol: anyProtocol,
  }),
  truncated: 'WrongLength',
  defects: [{ what: 'a protocol without ports', offset: 10, octet: 1, code: 'UnknownValue' }],
})

testCodec({
  name: 'Fragment4',
  encode: encodeFragment4,
  decode: decodeFragment4,
  known: [{ source: 'the struct in C', hex: '9c40 0035', value: { sourcePort: 40_000, destinationPort: 53 } }],
  anyValue: anyRecord({ sourcePort: anyU16, destinationPort: anyU16 }),
  truncated: 'WrongLength',
  defects: [],
})
