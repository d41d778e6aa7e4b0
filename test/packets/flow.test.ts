import assert from 'node:assert/strict'
import { after, beforeEach, test } from 'node:test'
import { mustParseIp } from '#model/ip.ts'
import { buildBpf } from '#tools/build-bpf.ts'
import { decodeCt4Key, encodeCt4Key } from '#wire/bpf/ct4-key.ts'
import { type CtEntry, decodeCtEntry, encodeCtEntry } from '#wire/bpf/ct-entry.ts'
import { encodeBackendId } from '#wire/bpf/lb4-backend.ts'
import { encodeFrontendId } from '#wire/bpf/lb4-reverse-nat.ts'
import { must, readContents } from './contents.ts'
import { openKernel } from './kernel.ts'
import { CLIENT_MAC, enterNamespaces, LAN_MAC, NODE1_MAC } from './namespaces.ts'
import { type Packet, tcp, udp } from './packet.ts'
import {
  type BackendScene,
  clearMaps,
  DNS,
  LOCAL_BACKEND,
  putAgentConfig,
  putBackend,
  putService,
  REMOTE_BACKEND,
  WEB,
} from './scene.ts'

const folder = buildBpf()
const kernel = openKernel(folder, enterNamespaces())
after(() => kernel.close())
beforeEach(() => clearMaps(kernel.maps))

const REMOTE_WEB = { ...WEB, backends: [REMOTE_BACKEND] }
const OTHER_LOCAL: BackendScene = { id: 3, end: '10.244.0.8:8080', local: true }
const OTHER_REMOTE: BackendScene = { id: 4, end: '10.244.1.8:8080', local: false }

function ingress(packet: Packet): { readonly verdict: string; readonly packet: Packet } {
  return kernel.run('balise_ingress', packet)
}

function egress(packet: Packet): { readonly verdict: string; readonly packet: Packet } {
  return kernel.run('balise_egress', packet)
}

/** What the backend on this node sends, as it leaves the device: the stack has put the MACs. */
function fromLocal(flags: string, fields: Partial<Packet> = {}): Packet {
  const macs = { sourceMac: LAN_MAC, destinationMac: CLIENT_MAC }
  return tcp(flags, { ...macs, source: '10.244.0.7:8080', destination: '192.168.10.50:40000', ttl: 63, ...fields })
}

/** What the backend on another node sends, as it comes in. */
function fromRemote(flags: string, fields: Partial<Packet> = {}): Packet {
  const macs = { sourceMac: NODE1_MAC, destinationMac: LAN_MAC }
  return tcp(flags, { ...macs, source: '10.244.1.7:8080', destination: '192.168.10.215:40000', ttl: 63, ...fields })
}

function flagsOf(direction: 'forward' | 'reply'): string {
  const line = readContents(kernel.maps).ct.find((entry) => entry.startsWith(direction))
  return line?.split(', ')[2]?.replace(/^\d+ packets /, '') ?? 'no entry'
}

/** Makes all flows older, as if nothing had come for so long. */
function age(seconds: number): void {
  const map = kernel.maps.map('ct4')
  for (const { key, value } of map.entries()) {
    const entry = must(decodeCtEntry(value))
    map.update(key, encodeCtEntry({ ...entry, lastSeenNs: entry.lastSeenNs - BigInt(seconds) * 1_000_000_000n }))
  }
}

function changeReply(change: (entry: CtEntry) => CtEntry): void {
  const map = kernel.maps.map('ct4')
  for (const { key, value } of map.entries()) {
    if (must(decodeCt4Key(key)).direction === 'reply')
      map.update(key, encodeCtEntry(change(must(decodeCtEntry(value)))))
  }
}

test('reply_leaves() gives the reply of a backend on this node the address of the frontend', () => {
  putService(kernel.maps, WEB)
  ingress(tcp('S'))
  const reply = fromLocal('SA')
  assert.deepEqual(egress(reply), { verdict: 'pass', packet: { ...reply, source: '192.168.10.75:80' } })
  assert.deepEqual(readContents(kernel.maps), {
    counters: { COUNTER_CT_CREATED: 1, COUNTER_FORWARDED_LOCAL: 1, COUNTER_REPLIES_LOCAL: 1 },
    drops: {},
    l2: [],
    ct: [
      'forward TCP 192.168.10.50:40000 > 192.168.10.75:80, frontend 7 backend 1 nat none, 1 packets CT_SEEN_REPLY, seen S',
      'reply TCP 10.244.0.7:8080 > 192.168.10.50:40000, frontend 7 backend 1 nat 192.168.10.50:40000, 1 packets CT_SEEN_REPLY, seen SA',
    ],
  })
})

test('reply_leaves() passes what no flow expects', () => {
  putService(kernel.maps, WEB)
  const packet = fromLocal('SA')
  assert.deepEqual(egress(packet), { verdict: 'pass', packet })
  assert.deepEqual(readContents(kernel.maps), { ct: [], counters: {}, drops: {}, l2: [] })
})

test('reply_leaves() drops the reply of a frontend that is no more', () => {
  putService(kernel.maps, WEB)
  ingress(tcp('S'))
  kernel.maps.map('lb4_reverse_nat').delete(encodeFrontendId(WEB.frontendId))
  assert.equal(egress(fromLocal('SA')).verdict, 'drop')
  assert.deepEqual(readContents(kernel.maps).drops, { DROP_NO_SERVICE: 1 })
})

test('reply_leaves() leaves what balise_ingress forwards to another node as it is', () => {
  putService(kernel.maps, REMOTE_WEB)
  const { packet } = ingress(tcp('S'))
  assert.deepEqual(egress(packet), { verdict: 'pass', packet })
})

test('reply_to_client() turns the reply of a backend on another node round', () => {
  putService(kernel.maps, REMOTE_WEB)
  ingress(tcp('S'))
  const reply = fromRemote('SA')
  assert.deepEqual(ingress(reply), {
    verdict: 'redirect',
    packet: {
      ...reply,
      sourceMac: LAN_MAC,
      destinationMac: CLIENT_MAC,
      source: '192.168.10.75:80',
      destination: '192.168.10.50:40000',
      ttl: 62,
    },
  })
  assert.deepEqual(readContents(kernel.maps), {
    counters: { COUNTER_CT_CREATED: 1, COUNTER_FORWARDED_REMOTE: 1, COUNTER_REPLIES_REMOTE: 1 },
    drops: {},
    l2: [],
    ct: [
      'forward TCP 192.168.10.50:40000 > 192.168.10.75:80, frontend 7 backend 2 nat 192.168.10.215:40000, 1 packets CT_SNAT CT_SEEN_REPLY, seen S',
      'reply TCP 10.244.1.7:8080 > 192.168.10.215:40000, frontend 7 backend 2 nat 192.168.10.50:40000, 1 packets CT_SNAT CT_SEEN_REPLY, seen SA',
    ],
  })
})

test('reply_to_client() passes what looks like a reply of a backend on this node', () => {
  putService(kernel.maps, WEB)
  ingress(tcp('S'))
  const packet = fromLocal('SA')
  assert.deepEqual(ingress(packet), { verdict: 'pass', packet })
})

test('reply_leaves() passes what looks like a reply of a backend on another node', () => {
  putService(kernel.maps, REMOTE_WEB)
  ingress(tcp('S'))
  const packet = fromRemote('SA')
  assert.deepEqual(egress(packet), { verdict: 'pass', packet })
})

test('reply_to_client() passes what comes to the node itself', () => {
  putService(kernel.maps, REMOTE_WEB)
  const packet = fromRemote('A')
  assert.deepEqual(ingress(packet), { verdict: 'pass', packet })
})

test('reply_to_client() drops a reply without TTL left', () => {
  putService(kernel.maps, REMOTE_WEB)
  ingress(tcp('S'))
  assert.equal(ingress(fromRemote('SA', { ttl: 1 })).verdict, 'drop')
  assert.deepEqual(readContents(kernel.maps).drops, { DROP_TTL: 1 })
})

for (const checksum of ['right', 'none'] as const) {
  test(`replies of UDP with checksum ${checksum} come from the frontend`, () => {
    putService(kernel.maps, { ...DNS, backends: [REMOTE_BACKEND] })
    ingress(udp({ checksum }))
    const macs = { sourceMac: NODE1_MAC, destinationMac: LAN_MAC }
    const ran = ingress(udp({ ...macs, source: '10.244.1.7:8080', destination: '192.168.10.215:40000', checksum }))
    assert.equal(ran.verdict, 'redirect')
    assert.deepEqual([ran.packet.source, ran.packet.destination], ['192.168.10.75:53', '192.168.10.50:40000'])
    assert.equal(ran.packet.checksum, checksum)
  })
}

test('a FIN of either side closes its direction in both entries', () => {
  putService(kernel.maps, WEB)
  ingress(tcp('S'))
  egress(fromLocal('SA'))
  ingress(tcp('FA'))
  assert.deepEqual(
    [flagsOf('forward'), flagsOf('reply')],
    ['CT_FORWARD_CLOSING CT_SEEN_REPLY', 'CT_FORWARD_CLOSING CT_SEEN_REPLY'],
  )
  egress(fromLocal('FA'))
  const both = 'CT_FORWARD_CLOSING CT_REPLY_CLOSING CT_SEEN_REPLY'
  assert.deepEqual([flagsOf('forward'), flagsOf('reply')], [both, both])
})

test('an RST of either side closes both entries', () => {
  putService(kernel.maps, REMOTE_WEB)
  ingress(tcp('S'))
  ingress(fromRemote('RA'))
  const flags = 'CT_SNAT CT_REPLY_CLOSING CT_SEEN_REPLY CT_RST'
  assert.deepEqual([flagsOf('forward'), flagsOf('reply')], [flags, flags])
  clearMaps(kernel.maps)
  putService(kernel.maps, REMOTE_WEB)
  ingress(tcp('S'))
  ingress(tcp('R'))
  const mirrored = 'CT_SNAT CT_FORWARD_CLOSING CT_RST'
  assert.deepEqual([flagsOf('forward'), flagsOf('reply')], [mirrored, mirrored])
})

test('judge() lets a connection go on with a backend that is being drained', () => {
  putService(kernel.maps, WEB)
  ingress(tcp('S'))
  putService(kernel.maps, { ...WEB, backends: [OTHER_LOCAL] })
  putBackend(kernel.maps, 'TCP', { ...LOCAL_BACKEND, state: 'terminating' })
  assert.equal(ingress(tcp('A')).packet.destination, '10.244.0.7:8080')
})

test('judge() takes a SYN with ACK for no new connection', () => {
  putService(kernel.maps, WEB)
  ingress(tcp('S'))
  putService(kernel.maps, { ...WEB, backends: [OTHER_LOCAL] })
  putBackend(kernel.maps, 'TCP', { ...LOCAL_BACKEND, state: 'terminating' })
  assert.equal(ingress(tcp('SA')).packet.destination, '10.244.0.7:8080')
})

test('judge() gives a new connection to an active backend, and forgets the old reply', () => {
  putService(kernel.maps, WEB)
  ingress(tcp('S'))
  putService(kernel.maps, { ...WEB, backends: [OTHER_LOCAL] })
  putBackend(kernel.maps, 'TCP', { ...LOCAL_BACKEND, state: 'terminating' })
  assert.equal(ingress(tcp('S')).packet.destination, '10.244.0.8:8080')
  assert.deepEqual(readContents(kernel.maps).ct, [
    'forward TCP 192.168.10.50:40000 > 192.168.10.75:80, frontend 7 backend 3 nat none, 1 packets no flags, seen S',
    'reply TCP 10.244.0.8:8080 > 192.168.10.50:40000, frontend 7 backend 3 nat 192.168.10.50:40000, 0 packets no flags, seen nothing',
  ])
})

test('judge() ends a connection whose backend is gone', () => {
  putService(kernel.maps, WEB)
  ingress(tcp('S'))
  putService(kernel.maps, { ...WEB, backends: [OTHER_LOCAL] })
  kernel.maps.map('lb4_backends').delete(encodeBackendId(LOCAL_BACKEND.id))
  assert.equal(ingress(tcp('A')).packet.flags, 'R')
  assert.deepEqual(readContents(kernel.maps).drops, { DROP_BACKEND_GONE: 1 })
})

test('judge() opens anew where the backend is gone and the client says SYN', () => {
  putService(kernel.maps, WEB)
  ingress(tcp('S'))
  putService(kernel.maps, { ...WEB, backends: [OTHER_LOCAL] })
  kernel.maps.map('lb4_backends').delete(encodeBackendId(LOCAL_BACKEND.id))
  assert.equal(ingress(tcp('S')).packet.destination, '10.244.0.8:8080')
})

test('judge() sends a repeated SYN to the same backend', () => {
  putService(kernel.maps, WEB)
  ingress(tcp('S'))
  putService(kernel.maps, { ...WEB, backends: [OTHER_LOCAL] })
  assert.equal(ingress(tcp('S')).packet.destination, '10.244.0.7:8080')
})

test('judge() selects again for a SYN on a connection that has ended', () => {
  putService(kernel.maps, WEB)
  ingress(tcp('S'))
  ingress(tcp('R'))
  putService(kernel.maps, { ...WEB, backends: [OTHER_LOCAL] })
  assert.equal(ingress(tcp('S')).packet.destination, '10.244.0.8:8080')
})

test('judge() moves UDP off a backend that is not active', () => {
  putService(kernel.maps, DNS)
  ingress(udp())
  putService(kernel.maps, { ...DNS, backends: [OTHER_LOCAL] })
  putBackend(kernel.maps, 'UDP', { ...LOCAL_BACKEND, state: 'terminating' })
  assert.equal(ingress(udp()).packet.destination, '10.244.0.8:8080')
})

test('judge() lets UDP stay where only backends that are being drained are left', () => {
  const drained = [LOCAL_BACKEND, OTHER_LOCAL].map((backend) => ({ ...backend, state: 'terminating' as const }))
  const ports = Array.from({ length: 20 }, (_, index) => 40000 + index)
  putService(kernel.maps, DNS)
  for (const port of ports) ingress(udp({ source: `192.168.10.50:${port}` }))
  putService(kernel.maps, { ...DNS, backends: drained })
  for (const port of ports) {
    assert.equal(
      ingress(udp({ source: `192.168.10.50:${port}` })).packet.destination,
      '10.244.0.7:8080',
      `port ${port}`,
    )
  }
  assert.equal(readContents(kernel.maps).counters['COUNTER_CT_CREATED'], ports.length)
})

test('judge() does not let UDP stay with a drained backend of a frontend that has none', () => {
  putService(kernel.maps, DNS)
  ingress(udp())
  putService(kernel.maps, { ...DNS, backends: [] })
  putBackend(kernel.maps, 'UDP', { ...LOCAL_BACKEND, state: 'maintenance' })
  ingress(udp())
  assert.deepEqual(readContents(kernel.maps).drops, { DROP_NO_BACKEND: 1 })
})

test('judge() keeps UDP with its backend while it talks, and selects again after a silence', () => {
  putService(kernel.maps, DNS)
  ingress(udp())
  putService(kernel.maps, { ...DNS, backends: [OTHER_LOCAL] })
  age(50)
  assert.equal(ingress(udp()).packet.destination, '10.244.0.7:8080')
  age(61)
  assert.equal(ingress(udp()).packet.destination, '10.244.0.8:8080')
})

test('find_target() takes no entry of another frontend that had the address before', () => {
  putService(kernel.maps, WEB)
  ingress(tcp('S'))
  putService(kernel.maps, { ...WEB, frontendId: 9, backends: [OTHER_LOCAL] })
  assert.equal(ingress(tcp('A')).packet.destination, '10.244.0.8:8080')
})

test('claim_source() probes other ports of the range when a flow has the port', () => {
  putService(kernel.maps, REMOTE_WEB)
  ingress(tcp('S'))
  const second = ingress(tcp('S', { source: '192.168.10.51:40000' }))
  assert.equal(second.verdict, 'redirect')
  assert.match(second.packet.source, /^192\.168\.10\.215:\d+$/)
  assert.notEqual(second.packet.source, '192.168.10.215:40000')
  const { ct, counters } = readContents(kernel.maps)
  assert.deepEqual(counters, { COUNTER_CT_CREATED: 2, COUNTER_FORWARDED_REMOTE: 2, COUNTER_SNAT_RETRY: 1 })
  assert.equal(ct.length, 4)
})

test('claim_source() gives up when all tries meet flows that are alive, and leaves these alone', () => {
  putService(kernel.maps, REMOTE_WEB)
  putAgentConfig(kernel.maps, { snatPortMin: 40000, snatPortMax: 40000 })
  ingress(tcp('S'))
  const before = readContents(kernel.maps).ct
  assert.equal(ingress(tcp('S', { source: '192.168.10.51:40000' })).verdict, 'drop')
  const { ct, counters, drops } = readContents(kernel.maps)
  assert.deepEqual(drops, { DROP_NO_SNAT_PORT: 1 })
  assert.deepEqual(counters, { COUNTER_CT_CREATED: 1, COUNTER_FORWARDED_REMOTE: 1, COUNTER_SNAT_RETRY: 33 })
  assert.deepEqual(ct, before)
})

test('claim_source() takes a port from no other flow of the same client', () => {
  putService(kernel.maps, REMOTE_WEB)
  putAgentConfig(kernel.maps, { snatPortMin: 40000, snatPortMax: 40000 })
  ingress(tcp('S'))
  assert.equal(ingress(tcp('S', { source: '192.168.10.50:40001' })).verdict, 'drop')
  assert.deepEqual(readContents(kernel.maps).drops, { DROP_NO_SNAT_PORT: 1 })
})

for (const [snatPortMin, snatPortMax] of [
  [0, 0],
  [0, 65535],
  [50000, 49999],
] as const) {
  test(`claim_source() takes no port of a range from ${snatPortMin} to ${snatPortMax}`, () => {
    putService(kernel.maps, REMOTE_WEB)
    putAgentConfig(kernel.maps, { snatPortMin, snatPortMax })
    ingress(tcp('S')) // its own port may do
    assert.equal(ingress(tcp('S', { source: '192.168.10.51:40000' })).verdict, 'drop')
    assert.match(Object.keys(readContents(kernel.maps).drops).join(), /^DROP_NO_SNAT_PORT$/)
  })
}

/** How a flow ends, and how many seconds later its port may be taken. */
const DEATHS: readonly (readonly [string, readonly Packet[], number])[] = [
  ['was never answered', [], 60],
  ['was reset', [fromRemote('RA')], 10],
  ['was closed by both', [fromRemote('FA'), tcp('FA')], 10],
]

for (const [how, packets, seconds] of DEATHS) {
  test(`claim_source() takes the port of a flow that ${how} after ${seconds} s, not before`, () => {
    putService(kernel.maps, REMOTE_WEB)
    putAgentConfig(kernel.maps, { snatPortMin: 40000, snatPortMax: 40000 })
    ingress(tcp('S'))
    for (const packet of packets) ingress(packet)
    age(seconds - 5)
    assert.equal(ingress(tcp('S', { source: '192.168.10.51:40000' })).verdict, 'drop')
    age(6)
    assert.equal(ingress(tcp('S', { source: '192.168.10.51:40000' })).packet.source, '192.168.10.215:40000')
    assert.equal(ingress(fromRemote('SA')).packet.destination, '192.168.10.51:40000')
  })
}

test('claim_source() does not take the port of a flow that was answered and is idle', () => {
  putService(kernel.maps, REMOTE_WEB)
  putAgentConfig(kernel.maps, { snatPortMin: 40000, snatPortMax: 40000 })
  ingress(tcp('S'))
  ingress(fromRemote('SA'))
  age(120) // the bound is 8,000 s, longer than this machine may have been up
  assert.equal(ingress(tcp('S', { source: '192.168.10.51:40000' })).verdict, 'drop')
})

test('refresh_reply() tracks a flow anew whose port was given away meanwhile', () => {
  putService(kernel.maps, REMOTE_WEB)
  ingress(tcp('S'))
  age(61)
  assert.equal(ingress(tcp('S', { source: '192.168.10.51:40000' })).packet.source, '192.168.10.215:40000')
  const back = ingress(tcp('A'))
  assert.equal(back.verdict, 'redirect')
  assert.notEqual(back.packet.source, '192.168.10.215:40000')
  assert.equal(ingress(fromRemote('A')).packet.destination, '192.168.10.51:40000')
})

test('refresh_reply() puts the reply back that the map lost, on the same port', () => {
  putService(kernel.maps, REMOTE_WEB)
  ingress(tcp('S'))
  const key = { sourceAddress: mustParseIp('10.244.1.7'), destinationAddress: mustParseIp('192.168.10.215') }
  const ports = { sourcePort: 8080, destinationPort: 40000, protocol: 'TCP', direction: 'reply' } as const
  assert.ok(kernel.maps.map('ct4').delete(encodeCt4Key({ ...key, ...ports })))
  age(2)
  assert.equal(ingress(tcp('A')).packet.source, '192.168.10.215:40000')
  assert.equal(ingress(fromRemote('A')).packet.destination, '192.168.10.50:40000')
})

test('refresh_reply() keeps the reply of a flow alive that has packets in one direction only', () => {
  putService(kernel.maps, { ...DNS, backends: [REMOTE_BACKEND] })
  ingress(udp())
  changeReply((entry) => ({ ...entry, lastSeenNs: entry.lastSeenNs - 61_000_000_000n }))
  age(2)
  ingress(udp())
  const second = ingress(udp({ source: '192.168.10.51:40000' }))
  assert.notEqual(second.packet.source, '192.168.10.215:40000')
})

test('one client port to one backend by two frontends: the second flow gets another source port, and the replies part again', () => {
  putService(kernel.maps, WEB)
  putService(kernel.maps, { ...WEB, frontend: '192.168.10.76:80', frontendId: 9 })
  ingress(tcp('S'))
  const second = ingress(tcp('S', { destination: '192.168.10.76:80' }))
  assert.equal(second.verdict, 'pass')
  assert.equal(second.packet.destination, '10.244.0.7:8080')
  assert.match(second.packet.source, /^192\.168\.10\.50:\d+$/)
  assert.notEqual(second.packet.source, '192.168.10.50:40000')
  assert.equal(egress(fromLocal('SA')).packet.source, '192.168.10.75:80')
  const reply = egress(fromLocal('SA', { destination: second.packet.source }))
  assert.deepEqual([reply.packet.source, reply.packet.destination], ['192.168.10.76:80', '192.168.10.50:40000'])
})

test('forward() goes on with an entry of a drained remote backend while others serve', () => {
  putService(kernel.maps, REMOTE_WEB)
  ingress(tcp('S'))
  putService(kernel.maps, { ...WEB, backends: [OTHER_REMOTE] })
  putBackend(kernel.maps, 'TCP', { ...REMOTE_BACKEND, state: 'quarantined' })
  assert.equal(ingress(tcp('A')).packet.destination, '10.244.1.7:8080')
})
