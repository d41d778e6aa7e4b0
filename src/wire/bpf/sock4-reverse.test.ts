import { mustParseIp } from '#model/ip.ts'
import { anyIpv4, anyRecord, anyU16, anyU32, anyU64 } from '#wire/arbitrary.contract.ts'
import { testCodec } from '#wire/codec.contract.ts'
import {
  decodeSock4Reverse,
  decodeSock4ReverseKey,
  encodeSock4Reverse,
  encodeSock4ReverseKey,
} from './sock4-reverse.ts'

testCodec({
  name: 'Sock4ReverseKey',
  encode: encodeSock4ReverseKey,
  decode: decodeSock4ReverseKey,
  known: [
    {
      source: 'the struct in C',
      hex: '0102030405060708 0af40107 1f90 0000',
      value: { cookie: 0x0807_0605_0403_0201n, address: mustParseIp('10.244.1.7'), port: 8080 },
    },
  ],
  anyValue: anyRecord({ cookie: anyU64, address: anyIpv4, port: anyU16 }),
  truncated: 'WrongLength',
  defects: [],
})

testCodec({
  name: 'Sock4Reverse',
  encode: encodeSock4Reverse,
  decode: decodeSock4Reverse,
  known: [
    {
      source: 'the struct in C',
      hex: '0a2b000a 0035 0000 07000000',
      value: { address: mustParseIp('10.43.0.10'), port: 53, frontendId: 7 },
    },
  ],
  anyValue: anyRecord({ address: anyIpv4, port: anyU16, frontendId: anyU32 }),
  truncated: 'WrongLength',
  defects: [],
})
