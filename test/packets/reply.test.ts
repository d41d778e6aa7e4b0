import assert from 'node:assert/strict'
import { test } from 'node:test'
import { encodeFrontendId } from '#wire/bpf/lb4-reverse-nat.ts'
import { openBench } from './bench.ts'
import { readContents } from './contents.ts'
import { flagsOf, fromLocal, fromRemote, REMOTE_WEB } from './flows.ts'
import { CLIENT_MAC, LAN_MAC, NODE1_MAC } from './namespaces.ts'
import { tcp, udp } from './packet.ts'
import { clearMaps, DNS, putService, REMOTE_BACKEND, WEB } from './scene.ts'

const { maps, ingress, egress } = openBench()

test('reply_leaves() gives the reply of a backend on this node the address of the frontend', () => {
  putService(maps, WEB)
  ingress(tcp('S'))
  const reply = fromLocal('SA')
  assert.deepEqual(egress(reply), { verdict: 'pass', packet: { ...reply, source: '192.168.10.75:80' } })
  assert.deepEqual(readContents(maps), {
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
  putService(maps, WEB)
  const packet = fromLocal('SA')
  assert.deepEqual(egress(packet), { verdict: 'pass', packet })
  assert.deepEqual(readContents(maps), { ct: [], counters: {}, drops: {}, l2: [] })
})

test('reply_leaves() drops the reply of a frontend that is no more', () => {
  putService(maps, WEB)
  ingress(tcp('S'))
  maps.map('lb4_reverse_nat').delete(encodeFrontendId(WEB.frontendId))
  assert.equal(egress(fromLocal('SA')).verdict, 'drop')
  assert.deepEqual(readContents(maps).drops, { DROP_NO_SERVICE: 1 })
})

test('reply_leaves() leaves what balise_ingress forwards to another node as it is', () => {
  putService(maps, REMOTE_WEB)
  const { packet } = ingress(tcp('S'))
  assert.deepEqual(egress(packet), { verdict: 'pass', packet })
})

test('reply_to_client() turns the reply of a backend on another node round', () => {
  putService(maps, REMOTE_WEB)
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
  assert.deepEqual(readContents(maps), {
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
  putService(maps, WEB)
  ingress(tcp('S'))
  const packet = fromLocal('SA')
  assert.deepEqual(ingress(packet), { verdict: 'pass', packet })
})

test('reply_leaves() passes what looks like a reply of a backend on another node', () => {
  putService(maps, REMOTE_WEB)
  ingress(tcp('S'))
  const packet = fromRemote('SA')
  assert.deepEqual(egress(packet), { verdict: 'pass', packet })
})

test('reply_to_client() passes what comes to the node itself', () => {
  putService(maps, REMOTE_WEB)
  const packet = fromRemote('A')
  assert.deepEqual(ingress(packet), { verdict: 'pass', packet })
})

test('reply_to_client() drops a reply without TTL left', () => {
  putService(maps, REMOTE_WEB)
  ingress(tcp('S'))
  assert.equal(ingress(fromRemote('SA', { ttl: 1 })).verdict, 'drop')
  assert.deepEqual(readContents(maps).drops, { DROP_TTL: 1 })
})

for (const checksum of ['right', 'none'] as const) {
  test(`replies of UDP with checksum ${checksum} come from the frontend`, () => {
    putService(maps, { ...DNS, backends: [REMOTE_BACKEND] })
    ingress(udp({ checksum }))
    const macs = { sourceMac: NODE1_MAC, destinationMac: LAN_MAC }
    const ran = ingress(udp({ ...macs, source: '10.244.1.7:8080', destination: '192.168.10.215:40000', checksum }))
    assert.equal(ran.verdict, 'redirect')
    assert.deepEqual([ran.packet.source, ran.packet.destination], ['192.168.10.75:53', '192.168.10.50:40000'])
    assert.equal(ran.packet.checksum, checksum)
  })
}

test('a FIN of either side closes its direction in both entries', () => {
  putService(maps, WEB)
  ingress(tcp('S'))
  egress(fromLocal('SA'))
  ingress(tcp('FA'))
  assert.deepEqual(
    [flagsOf(maps, 'forward'), flagsOf(maps, 'reply')],
    ['CT_FORWARD_CLOSING CT_SEEN_REPLY', 'CT_FORWARD_CLOSING CT_SEEN_REPLY'],
  )
  egress(fromLocal('FA'))
  const both = 'CT_FORWARD_CLOSING CT_REPLY_CLOSING CT_SEEN_REPLY'
  assert.deepEqual([flagsOf(maps, 'forward'), flagsOf(maps, 'reply')], [both, both])
})

test('an RST of either side closes both entries', () => {
  putService(maps, REMOTE_WEB)
  ingress(tcp('S'))
  ingress(fromRemote('RA'))
  const flags = 'CT_SNAT CT_REPLY_CLOSING CT_SEEN_REPLY CT_RST'
  assert.deepEqual([flagsOf(maps, 'forward'), flagsOf(maps, 'reply')], [flags, flags])
  clearMaps(maps)
  putService(maps, REMOTE_WEB)
  ingress(tcp('S'))
  ingress(tcp('R'))
  const mirrored = 'CT_SNAT CT_FORWARD_CLOSING CT_RST'
  assert.deepEqual([flagsOf(maps, 'forward'), flagsOf(maps, 'reply')], [mirrored, mirrored])
})
