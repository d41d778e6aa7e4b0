import assert from 'node:assert/strict'
import { after, beforeEach, test } from 'node:test'
import { formatIp } from '#model/ip.ts'
import { buildBpf } from '#tools/build-bpf.ts'
import { decodeFragment4, decodeFragment4Key } from '#wire/bpf/fragment4.ts'
import { must, readContents } from './contents.ts'
import { OTHER_LOCAL } from './flows.ts'
import { openKernel } from './kernel.ts'
import { CLIENT_MAC, enterNamespaces, LAN_MAC, NODE1_MAC } from './namespaces.ts'
import { icmp, type Packet, udp } from './packet.ts'
import { announce, clearMaps, DNS, LOCAL_BACKEND, putService, REMOTE_BACKEND } from './scene.ts'

const folder = buildBpf()
const ifindex = enterNamespaces()
const kernel = openKernel(folder, ifindex)
after(() => kernel.close())
beforeEach(() => {
  clearMaps(kernel.maps)
  announce(kernel.maps, '192.168.10.75', ifindex)
})

function ingress(packet: Packet): { readonly verdict: string; readonly packet: Packet } {
  return kernel.run('balise_ingress', packet)
}

function egress(packet: Packet): { readonly verdict: string; readonly packet: Packet } {
  return kernel.run('balise_egress', packet)
}

/** A datagram in two fragments: the first has the ports, and the second what is left. */
const FIRST = udp({ id: 7, moreFragments: true, payload: Array<number>(16).fill(1) })
const SECOND = udp({
  ...{ id: 7, fragmentOffset: 3, payload: [9, 9, 9, 9, 9, 9, 9, 9] },
  ...{ source: '192.168.10.50', destination: '192.168.10.75' },
})

function remembered(): readonly string[] {
  return kernel.maps
    .map('fragments4')
    .entries()
    .map((entry) => {
      const key = must(decodeFragment4Key(entry.key))
      const ports = must(decodeFragment4(entry.value))
      const ends = `${formatIp(key.sourceAddress)} > ${formatIp(key.destinationAddress)}`
      return `${ends} ${key.protocol} ${key.id}: ${ports.sourcePort} > ${ports.destinationPort}`
    })
}

test('a later fragment goes to a backend on this node after its first', () => {
  putService(kernel.maps, DNS)
  const first = ingress(FIRST)
  assert.deepEqual([first.verdict, first.packet.destination], ['pass', '10.244.0.7:8080'])
  assert.deepEqual(remembered(), ['192.168.10.50 > 192.168.10.75 UDP 7: 40000 > 53'])
  assert.deepEqual(ingress(SECOND), { verdict: 'pass', packet: { ...SECOND, destination: '10.244.0.7' } })
  assert.deepEqual(readContents(kernel.maps), {
    drops: {},
    l2: ['192.168.10.75 02:00:00:00:02:15, 0 replies, no conflict'],
    counters: { COUNTER_CT_CREATED: 1, COUNTER_FORWARDED_LOCAL: 2 },
    ct: [
      'forward UDP 192.168.10.50:40000 > 192.168.10.75:53, frontend 8 backend 1 nat none, 2 packets no flags',
      'reply UDP 10.244.0.7:8080 > 192.168.10.50:40000, frontend 8 backend 1 nat 192.168.10.50:40000, 0 packets no flags',
    ],
  })
})

test('a later fragment goes to a backend on another node after its first', () => {
  putService(kernel.maps, { ...DNS, backends: [REMOTE_BACKEND] })
  assert.equal(ingress(FIRST).packet.source, '192.168.10.215:40000')
  const ends = { source: '192.168.10.215', destination: '10.244.1.7' }
  const packet = { ...SECOND, ...ends, sourceMac: LAN_MAC, destinationMac: NODE1_MAC, ttl: 63 }
  assert.deepEqual(ingress(SECOND), { verdict: 'redirect', packet })
})

test('the fragments of a reply of a backend on this node leave in the name of the frontend', () => {
  putService(kernel.maps, DNS)
  ingress(udp())
  const macs = { sourceMac: LAN_MAC, destinationMac: CLIENT_MAC }
  const first = { ...FIRST, ...macs, source: '10.244.0.7:8080', destination: '192.168.10.50:40000' }
  const second = { ...SECOND, ...macs, source: '10.244.0.7', destination: '192.168.10.50' }
  assert.equal(egress(first).packet.source, '192.168.10.75:53')
  assert.deepEqual(egress(second), { verdict: 'pass', packet: { ...second, source: '192.168.10.75' } })
})

test('the fragments of a reply of a backend on another node go to the client', () => {
  putService(kernel.maps, { ...DNS, backends: [REMOTE_BACKEND] })
  ingress(udp())
  const macs = { sourceMac: NODE1_MAC, destinationMac: LAN_MAC }
  const first = { ...FIRST, ...macs, source: '10.244.1.7:8080', destination: '192.168.10.215:40000' }
  const second = { ...SECOND, ...macs, source: '10.244.1.7', destination: '192.168.10.215' }
  assert.equal(ingress(first).packet.destination, '192.168.10.50:40000')
  const ends = { source: '192.168.10.75', destination: '192.168.10.50' }
  const packet = { ...second, ...ends, sourceMac: LAN_MAC, destinationMac: CLIENT_MAC, ttl: 63 }
  assert.deepEqual(ingress(second), { verdict: 'redirect', packet })
})

test('a later fragment of another datagram does not follow', () => {
  putService(kernel.maps, DNS)
  ingress(FIRST)
  const other = { ...SECOND, id: 8 }
  assert.deepEqual(ingress(other), { verdict: 'drop', packet: other })
  assert.deepEqual(readContents(kernel.maps).drops, { DROP_FRAGMENT: 1 })
})

test('a later fragment without its first is dropped for an announced address', () => {
  putService(kernel.maps, DNS)
  assert.deepEqual(ingress(SECOND), { verdict: 'drop', packet: SECOND })
  assert.deepEqual(readContents(kernel.maps).drops, { DROP_FRAGMENT: 1 })
})

test('the first fragments of others are not remembered', () => {
  putService(kernel.maps, DNS)
  ingress({ ...FIRST, destination: '192.168.10.99:53' })
  egress({ ...FIRST, source: '10.244.0.7:8080' })
  assert.deepEqual(remembered(), [])
})

test('a whole datagram is not remembered', () => {
  putService(kernel.maps, DNS)
  ingress(udp({ id: 7 }))
  assert.deepEqual(remembered(), [])
})

test('a later fragment is not answered where its frontend has no backends any more', () => {
  putService(kernel.maps, DNS)
  ingress(FIRST)
  putService(kernel.maps, { ...DNS, backends: [] })
  kernel.maps.map('ct4').deleteBatch(
    kernel.maps
      .map('ct4')
      .entries()
      .map(({ key }) => key),
  )
  assert.deepEqual(ingress(SECOND), { verdict: 'drop', packet: SECOND })
  assert.deepEqual(readContents(kernel.maps).drops, { DROP_NO_BACKEND: 1 })
})

test('all fragments go to the backend of the first', () => {
  putService(kernel.maps, DNS)
  ingress(FIRST)
  putService(kernel.maps, { ...DNS, backends: [LOCAL_BACKEND, OTHER_LOCAL] })
  assert.equal(ingress(SECOND).packet.destination, '10.244.0.7')
})

test('the fragments of an echo request are dropped', () => {
  const first = icmp({ moreFragments: true, payload: [8, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 1, 1, 1, 1] })
  const second = icmp({ fragmentOffset: 2, payload: [1, 1, 1, 1] })
  assert.deepEqual([ingress(first).verdict, ingress(second).verdict], ['drop', 'drop'])
  assert.deepEqual(readContents(kernel.maps).drops, { DROP_FRAGMENT: 2 })
})
