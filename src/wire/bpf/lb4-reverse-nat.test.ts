import { mustParseIp } from '#model/ip.ts'
import { anyIpv4, anyRecord, anyU16, anyU32 } from '#wire/arbitrary.contract.ts'
import { testCodec } from '#wire/codec.contract.ts'
import { decodeFrontendId, decodeLb4ReverseNat, encodeFrontendId, encodeLb4ReverseNat } from './lb4-reverse-nat.ts'

testCodec({
  name: 'Lb4ReverseNat',
  encode: encodeLb4ReverseNat,
  decode: decodeLb4ReverseNat,
  known: [
    {
      source: 'the struct in C',
      hex: 'c0a80a4b 0050 0000',
      value: { address: mustParseIp('192.168.10.75'), port: 80 },
    },
  ],
  anyValue: anyRecord({ address: anyIpv4, port: anyU16 }),
  truncated: 'WrongLength',
  defects: [],
})

testCodec({
  name: 'FrontendId',
  encode: encodeFrontendId,
  decode: decodeFrontendId,
  known: [{ source: 'a u32 in C', hex: '07000000', value: 7 }],
  anyValue: anyU32,
  truncated: 'WrongLength',
  defects: [],
})
