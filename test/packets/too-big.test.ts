import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { after, beforeEach, test } from 'node:test'
import { mustParseIp } from '#model/ip.ts'
import { buildBpf } from '#tools/build-bpf.ts'
import { internetChecksum } from './checksum.ts'
import { readContents } from './contents.ts'
import { fromRemote, REMOTE_WEB } from './flows.ts'
import { openKernel } from './kernel.ts'
import { enterNamespaces, ifindexOf, LAN_MAC, NODE1_MAC } from './namespaces.ts'
import { icmp, type Packet, tcp, udp } from './packet.ts'
import { addressOf, encodeIpv4 } from './packet-octets.ts'
import { type BackendScene, clearMaps, DNS, putOverlay, putPeer, putService, WEB } from './scene.ts'

/** A backend behind a link that takes 1,000 octets, and what is one octet more or less with the headers of TCP. */
const NARROW: BackendScene = { id: 6, end: '10.244.3.7:8080', local: false }
const MTU = 1000
const FITS = payloadOf(MTU - 40)
const TOO_MUCH = payloadOf(MTU - 39)

const kernel = openKernel(buildBpf(), enterNamespaces())
after(() => kernel.close())
beforeEach(() => clearMaps(kernel.maps))

function payloadOf(octets: number): readonly number[] {
  return Array.from({ length: octets }, (_, index) => (index * 7) & 255)
}

function ingress(packet: Packet, gsoSizeOctets = 0): { readonly verdict: string; readonly packet: Packet } {
  return kernel.run('balise_ingress', packet, gsoSizeOctets)
}

/** The checksum of the quoted TCP or UDP header is not that of the packet (see settled_checksum in bpf/include/too_big.h). */
const CHECK_OFFSET = { tcp: 20 + 16, udp: 20 + 6, icmp: 0 } as const

/** That `ran` is the ICMP error which says to the sender of `packet`, in the name of whom it was for, how much gets through. */
function assertTold(ran: { readonly verdict: string; readonly packet: Packet }, packet: Packet, mtu: number): void {
  assert.equal(ran.verdict, 'redirect')
  const { payload, ...outside } = ran.packet
  const macs = { sourceMac: packet.destinationMac, destinationMac: packet.sourceMac }
  const ends = { source: addressOf(packet.destination), destination: addressOf(packet.source) }
  assert.deepEqual({ ...outside, payload: [] }, icmp({ ...macs, ...ends, ttl: 64 }))
  assert.deepEqual([payload[0], payload[1], ...payload.slice(4, 8)], [3, 4, 0, 0, mtu >> 8, mtu & 255])
  const check = CHECK_OFFSET[packet.protocol]
  const quoted = [...encodeIpv4(packet).subarray(0, 40)]
  assert.deepEqual(payload.slice(8).toSpliced(check, 2), quoted.toSpliced(check, 2))
}

test('route_on() lets through what just fits', () => {
  putService(kernel.maps, { ...WEB, backends: [NARROW] })
  assert.equal(ingress(tcp('A', { payload: FITS, dontFragment: true })).verdict, 'redirect')
  assert.deepEqual(readContents(kernel.maps).drops, {})
})

for (const dontFragment of [true, false]) {
  const whether = dontFragment ? 'that must not be cut up' : 'that we cannot cut up'
  test(`too_big() tells a client of TCP how much gets to a backend on another node, of a packet ${whether}`, () => {
    putService(kernel.maps, { ...WEB, backends: [NARROW] })
    const packet = tcp('A', { payload: TOO_MUCH, dontFragment })
    assertTold(ingress(packet), packet, MTU)
    const { drops, counters } = readContents(kernel.maps)
    assert.deepEqual(drops, { DROP_TOO_BIG: 1 })
    assert.equal(counters['COUNTER_ICMP_ERRORS_SENT'], 1)
  })
}

for (const checksum of ['right', 'none'] as const) {
  test(`too_big() tells a client of UDP with checksum ${checksum}`, () => {
    putService(kernel.maps, { ...DNS, backends: [NARROW] })
    const packet = udp({ payload: payloadOf(1200), checksum, dontFragment: true })
    assertTold(ingress(packet), packet, MTU)
  })
}

test('too_big() quotes a checksum that a device which fills it in would leave as it is', () => {
  for (let length = 0; length < 200; length++) {
    clearMaps(kernel.maps)
    putService(kernel.maps, { ...WEB, backends: [NARROW] })
    const ran = ingress(tcp('A', { payload: payloadOf(1200 + length), sequence: length * 77_777, dontFragment: true }))
    const l4 = Uint8Array.from(ran.packet.payload.slice(28))
    const check = new DataView(l4.buffer).getUint16(16)
    assert.equal(internetChecksum(l4) || 0xffff, check || 0xffff)
    assert.equal(ran.packet.checksum, 'right')
  }
})

test('too_big() judges several segments in one by one of them', () => {
  putService(kernel.maps, { ...WEB, backends: [NARROW] })
  const packet = tcp('A', { payload: payloadOf(2 * (MTU - 40)), dontFragment: true })
  assert.equal(ingress(packet, MTU - 40).verdict, 'redirect')
  assert.deepEqual(readContents(kernel.maps).drops, {})
  assertTold(ingress(packet, MTU - 39), packet, MTU)
  assert.deepEqual(readContents(kernel.maps).drops, { DROP_TOO_BIG: 1 })
})

test('too_big() tells a backend on another node how much gets to the client', () => {
  putService(kernel.maps, REMOTE_WEB)
  ingress(tcp('S', { source: '10.244.3.7:40000' }))
  const macs = { sourceMac: NODE1_MAC, destinationMac: LAN_MAC }
  const reply = fromRemote('A', { ...macs, payload: TOO_MUCH, dontFragment: true })
  assertTold(ingress(reply), reply, MTU)
  assert.deepEqual(readContents(kernel.maps).drops, { DROP_TOO_BIG: 1 })
})

/** Whom an answer would not help, or would go astray. */
const SILENT: readonly (readonly [string, Partial<Packet>])[] = [
  ['with IPv4 options', { options: [1, 1, 1, 0] }],
  ['to all stations', { destinationMac: 'ff:ff:ff:ff:ff:ff' }],
  ['from a loopback address', { source: '127.0.0.1:40000' }],
]

for (const [what, fields] of SILENT) {
  test(`too_big() drops a packet ${what} without an answer`, () => {
    putService(kernel.maps, { ...WEB, backends: [NARROW] })
    const packet = tcp('A', { payload: TOO_MUCH, dontFragment: true, ...fields })
    assert.deepEqual(ingress(packet), { verdict: 'drop', packet })
    assert.deepEqual(readContents(kernel.maps).drops, { DROP_TOO_BIG: 1 })
  })
}

test('route_on() leaves it to the envelope of the overlay to be cut up, if the sender allows it', () => {
  execFileSync('ip', 'link add balise_vxlan mtu 1000 type vxlan external dstport 8472'.split(' '))
  execFileSync('ip', 'link set balise_vxlan arp off up'.split(' '))
  execFileSync('ip', 'route add 10.244.5.0/24 dev balise_vxlan'.split(' '))
  putOverlay(kernel.maps, { ifindex: ifindexOf('balise_vxlan'), address4: mustParseIp('10.244.0.1') })
  putPeer(kernel.maps, '10.244.5.0/24', '192.168.20.216')
  putService(kernel.maps, { ...WEB, backends: [{ id: 7, end: '10.244.5.7:8080', local: false }] })
  const packet = tcp('A', { payload: TOO_MUCH })
  const ran = ingress(packet)
  assert.deepEqual(
    [ran.verdict, ran.packet.destination, ran.packet.source],
    ['redirect', '10.244.5.7:8080', '10.244.0.1:40000'],
  )
  const strict = { ...packet, dontFragment: true }
  assertTold(ingress(strict), strict, MTU)
})
