import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { mustParseIp } from '#model/ip.ts'
import { anyRecord, anySetIpv4, anySetIpv6, anyU32 } from '#wire/arbitrary.contract.ts'
import { testCodec } from '#wire/codec.contract.ts'
import { decodeOverlayConfig, encodeOverlayConfig, type OverlayConfig } from './overlay-config.ts'

const CONFIG: OverlayConfig = {
  ifindex: 7,
  networkId: 2,
  address4: mustParseIp('10.244.0.1'),
  address6: mustParseIp('fd00:10:244::1'),
  nodeAddress4: mustParseIp('192.168.10.215'),
  nodeAddress6: undefined,
}

testCodec({
  name: 'OverlayConfig',
  encode: encodeOverlayConfig,
  decode: decodeOverlayConfig,
  known: [
    {
      source: 'the struct in C',
      hex: '07000000 02000000 0af40001 fd000010024400000000000000000001 c0a80ad7 00000000000000000000000000000000',
      value: CONFIG,
    },
  ],
  anyValue: anyRecord({
    ifindex: anyU32,
    networkId: anyU32,
    address4: fc.option(anySetIpv4, { nil: undefined }),
    address6: fc.option(anySetIpv6, { nil: undefined }),
    nodeAddress4: fc.option(anySetIpv4, { nil: undefined }),
    nodeAddress6: fc.option(anySetIpv6, { nil: undefined }),
  }),
  truncated: 'WrongLength',
  defects: [],
})

test('encodeOverlayConfig() throws for an address of the other family', () => {
  const [ipv4, ipv6] = [mustParseIp('10.0.0.1'), mustParseIp('::1')]
  for (const wrong of [{ address4: ipv6 }, { nodeAddress4: ipv6 }, { address6: ipv4 }, { nodeAddress6: ipv4 }])
    assert.throws(() => encodeOverlayConfig({ ...CONFIG, ...wrong }), /is an IPv[46] address/)
})
