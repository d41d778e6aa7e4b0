import assert from 'node:assert/strict'
import { after, beforeEach, test } from 'node:test'
import { buildBpf } from '#tools/build-bpf.ts'
import { internetChecksum } from './checksum.ts'
import { readContents } from './contents.ts'
import { openKernel } from './kernel.ts'
import { CLIENT_MAC, enterNamespaces, LAN_MAC, NODE1_MAC, ROUTER_MAC } from './namespaces.ts'
import { icmp, type Packet, tcp, udp } from './packet.ts'
import { encodeIpv4, encodePacket } from './packet-octets.ts'
import { announce, clearMaps, DNS, putService, REMOTE_BACKEND, WEB } from './scene.ts'

const folder = buildBpf()
const ifindex = enterNamespaces()
const kernel = openKernel(folder, ifindex)
after(() => kernel.close())
beforeEach(() => clearMaps(kernel.maps))

const FRAGMENTATION_NEEDED = [3, 4, 0, 0, 0, 0, 0x05, 0x78] // next hop takes 1400 octets
const PORT_UNREACHABLE = [3, 3, 0, 0, 0, 0, 0, 0]

type Program = 'balise_ingress' | 'balise_egress'

/** An ICMP error about `quoted`, of which it holds the IPv4 header and `octets` more. */
function error(head: readonly number[], quoted: Packet, fields: Partial<Packet>, octets = 8): Packet {
  const quote = encodeIpv4(quoted).subarray(0, 20 + quoted.options.length + octets)
  return icmp({ ...fields, payload: withSum([...head, ...quote]) })
}

function withSum(message: readonly number[]): readonly number[] {
  const octets = Uint8Array.from(message)
  octets.fill(0, 2, 4)
  const sum = internetChecksum(octets)
  return [...octets.subarray(0, 2), sum >> 8, sum & 255, ...octets.subarray(4)]
}

function run(program: Program, packet: Packet): { readonly verdict: string; readonly packet: Packet } {
  return kernel.run(program, packet)
}

/**
 * `packet` must become `outer`, still with the head of its ICMP message, and with a quotation of `quoted` as its sender sent it; but for
 * the quoted UDP checksum, which stays as it was.
 */
function assertTranslated(
  program: Program,
  packet: Packet,
  outer: Partial<Packet>,
  quoted: Packet,
  verdict: string,
): void {
  const ran = run(program, packet)
  assert.equal(ran.verdict, verdict)
  assert.deepEqual({ ...ran.packet, payload: [] }, { ...packet, ...outer, payload: [] })
  const quote = encodeIpv4(quoted).subarray(0, 24)
  assert.deepEqual(ran.packet.payload.slice(4, 8), packet.payload.slice(4, 8))
  assert.deepEqual(ran.packet.payload.slice(8, 32), [...quote])
  assert.deepEqual(ran.packet.payload.slice(32), packet.payload.slice(32))
  assert.equal(readContents(kernel.maps).counters['COUNTER_ICMP_TRANSLATED'], 1)
}

test('error_arrives() tells a backend on this node what a router says about its reply', () => {
  putService(kernel.maps, WEB)
  run('balise_ingress', tcp('S'))
  const sent = tcp('A', { source: '10.244.0.7:8080', destination: '192.168.10.50:40000', ttl: 63 })
  const onWire = { ...sent, source: '192.168.10.75:80' }
  const packet = error(FRAGMENTATION_NEEDED, onWire, { source: '192.168.10.1', destination: '192.168.10.75' })
  assertTranslated('balise_ingress', packet, { destination: '10.244.0.7' }, sent, 'pass')
})

test('error_arrives() tells a backend on another node what a router says about its reply', () => {
  putService(kernel.maps, { ...WEB, backends: [REMOTE_BACKEND] })
  run('balise_ingress', tcp('S'))
  const sent = tcp('A', { source: '10.244.1.7:8080', destination: '192.168.10.215:40000', ttl: 63 })
  const onWire = { ...sent, source: '192.168.10.75:80', destination: '192.168.10.50:40000' }
  const packet = error(FRAGMENTATION_NEEDED, onWire, { source: '192.168.10.1', destination: '192.168.10.75' })
  const outer = { destination: '10.244.1.7', sourceMac: LAN_MAC, destinationMac: NODE1_MAC, ttl: 63 }
  assertTranslated('balise_ingress', packet, outer, sent, 'redirect')
})

test('error_arrives() tells the client what a backend on another node says, in the name of the frontend', () => {
  putService(kernel.maps, { ...DNS, backends: [REMOTE_BACKEND] })
  const sent = udp()
  const onWire = run('balise_ingress', sent).packet
  const from = { source: '10.244.1.7', destination: '192.168.10.215', sourceMac: NODE1_MAC, destinationMac: LAN_MAC }
  const packet = error(PORT_UNREACHABLE, { ...onWire, ttl: 64 }, from)
  const outer = {
    ...{ source: '192.168.10.75', destination: '192.168.10.50' },
    ...{ sourceMac: LAN_MAC, destinationMac: CLIENT_MAC, ttl: 63 },
  }
  assertTranslated('balise_ingress', packet, outer, sent, 'redirect')
})

test('error_arrives() tells the client what a router on the way to the backend says, in its own name', () => {
  putService(kernel.maps, { ...DNS, backends: [REMOTE_BACKEND] })
  const sent = udp()
  const onWire = run('balise_ingress', sent).packet
  const from = { source: '192.168.10.1', destination: '192.168.10.215', sourceMac: ROUTER_MAC, destinationMac: LAN_MAC }
  const packet = error(FRAGMENTATION_NEEDED, { ...onWire, ttl: 64 }, from)
  const outer = { destination: '192.168.10.50', sourceMac: LAN_MAC, destinationMac: CLIENT_MAC, ttl: 63 }
  assertTranslated('balise_ingress', packet, outer, sent, 'redirect')
})

test('error_leaves() tells the client what a backend on this node says, in the name of the frontend', () => {
  putService(kernel.maps, DNS)
  const sent = udp()
  const delivered = run('balise_ingress', sent).packet
  const from = { source: '10.244.0.7', destination: '192.168.10.50', sourceMac: LAN_MAC, destinationMac: CLIENT_MAC }
  assertTranslated('balise_egress', error(PORT_UNREACHABLE, delivered, from), { source: '192.168.10.75' }, sent, 'pass')
})

test('error_leaves() tells the client what this node says about the way to a backend, in its own name', () => {
  putService(kernel.maps, DNS)
  const sent = udp()
  const delivered = run('balise_ingress', sent).packet
  const from = {
    source: '192.168.10.215',
    destination: '192.168.10.50',
    sourceMac: LAN_MAC,
    destinationMac: CLIENT_MAC,
  }
  assertTranslated('balise_egress', error(FRAGMENTATION_NEEDED, delivered, from), {}, sent, 'pass')
})

test('error_arrives() finds the ports after IPv4 options in the quotation', () => {
  putService(kernel.maps, WEB)
  run('balise_ingress', tcp('S'))
  const onWire = tcp('A', { source: '192.168.10.75:80', destination: '192.168.10.50:40000', options: [1, 1, 1, 0] })
  const packet = error(FRAGMENTATION_NEEDED, onWire, { source: '192.168.10.1', destination: '192.168.10.75' })
  const ran = run('balise_ingress', packet)
  const quote = encodeIpv4({ ...onWire, source: '10.244.0.7:8080' }).subarray(0, 28)
  assert.deepEqual([ran.verdict, ran.packet.checksum, ran.packet.payload.slice(8, 36)], ['pass', 'right', [...quote]])
})

test('error_arrives() leaves errors for the node itself alone', () => {
  putService(kernel.maps, { ...WEB, backends: [REMOTE_BACKEND] })
  run('balise_ingress', tcp('S'))
  const own = tcp('A', { source: '192.168.10.215:40001', destination: '10.244.1.7:8080' })
  const packet = error(FRAGMENTATION_NEEDED, own, { source: '192.168.10.1', destination: '192.168.10.215' })
  assert.deepEqual(run('balise_ingress', packet), { verdict: 'pass', packet })
})

test('error_leaves() leaves errors about no flow alone', () => {
  putService(kernel.maps, WEB)
  run('balise_ingress', tcp('S'))
  const other = tcp('A', { source: '192.168.10.50:40001', destination: '10.244.0.7:8080' })
  const packet = error(PORT_UNREACHABLE, other, { source: '10.244.0.7', destination: '192.168.10.50' })
  assert.deepEqual(run('balise_egress', packet), { verdict: 'pass', packet })
})

test('error_arrives() leaves errors about packets to a backend on this node alone', () => {
  putService(kernel.maps, WEB)
  const delivered = run('balise_ingress', tcp('S')).packet
  const packet = error(PORT_UNREACHABLE, delivered, { source: '10.244.0.7', destination: '192.168.10.50' })
  assert.deepEqual(run('balise_ingress', packet), { verdict: 'pass', packet })
})

test('error_leaves() leaves errors about packets to a backend on another node alone', () => {
  putService(kernel.maps, { ...WEB, backends: [REMOTE_BACKEND] })
  const onWire = run('balise_ingress', tcp('S')).packet
  const packet = error(PORT_UNREACHABLE, onWire, { source: '10.244.1.7', destination: '192.168.10.215' })
  assert.deepEqual(run('balise_egress', packet), { verdict: 'pass', packet })
})

test('error_arrives() takes no padding for quoted ports', () => {
  putService(kernel.maps, WEB)
  announce(kernel.maps, '192.168.10.75', ifindex)
  run('balise_ingress', tcp('S', { source: '192.168.10.50:0' }))
  const onWire = tcp('A', { source: '192.168.10.75:80', destination: '192.168.10.50:0' })
  const frame = encodePacket(error(PORT_UNREACHABLE, onWire, TO_VIP, 2)) // the padding has the rest, port 0
  const padded = new Uint8Array(frame.length + 6)
  padded.set(frame)
  assert.equal(kernel.runOctets('balise_ingress', padded).verdict, 'drop')
})

test('error_arrives() takes no fragment', () => {
  putService(kernel.maps, WEB)
  run('balise_ingress', tcp('S'))
  const packet = { ...error(PORT_UNREACHABLE, ON_WIRE, TO_VIP), moreFragments: true }
  assert.deepEqual(run('balise_ingress', packet), { verdict: 'pass', packet })
  announce(kernel.maps, '192.168.10.75', ifindex)
  assert.equal(run('balise_ingress', packet).verdict, 'drop')
  assert.deepEqual(readContents(kernel.maps).drops, { DROP_FRAGMENT: 1 })
})

test('error_arrives() drops a translated error without TTL left', () => {
  putService(kernel.maps, { ...WEB, backends: [REMOTE_BACKEND] })
  run('balise_ingress', tcp('S'))
  const onWire = tcp('A', { source: '192.168.10.75:80', destination: '192.168.10.50:40000' })
  const packet = error(FRAGMENTATION_NEEDED, onWire, { source: '192.168.10.1', destination: '192.168.10.75', ttl: 1 })
  assert.equal(run('balise_ingress', packet).verdict, 'drop')
  assert.deepEqual(readContents(kernel.maps).drops, { DROP_TTL: 1 })
})

const ON_WIRE = tcp('A', { source: '192.168.10.75:80', destination: '192.168.10.50:40000' })
const TO_VIP = { source: '192.168.10.1', destination: '192.168.10.75' }

/** ICMP that is no error about a packet of a flow. */
const UNRELATED: readonly (readonly [string, Packet])[] = [
  ['about a flow that is none', error(PORT_UNREACHABLE, { ...ON_WIRE, destination: '192.168.10.50:40001' }, TO_VIP)],
  ['that quotes a later fragment', error(PORT_UNREACHABLE, { ...ON_WIRE, fragmentOffset: 3 }, TO_VIP)],
  ['that quotes ICMP', error(PORT_UNREACHABLE, icmp({ payload: [8, 0, 0, 0, 0, 0, 0, 0] }), TO_VIP)],
  ['that quotes no ports', error(PORT_UNREACHABLE, ON_WIRE, TO_VIP, 3)],
  [
    'that quotes no whole header',
    icmp({ ...TO_VIP, payload: withSum([...PORT_UNREACHABLE, ...encodeIpv4(ON_WIRE).subarray(0, 19)]) }),
  ],
  ['that quotes nothing', icmp({ ...TO_VIP, payload: withSum(PORT_UNREACHABLE) })],
  ['of type redirect', error([5, 1, 0, 0, 192, 168, 10, 1], ON_WIRE, TO_VIP)],
]

for (const [what, packet] of UNRELATED) {
  test(`error_arrives() takes no ICMP ${what}`, () => {
    putService(kernel.maps, WEB)
    announce(kernel.maps, '192.168.10.75', ifindex)
    run('balise_ingress', tcp('S'))
    assert.deepEqual(run('balise_ingress', packet), { verdict: 'drop', packet })
    const { drops, counters } = readContents(kernel.maps)
    assert.deepEqual(drops, { DROP_NO_SERVICE: 1 })
    assert.equal(counters['COUNTER_ICMP_TRANSLATED'], undefined)
  })
}
