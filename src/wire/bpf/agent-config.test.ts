import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { mustParseIp } from '#model/ip.ts'
import { anyRecord, anySetIpv4, anySetIpv6, anyU16, anyU64 } from '#wire/arbitrary.contract.ts'
import { testCodec } from '#wire/codec.contract.ts'
import { type AgentConfig, decodeAgentConfig, encodeAgentConfig, encodeArrayIndex } from './agent-config.ts'

const CONFIG: AgentConfig = {
  agentStampNs: 0x0807_0605_0403_0201n,
  fenceNs: 15_000_000_000n,
  nodeAddress4: mustParseIp('192.168.10.215'),
  nodeAddress6: mustParseIp('2001:db8::1'),
  snatPortMin: 32_768,
  snatPortMax: 60_999,
}

testCodec({
  name: 'AgentConfig',
  encode: encodeAgentConfig,
  decode: decodeAgentConfig,
  known: [
    {
      source: 'the struct in C',
      hex: '0102030405060708 00d6117e03000000 c0a80ad7 20010db8000000000000000000000001 0080 47ee',
      value: CONFIG,
    },
  ],
  anyValue: anyRecord({
    agentStampNs: anyU64,
    fenceNs: anyU64,
    nodeAddress4: fc.option(anySetIpv4, { nil: undefined }),
    nodeAddress6: fc.option(anySetIpv6, { nil: undefined }),
    snatPortMin: anyU16,
    snatPortMax: anyU16,
  }),
  truncated: 'WrongLength',
  defects: [],
})

test('encodeAgentConfig() throws for an address of the other family', () => {
  assert.throws(() => encodeAgentConfig({ ...CONFIG, nodeAddress4: mustParseIp('::1') }))
  assert.throws(() => encodeAgentConfig({ ...CONFIG, nodeAddress6: mustParseIp('10.0.0.1') }))
})

test('encodeArrayIndex() is a u32 in the order of this machine', () => {
  assert.deepEqual([...encodeArrayIndex(0x0102)], [2, 1, 0, 0])
})
