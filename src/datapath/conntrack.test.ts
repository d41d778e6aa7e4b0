import assert from 'node:assert/strict'
import test from 'node:test'
import { mustParseIp } from '#model/ip.ts'
import { CT_FLAGS } from '#wire/bpf/consts.ts'
import type { Ct4Key } from '#wire/bpf/ct4-key.ts'
import type { CtEntry } from '#wire/bpf/ct-entry.ts'
import { ConntrackSweep, timeoutSeconds } from './conntrack.ts'

const SECOND = 1_000_000_000n
const NOW = 100_000n * SECOND
const VIP = { address: mustParseIp('192.168.10.75'), port: 80 }
const CLIENT = { address: mustParseIp('192.168.10.50'), port: 40_000 }
const BACKEND = { address: mustParseIp('10.244.1.2'), port: 8080 }
const NODE = { address: mustParseIp('192.168.10.215'), port: 20_000 }

const FORWARD: Ct4Key = {
  sourceAddress: CLIENT.address,
  sourcePort: CLIENT.port,
  destinationAddress: VIP.address,
  destinationPort: VIP.port,
  protocol: 'TCP',
  direction: 'forward',
}
const REPLY: Ct4Key = {
  sourceAddress: BACKEND.address,
  sourcePort: BACKEND.port,
  destinationAddress: NODE.address,
  destinationPort: NODE.port,
  protocol: 'TCP',
  direction: 'reply',
}

const entry = (ageSeconds: number, nat: typeof CLIENT, flags: number = CT_FLAGS.CT_SEEN_REPLY): CtEntry => ({
  lastSeenNs: NOW - BigInt(ageSeconds) * SECOND,
  createdNs: 0n,
  packets: 1n,
  bytes: 1n,
  frontendId: 7,
  backendId: 3,
  natAddress: nat.address,
  natPort: nat.port,
  flags,
  tcpFlagsSeen: 0,
})

function sweep(entries: readonly (readonly [Ct4Key, CtEntry])[]): readonly number[] {
  const found = new ConntrackSweep(new Map([[7, VIP]]), NOW)
  for (const [index, [key, value]] of entries.entries()) found.see(key, value, Uint8Array.of(index))
  return found.expired().map(([index = -1]) => index)
}

test('timeoutSeconds() is long for what is open, short for what opens and closes, and a minute for UDP', () => {
  const closing = CT_FLAGS.CT_FORWARD_CLOSING | CT_FLAGS.CT_REPLY_CLOSING
  const seconds = [CT_FLAGS.CT_SEEN_REPLY, 0, closing, CT_FLAGS.CT_RST].map((flags) =>
    timeoutSeconds(FORWARD, entry(0, NODE, flags)),
  )
  assert.deepEqual(seconds, [8000, 60, 10, 10])
  assert.equal(timeoutSeconds({ ...FORWARD, protocol: 'UDP' }, entry(0, NODE)), 60)
})

test('ConntrackSweep lets both entries of a flow go when both are idle', () => {
  assert.deepEqual(
    sweep([
      [FORWARD, entry(8001, NODE)],
      [REPLY, entry(9000, CLIENT)],
    ]),
    [0, 1],
  )
})

test('ConntrackSweep keeps both entries of a flow that sends in one direction only, in any order', () => {
  const pair = [
    [FORWARD, entry(1, NODE)],
    [REPLY, entry(9000, CLIENT)],
  ] as const
  assert.deepEqual(sweep(pair), [])
  assert.deepEqual(sweep(pair.toReversed()), [])
})

test('ConntrackSweep judges each flow by itself', () => {
  const other = { ...FORWARD, sourcePort: 40_001 }
  assert.deepEqual(
    sweep([
      [FORWARD, entry(1, NODE)],
      [other, entry(9000, NODE)],
      [REPLY, entry(1, CLIENT)],
    ]),
    [1],
  )
})

test('ConntrackSweep lets the entries of a frontend that is gone run out', () => {
  const gone = { ...entry(9000, CLIENT), frontendId: 8 }
  assert.deepEqual(sweep([[REPLY, gone]]), [0])
})
