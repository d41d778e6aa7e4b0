import fc from 'fast-check'
import { anyRecord, anyU16, anyU32 } from '#wire/arbitrary.contract.ts'
import { testCodec } from '#wire/codec.contract.ts'
import { LB_FLAGS } from './consts.ts'
import { decodeLbService, encodeLbService } from './lb-service.ts'

testCodec({
  name: 'LbService',
  encode: encodeLbService,
  decode: decodeLbService,
  known: [
    {
      source: 'the struct in C, for a head',
      hex: '302a0000 07000000 0300 0100 60000100 02 000000',
      value: {
        backendOrAffinity: 10_800,
        frontendId: 7,
        count: 3,
        qcount: 1,
        flags: LB_FLAGS.LB_LOAD_BALANCER | LB_FLAGS.LB_ROUTABLE | LB_FLAGS.LB_SOURCE_RANGE_DENY,
        algorithm: 'maglev',
      },
    },
    {
      source: 'the struct in C, for a slot',
      hex: '09000000 07000000 0000 0000 00000000 00 000000',
      value: { backendOrAffinity: 9, frontendId: 7, count: 0, qcount: 0, flags: 0, algorithm: 'none' },
    },
  ],
  anyValue: anyRecord({
    backendOrAffinity: anyU32,
    frontendId: anyU32,
    count: anyU16,
    qcount: anyU16,
    flags: anyU32,
    algorithm: fc.constantFrom('none', 'random', 'maglev'),
  }),
  truncated: 'WrongLength',
  defects: [{ what: 'an unknown algorithm', offset: 16, octet: 3, code: 'UnknownValue' }],
})
