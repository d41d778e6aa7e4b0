import assert from 'node:assert/strict'
import { after, beforeEach, test } from 'node:test'
import { mustParseIp } from '#model/ip.ts'
import { BROADCAST_MAC } from '#model/mac.ts'
import { type ArpPacket, decodeArp, encodeArp } from '#wire/arp.ts'
import { decodeEthernet, encodeEthernet, ETHERTYPE } from '#wire/ethernet.ts'
import { buildBpf } from '#tools/build-bpf.ts'
import { must, readContents } from './contents.ts'
import { openKernel } from './kernel.ts'
import { CLIENT_MAC, enterNamespaces, LAN_MAC } from './namespaces.ts'
import { announce, clearMaps, putAgentConfig } from './scene.ts'

const folder = buildBpf()
const ifindex = enterNamespaces()
const kernel = openKernel(folder, ifindex)
after(() => kernel.close())

const VIP = '192.168.10.75'
const STRANGER_MAC = '02:00:00:00:00:99'
const UNTOUCHED = `${VIP} ${LAN_MAC}, 0 replies, no conflict`
const REQUEST: ArpPacket = {
  operation: 'request',
  senderMac: CLIENT_MAC,
  senderIp: mustParseIp('192.168.10.50'),
  targetMac: '00:00:00:00:00:00',
  targetIp: mustParseIp(VIP),
}

function frame(packet: ArpPacket, destination = BROADCAST_MAC): Uint8Array {
  return encodeEthernet({
    destination,
    source: packet.senderMac,
    etherType: ETHERTYPE.ARP,
    payload: encodeArp(packet),
  })
}

function run(octets: Uint8Array): {
  readonly verdict: string
  readonly isUnchanged: boolean
  readonly octets: Uint8Array
} {
  const ran = kernel.runOctets('balise_ingress', octets)
  return { ...ran, isUnchanged: Buffer.from(ran.octets).equals(octets) }
}

function nowNs(): bigint {
  return process.hrtime.bigint()
}

beforeEach(() => {
  clearMaps(kernel.maps)
  announce(kernel.maps, VIP, ifindex)
})

/** Passed up as it came, and nothing counted but `counters`. */
function assertPassedOn(octets: Uint8Array, counters: Readonly<Record<string, number>>, l2: string = UNTOUCHED): void {
  const ran = run(octets)
  assert.equal(ran.verdict, 'pass')
  assert.ok(ran.isUnchanged)
  assert.deepEqual(readContents(kernel.maps), { ct: [], drops: {}, counters, l2: [l2] })
}

function assertReplied(octets: Uint8Array): void {
  const ran = run(octets)
  assert.equal(ran.verdict, 'redirect')
  const ethernet = must(decodeEthernet(ran.octets))
  assert.deepEqual([ethernet.source, ethernet.destination], [LAN_MAC, CLIENT_MAC])
  assert.deepEqual(must(decodeArp(ethernet.payload)), {
    operation: 'reply',
    senderMac: LAN_MAC,
    senderIp: REQUEST.targetIp,
    targetMac: REQUEST.senderMac,
    targetIp: REQUEST.senderIp,
  })
  assert.deepEqual(readContents(kernel.maps), {
    ct: [],
    drops: {},
    counters: { COUNTER_ARP_REPLIES: 1 },
    l2: [`${VIP} ${LAN_MAC}, 1 replies, no conflict`],
  })
}

test('balise_ingress() answers an ARP request to all stations', () => {
  assertReplied(frame(REQUEST))
})

test('balise_ingress() answers an ARP request to its own MAC', () => {
  assertReplied(frame(REQUEST, LAN_MAC))
})

test('balise_ingress() leaves an ARP request to the MAC of another station alone', () => {
  assertPassedOn(frame(REQUEST, STRANGER_MAC), {})
})

test('balise_ingress() answers an ARP frame with padding, and keeps it', () => {
  const padded = new Uint8Array(60)
  padded.set(frame(REQUEST))
  assertReplied(padded)
})

test('balise_ingress() answers an ARP probe, whose sender has no address yet', () => {
  const ran = run(frame({ ...REQUEST, senderIp: mustParseIp('0.0.0.0') }))
  assert.equal(ran.verdict, 'redirect')
  assert.deepEqual(readContents(kernel.maps).counters, { COUNTER_ARP_REPLIES: 1 })
})

test('balise_ingress() passes ARP for an address that is not announced', () => {
  assertPassedOn(frame({ ...REQUEST, targetIp: mustParseIp('192.168.10.215') }), {})
})

test('balise_ingress() passes ARP for an address that is announced on another interface', () => {
  clearMaps(kernel.maps)
  announce(kernel.maps, VIP, ifindex + 1)
  assertPassedOn(frame(REQUEST), {})
})

test('balise_ingress() is silent about ARP once the stamp of the agent is older than the fence', () => {
  putAgentConfig(kernel.maps, { agentStampNs: nowNs() - 2_000_000_000n, fenceNs: 1_000_000_000n })
  assertPassedOn(frame(REQUEST), { COUNTER_ARP_FENCED: 1 })
})

test('balise_ingress() is silent about ARP when the agent has never stamped', () => {
  putAgentConfig(kernel.maps, { agentStampNs: 0n, fenceNs: 1n << 60n }) // longer than any machine is up
  assertPassedOn(frame(REQUEST), { COUNTER_ARP_FENCED: 1 })
})

test('balise_ingress() answers ARP while the stamp is younger than the fence', () => {
  putAgentConfig(kernel.maps, { agentStampNs: nowNs(), fenceNs: 60_000_000_000n })
  assertReplied(frame(REQUEST))
})

test('balise_ingress() answers ARP for a stamp that lies ahead of its own clock', () => {
  putAgentConfig(kernel.maps, { agentStampNs: nowNs() + 60_000_000_000n, fenceNs: 1_000_000_000n })
  assertReplied(frame(REQUEST))
})

for (const operation of ['request', 'reply'] as const) {
  test(`balise_ingress() records who else claims an address by gratuitous ARP ${operation}, and passes it on`, () => {
    const claim = { ...REQUEST, operation, senderMac: STRANGER_MAC, senderIp: mustParseIp(VIP) }
    const conflict = `${VIP} ${LAN_MAC}, 0 replies, conflict with ${STRANGER_MAC}`
    assertPassedOn(frame(claim), { COUNTER_ARP_CONFLICTS: 1 }, conflict)
  })
}

test('balise_ingress() records a conflict in a request of the other owner for somebody else', () => {
  const claim = {
    ...REQUEST,
    senderMac: STRANGER_MAC,
    senderIp: mustParseIp(VIP),
    targetIp: mustParseIp('192.168.10.1'),
  }
  const conflict = `${VIP} ${LAN_MAC}, 0 replies, conflict with ${STRANGER_MAC}`
  assertPassedOn(frame(claim), { COUNTER_ARP_CONFLICTS: 1 }, conflict)
})

test('balise_ingress() records a conflict while it is fenced', () => {
  putAgentConfig(kernel.maps, { agentStampNs: 1n, fenceNs: 1n })
  const claim = { ...REQUEST, senderMac: STRANGER_MAC, senderIp: mustParseIp(VIP) }
  const conflict = `${VIP} ${LAN_MAC}, 0 replies, conflict with ${STRANGER_MAC}`
  assertPassedOn(frame(claim), { COUNTER_ARP_CONFLICTS: 1 }, conflict)
})

test('balise_ingress() sees no conflict in its own gratuitous ARP coming back', () => {
  assertPassedOn(frame({ ...REQUEST, senderMac: LAN_MAC, senderIp: mustParseIp(VIP) }), {})
})

test('balise_ingress() passes an ARP reply for an announced address', () => {
  assertPassedOn(frame({ ...REQUEST, operation: 'reply' }), {})
})

test('balise_ingress() passes every truncation of an ARP request', () => {
  const whole = frame(REQUEST)
  for (let length = 14; length < whole.length; length++) {
    const ran = run(whole.slice(0, length))
    assert.deepEqual([ran.verdict, ran.isUnchanged], ['pass', true], `${length} octets`)
  }
  assert.deepEqual(readContents(kernel.maps), { ct: [], drops: {}, counters: {}, l2: [UNTOUCHED] })
})

/** Offset in the frame, and what is wrong there. */
const DEFECTS: readonly (readonly [number, string])[] = [
  [15, 'hardware type'],
  [16, 'protocol type'],
  [18, 'length of a hardware address'],
  [19, 'length of a protocol address'],
  [21, 'operation'],
]

for (const [offset, what] of DEFECTS) {
  test(`balise_ingress() passes ARP with a foreign ${what}`, () => {
    const octets = frame(REQUEST)
    octets[offset] = 9
    assertPassedOn(octets, {})
  })
}
