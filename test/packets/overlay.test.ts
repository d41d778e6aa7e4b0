import assert from 'node:assert/strict'
import { after, beforeEach, test } from 'node:test'
import { ipToBytes, mustParseIp } from '#model/ip.ts'
import { buildBpf } from '#tools/build-bpf.ts'
import { encodeEthernet, ETHERTYPE } from '#wire/ethernet.ts'
import { readContents } from './contents.ts'
import { fromRemote, REMOTE_WEB } from './flows.ts'
import { openKernel, type Ran } from './kernel.ts'
import { CLIENT_MAC, enterNamespaces, LAN_MAC } from './namespaces.ts'
import { icmp, type Packet, tcp, udp } from './packet.ts'
import { encodeIpv4 } from './packet-octets.ts'
import { clearMaps, putAgentConfig, putOverlay, putPeer, putService } from './scene.ts'

const kernel = openKernel(buildBpf(), enterNamespaces())
after(() => kernel.close())
beforeEach(() => {
  clearMaps(kernel.maps)
  putOverlay(kernel.maps, { ifindex: 99, address4: mustParseIp('10.244.0.1') })
})

function leave(packet: Packet): { readonly verdict: string; readonly packet: Packet } {
  return kernel.run('balise_to_overlay', packet)
}

/** As a frame comes from the kernel: the device has no ARP. */
const FROM_POD = { sourceMac: LAN_MAC, destinationMac: LAN_MAC, source: '10.244.0.7:40000', ttl: 63 } as const
/** As it is sent: with the MAC of no device. */
const ENDS = { sourceMac: '02:ba:11:5e:00:01', destinationMac: '02:ba:11:5e:00:02' } as const

test('balise_to_overlay sends a packet to the node that has the destination', () => {
  putPeer(kernel.maps, '10.244.1.0/24', '192.168.20.216')
  const packet = tcp('S', { ...FROM_POD, destination: '10.244.1.7:8080' })
  assert.deepEqual(leave(packet), { verdict: 'pass', packet: { ...packet, ...ENDS } })
  assert.deepEqual(readContents(kernel.maps), { ct: [], l2: [], drops: {}, counters: { COUNTER_OVERLAY_SENT: 1 } })
})

test('balise_to_overlay takes the longest prefix', () => {
  putPeer(kernel.maps, '10.244.0.0/16', '192.168.20.216', false)
  putPeer(kernel.maps, '10.244.1.0/24', '2001:db8::216')
  assert.equal(leave(tcp('S', { ...FROM_POD, destination: '10.244.1.7:8080' })).verdict, 'pass')
  assert.equal(leave(tcp('S', { ...FROM_POD, destination: '10.244.2.7:8080' })).verdict, 'drop')
})

/** Destinations for which nobody is known. */
const LOST: readonly (readonly [string, () => void])[] = [
  ['that no node has', () => putPeer(kernel.maps, '10.244.2.0/24', '192.168.20.217')],
  [
    'of a node that is reached without the overlay',
    () => putPeer(kernel.maps, '10.244.1.7/32', '192.168.20.216', false),
  ],
]

for (const [which, arrange] of LOST) {
  test(`balise_to_overlay drops a packet to an address ${which}, and counts it`, () => {
    arrange()
    const packet = udp({ ...FROM_POD, destination: '10.244.1.7:53' })
    assert.deepEqual(leave(packet), { verdict: 'drop', packet })
    assert.deepEqual(readContents(kernel.maps).drops, { DROP_NO_OVERLAY_PEER: 1 })
  })
}

test('balise_to_overlay leaves multicast and broadcast to the device, which has nobody to send them to', () => {
  putPeer(kernel.maps, '0.0.0.0/0', '192.168.20.216')
  for (const destination of ['224.0.0.22:1', '255.255.255.255:1']) {
    const packet = udp({ ...FROM_POD, destination })
    assert.deepEqual(leave(packet), { verdict: 'pass', packet })
  }
  assert.deepEqual(readContents(kernel.maps), { ct: [], l2: [], drops: {}, counters: {} })
})

/** An IPv6 packet without anything after its header. */
function leave6(destination: string): Ran {
  const payload = Uint8Array.of(
    0x60,
    0,
    0,
    0,
    0,
    0,
    59,
    64,
    ...ipToBytes(mustParseIp('fd00:10:244::7')),
    ...ipToBytes(mustParseIp(destination)),
  )
  const frame = encodeEthernet({ destination: LAN_MAC, source: LAN_MAC, etherType: ETHERTYPE.IPV6, payload })
  return kernel.runOctets('balise_to_overlay', frame)
}

test('balise_to_overlay finds the node of an IPv6 destination', () => {
  putPeer(kernel.maps, 'fd00:10:244:1::/64', '192.168.20.216')
  const { verdict, octets } = leave6('fd00:10:244:1::7')
  assert.equal(verdict, 'pass')
  assert.deepEqual([...octets.subarray(0, 12)], [2, 0xba, 0x11, 0x5e, 0, 2, 2, 0xba, 0x11, 0x5e, 0, 1])
  assert.equal(leave6('fd00:10:244:2::7').verdict, 'drop')
  assert.deepEqual(readContents(kernel.maps).drops, { DROP_NO_OVERLAY_PEER: 1 })
  for (const link of ['ff02::16', 'fe80::1', 'febf::1']) assert.equal(leave6(link).verdict, 'pass')
  assert.equal(leave6('fec0::1').verdict, 'drop')
})

test('balise_from_overlay drops what came through no tunnel', () => {
  putPeer(kernel.maps, '10.244.1.0/24', '192.168.20.216')
  const packet = tcp('S', { source: '10.244.1.7:40000', destination: '10.244.0.7:8080' })
  assert.deepEqual(kernel.run('balise_from_overlay', packet), { verdict: 'drop', packet })
  assert.deepEqual(readContents(kernel.maps).drops, { DROP_OVERLAY_NETWORK: 1 })
})

test('forward() shows a backend behind the overlay the address that this node has there', () => {
  putPeer(kernel.maps, '10.244.1.0/24', '192.168.20.216')
  putService(kernel.maps, REMOTE_WEB)
  assert.equal(kernel.run('balise_ingress', tcp('S')).packet.source, '10.244.0.1:40000')
  assert.deepEqual(readContents(kernel.maps).ct, [
    'forward TCP 192.168.10.50:40000 > 192.168.10.75:80, frontend 7 backend 2 nat 10.244.0.1:40000, 1 packets CT_SNAT, seen S',
    'reply TCP 10.244.1.7:8080 > 10.244.0.1:40000, frontend 7 backend 2 nat 192.168.10.50:40000, 0 packets CT_SNAT, seen nothing',
  ])
})

/** Why the source is the node's own address all the same. */
const NODE_SOURCES: readonly (readonly [string, () => void])[] = [
  ['that is reached by routes', () => putPeer(kernel.maps, '10.244.2.0/24', '192.168.20.217')],
  ['whose own address is the backend', () => putPeer(kernel.maps, '10.244.1.7/32', '192.168.20.216', false)],
  [
    'behind the overlay, where this node has no address',
    () => {
      putPeer(kernel.maps, '10.244.1.0/24', '192.168.20.216')
      putOverlay(kernel.maps, { ifindex: 99 })
    },
  ],
]

for (const [which, arrange] of NODE_SOURCES) {
  test(`forward() shows a backend of a node ${which} this node's own address`, () => {
    arrange()
    putService(kernel.maps, REMOTE_WEB)
    assert.equal(kernel.run('balise_ingress', tcp('S')).packet.source, '192.168.10.215:40000')
  })
}

test('forward() needs no InternalIP for backends behind the overlay', () => {
  putPeer(kernel.maps, '10.244.1.0/24', '192.168.20.216')
  putAgentConfig(kernel.maps, { nodeAddress4: undefined })
  putService(kernel.maps, REMOTE_WEB)
  assert.equal(kernel.run('balise_ingress', tcp('S')).packet.source, '10.244.0.1:40000')
})

test('reply_to_client() knows replies to either source, whatever is reached how by now', () => {
  putPeer(kernel.maps, '10.244.1.0/24', '192.168.20.216')
  putService(kernel.maps, REMOTE_WEB)
  kernel.run('balise_ingress', tcp('S'))
  const reply = fromRemote('SA', { destination: '10.244.0.1:40000' })
  const ran = kernel.run('balise_ingress', reply)
  const macs = { sourceMac: LAN_MAC, destinationMac: CLIENT_MAC }
  const ends = { source: '192.168.10.75:80', destination: '192.168.10.50:40000' }
  assert.deepEqual(ran, { verdict: 'redirect', packet: { ...reply, ...macs, ...ends, ttl: 62 } })
})

test('error_arrives() tells a backend behind the overlay in the name of this node, which alone may send there', () => {
  putPeer(kernel.maps, '10.244.1.0/24', '192.168.20.216')
  putService(kernel.maps, REMOTE_WEB)
  kernel.run('balise_ingress', tcp('S'))
  const reply = tcp('A', { source: '192.168.10.75:80', destination: '192.168.10.50:40000', payload: [1, 2, 3] })
  const payload = [3, 4, 0, 0, 0, 0, 3, 232, ...encodeIpv4(reply).subarray(0, 28)]
  const ran = kernel.run('balise_ingress', icmp({ source: '192.168.10.1', destination: '192.168.10.75', payload }))
  assert.equal(ran.verdict, 'redirect')
  assert.deepEqual([ran.packet.source, ran.packet.destination], ['10.244.0.1', '10.244.1.7'])
})
