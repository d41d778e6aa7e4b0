import assert from 'node:assert/strict'
import { after, beforeEach, test } from 'node:test'
import { LB_FLAGS } from '#wire/bpf/consts.ts'
import { buildBpf } from '#tools/build-bpf.ts'
import { readContents } from './contents.ts'
import { openKernel } from './kernel.ts'
import { enterNamespaces, LAN_MAC, NODE1_MAC } from './namespaces.ts'
import { type Packet, tcp, udp } from './packet.ts'
import { encodePacket } from './packet-octets.ts'
import { announce, clearMaps, DNS, LOCAL_BACKEND, putAgentConfig, putService, REMOTE_BACKEND, WEB } from './scene.ts'

const folder = buildBpf()
const ifindex = enterNamespaces()
const kernel = openKernel(folder, ifindex)
after(() => kernel.close())
beforeEach(() => clearMaps(kernel.maps))

const REMOTE_WEB = { ...WEB, backends: [REMOTE_BACKEND] }
const UDP_CHECKSUM_OFFSET = 14 + 20 + 6
const NOTHING = { ct: [], drops: {}, counters: {}, l2: [] }
const LOCAL_COUNTERS = { COUNTER_CT_CREATED: 1, COUNTER_FORWARDED_LOCAL: 1 }
const REMOTE_COUNTERS = { COUNTER_CT_CREATED: 1, COUNTER_FORWARDED_REMOTE: 1 }

function ingress(packet: Packet, gsoSizeOctets = 0): { readonly verdict: string; readonly packet: Packet } {
  return kernel.run('balise_ingress', packet, gsoSizeOctets)
}

function assertDropped(packet: Packet, reason: string): void {
  assert.deepEqual(ingress(packet), { verdict: 'drop', packet })
  assert.deepEqual(readContents(kernel.maps), { ...NOTHING, drops: { [reason]: 1 } })
}

function assertPassed(packet: Packet): void {
  assert.deepEqual(ingress(packet), { verdict: 'pass', packet })
  assert.deepEqual(readContents(kernel.maps), NOTHING)
}

test('forward() sends a TCP SYN up to a backend on this node, with the client as source', () => {
  putService(kernel.maps, WEB)
  const packet = tcp('S')
  assert.deepEqual(ingress(packet), { verdict: 'pass', packet: { ...packet, destination: '10.244.0.7:8080' } })
  assert.deepEqual(readContents(kernel.maps), {
    ...NOTHING,
    counters: LOCAL_COUNTERS,
    ct: [
      'forward TCP 192.168.10.50:40000 > 192.168.10.75:80, frontend 7 backend 1 nat none, 1 packets no flags, seen S',
      'reply TCP 10.244.0.7:8080 > 192.168.10.50:40000, frontend 7 backend 1 nat 192.168.10.50:40000, 0 packets no flags, seen nothing',
    ],
  })
})

test('forward() sends a TCP SYN to a backend on another node, with this node as source and one less TTL', () => {
  putService(kernel.maps, REMOTE_WEB)
  const packet = tcp('S')
  assert.deepEqual(ingress(packet), {
    verdict: 'redirect',
    packet: {
      ...packet,
      sourceMac: LAN_MAC,
      destinationMac: NODE1_MAC,
      source: '192.168.10.215:40000',
      destination: '10.244.1.7:8080',
      ttl: 63,
    },
  })
  assert.deepEqual(readContents(kernel.maps), {
    ...NOTHING,
    counters: REMOTE_COUNTERS,
    ct: [
      'forward TCP 192.168.10.50:40000 > 192.168.10.75:80, frontend 7 backend 2 nat 192.168.10.215:40000, 1 packets CT_SNAT, seen S',
      'reply TCP 10.244.1.7:8080 > 192.168.10.215:40000, frontend 7 backend 2 nat 192.168.10.50:40000, 0 packets CT_SNAT, seen nothing',
    ],
  })
})

test('forward() takes a port of the range when the source port of the client is none of it', () => {
  putService(kernel.maps, REMOTE_WEB)
  putAgentConfig(kernel.maps, { snatPortMin: 61000, snatPortMax: 61000 })
  assert.equal(ingress(tcp('S')).packet.source, '192.168.10.215:61000')
})

test('forward() goes on with the same backend and source, and counts', () => {
  putService(kernel.maps, REMOTE_WEB)
  const first = ingress(tcp('S'))
  const second = ingress(tcp('A', { payload: [1, 2, 3, 4, 5] }))
  assert.deepEqual(second.packet, { ...first.packet, flags: 'A', acknowledgement: 5000, payload: [1, 2, 3, 4, 5] })
  const { ct, counters } = readContents(kernel.maps)
  assert.deepEqual(counters, { COUNTER_CT_CREATED: 1, COUNTER_FORWARDED_REMOTE: 2 })
  assert.match(ct[0] ?? '', /2 packets CT_SNAT, seen SA$/)
})

/** 300 connections that differ in one thing. */
const VARIETIES: readonly (readonly [string, (index: number) => Partial<Packet>])[] = [
  ['ports of one client', (index) => ({ source: `192.168.10.50:${40000 + index}` })],
  ['clients', (index) => ({ source: `192.168.${index >> 8}.${index & 255}:40000` })],
]

for (const [what, fields] of VARIETIES) {
  test(`forward() spreads connections of many ${what} over all backends`, () => {
    const third = { id: 3, end: '10.244.1.8:8080', local: false }
    putService(kernel.maps, { ...WEB, backends: [LOCAL_BACKEND, REMOTE_BACKEND, third] })
    const hits = new Map<string, number>()
    for (let index = 0; index < 300; index++) {
      const { destination } = ingress(tcp('S', fields(index))).packet
      hits.set(destination, (hits.get(destination) ?? 0) + 1)
    }
    assert.deepEqual([...hits.keys()].toSorted(), ['10.244.0.7:8080', '10.244.1.7:8080', '10.244.1.8:8080'])
    for (const [destination, count] of hits) assert.ok(count > 60, `${destination} got ${count} of 300`)
  })
}

for (const checksum of ['right', 'none'] as const) {
  test(`forward() sends UDP with checksum ${checksum} to a backend on this node`, () => {
    putService(kernel.maps, DNS)
    const packet = udp({ checksum })
    assert.deepEqual(ingress(packet), { verdict: 'pass', packet: { ...packet, destination: '10.244.0.7:8080' } })
    assert.deepEqual(readContents(kernel.maps), {
      ...NOTHING,
      counters: LOCAL_COUNTERS,
      ct: [
        'forward UDP 192.168.10.50:40000 > 192.168.10.75:53, frontend 8 backend 1 nat none, 1 packets no flags',
        'reply UDP 10.244.0.7:8080 > 192.168.10.50:40000, frontend 8 backend 1 nat 192.168.10.50:40000, 0 packets no flags',
      ],
    })
  })

  test(`forward() sends UDP with checksum ${checksum} to a backend on another node`, () => {
    putService(kernel.maps, { ...DNS, backends: [REMOTE_BACKEND] })
    const packet = udp({ checksum })
    const ran = ingress(packet)
    assert.equal(ran.verdict, 'redirect')
    assert.deepEqual(ran.packet, {
      ...packet,
      sourceMac: LAN_MAC,
      destinationMac: NODE1_MAC,
      source: '192.168.10.215:40000',
      destination: '10.244.1.7:8080',
      ttl: 63,
    })
  })
}

test('forward() never turns the checksum of UDP into that of none', () => {
  putService(kernel.maps, DNS)
  const translated = encodePacket(udp({ destination: '10.244.0.7:8080', payload: [0, 0] }))
  const payload = [...translated.subarray(UDP_CHECKSUM_OFFSET, UDP_CHECKSUM_OFFSET + 2)] // with it the sum is 0
  const { octets } = kernel.runOctets('balise_ingress', encodePacket(udp({ payload })))
  assert.deepEqual([...octets.subarray(UDP_CHECKSUM_OFFSET, UDP_CHECKSUM_OFFSET + 2)], [0xff, 0xff])
})

test('forward() keeps a wrong checksum wrong', () => {
  putService(kernel.maps, REMOTE_WEB)
  assert.equal(ingress(tcp('S', { checksum: 'wrong' })).packet.checksum, 'wrong')
})

test('forward() finds ports after IPv4 options, and keeps these', () => {
  putService(kernel.maps, REMOTE_WEB)
  const packet = tcp('S', { options: [0x94, 4, 0, 0, 1, 1, 1, 0], payload: [9] })
  const ran = ingress(packet)
  assert.equal(ran.verdict, 'redirect')
  assert.deepEqual([ran.packet.source, ran.packet.destination], ['192.168.10.215:40000', '10.244.1.7:8080'])
  assert.deepEqual([ran.packet.options, ran.packet.checksum], [packet.options, 'right'])
})

test('forward() takes several segments at once', () => {
  putService(kernel.maps, REMOTE_WEB)
  const ran = ingress(tcp('A', { payload: Array<number>(3000).fill(7) }), 1448)
  assert.equal(ran.verdict, 'redirect')
  assert.deepEqual([ran.packet.destination, ran.packet.payload.length], ['10.244.1.7:8080', 3000])
})

test('forward() asks the kernel to find a neighbour that it does not know', () => {
  putService(kernel.maps, { ...WEB, backends: [{ id: 4, end: '10.244.2.7:8080', local: false }] })
  const packet = tcp('S')
  const ran = ingress(packet)
  assert.equal(ran.verdict, 'redirect')
  const macs = { sourceMac: packet.sourceMac, destinationMac: packet.destinationMac }
  assert.deepEqual(ran.packet, {
    ...packet,
    ...macs,
    source: '192.168.10.215:40000',
    destination: '10.244.2.7:8080',
    ttl: 63,
  })
})

test('forward() drops what would have no TTL left on the way to another node', () => {
  putService(kernel.maps, REMOTE_WEB)
  const packet = tcp('S', { ttl: 1 })
  assert.deepEqual(ingress(packet), { verdict: 'drop', packet })
  assert.deepEqual(readContents(kernel.maps).drops, { DROP_TTL: 1 })
})

test('forward() leaves the TTL of what goes to a backend on this node to the stack', () => {
  putService(kernel.maps, WEB)
  const ran = ingress(tcp('S', { ttl: 1 }))
  assert.deepEqual([ran.verdict, ran.packet.ttl], ['pass', 1])
})

test('forward() drops what has no route', () => {
  putService(kernel.maps, { ...WEB, backends: [{ id: 5, end: '10.244.9.7:8080', local: false }] })
  const packet = tcp('S')
  assert.deepEqual(ingress(packet), { verdict: 'drop', packet })
  assert.deepEqual(readContents(kernel.maps).drops, { DROP_NO_ROUTE: 1 })
})

test('forward() drops a packet from outside to a ClusterIP', () => {
  putService(kernel.maps, { ...WEB, frontend: '10.43.0.10:80', flags: LB_FLAGS.LB_CLUSTER_IP })
  assertDropped(tcp('S', { destination: '10.43.0.10:80' }), 'DROP_NOT_ROUTABLE')
})

test('forward() drops what needs another source while the agent has named none', () => {
  putService(kernel.maps, REMOTE_WEB)
  putAgentConfig(kernel.maps, { nodeAddress4: undefined })
  assertDropped(tcp('S'), 'DROP_NO_SNAT_PORT')
})

test('forward() passes a packet to a port that no frontend has on an address that is not announced', () => {
  putService(kernel.maps, WEB)
  assertPassed(tcp('S', { destination: '192.168.10.75:81' }))
})

test('forward() takes TCP and UDP of one port for two frontends', () => {
  putService(kernel.maps, WEB)
  assertPassed(udp({ destination: '192.168.10.75:80' }))
})

test('forward() passes a frame for a frontend of the other scope alone', () => {
  putService(kernel.maps, { ...WEB, scope: 'internal' })
  assertPassed(tcp('S'))
})

test('forward() forwards a first fragment, which has the ports', () => {
  putService(kernel.maps, { ...DNS, backends: [REMOTE_BACKEND] })
  const ran = ingress(udp({ moreFragments: true, payload: Array<number>(16).fill(1) }))
  assert.deepEqual([ran.verdict, ran.packet.destination], ['redirect', '10.244.1.7:8080'])
})

test('refuse() drops later fragments for an announced address', () => {
  putService(kernel.maps, DNS)
  announce(kernel.maps, '192.168.10.75', ifindex)
  const packet = udp({
    source: '192.168.10.50',
    destination: '192.168.10.75',
    fragmentOffset: 2,
    payload: [1, 2, 3, 4],
  })
  const ran = ingress(packet)
  assert.deepEqual([ran.verdict, readContents(kernel.maps).drops], ['drop', { DROP_FRAGMENT: 1 }])
})

test('refuse() passes later fragments for any other address', () => {
  putService(kernel.maps, DNS)
  assertPassed(udp({ source: '192.168.10.50', destination: '192.168.10.75', fragmentOffset: 2, payload: [1, 2, 3, 4] }))
})
