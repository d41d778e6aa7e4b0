import assert from 'node:assert/strict'
import { test } from 'node:test'
import { mustParseIp } from '#model/ip.ts'
import { encodeCt4Key } from '#wire/bpf/ct4-key.ts'
import { openBench } from './bench.ts'
import { readContents } from './contents.ts'
import { age, ageReplies, fromLocal, fromRemote, OTHER_REMOTE, REMOTE_WEB } from './flows.ts'
import { type Packet, tcp, udp } from './packet.ts'
import { DNS, putAgentConfig, putBackend, putService, REMOTE_BACKEND, WEB } from './scene.ts'

const { maps, ingress, egress } = openBench()

test('claim_source() probes other ports of the range when a flow has the port', () => {
  putService(maps, REMOTE_WEB)
  ingress(tcp('S'))
  const second = ingress(tcp('S', { source: '192.168.10.51:40000' }))
  assert.equal(second.verdict, 'redirect')
  assert.match(second.packet.source, /^192\.168\.10\.215:\d+$/)
  assert.notEqual(second.packet.source, '192.168.10.215:40000')
  const { ct, counters } = readContents(maps)
  assert.deepEqual(counters, { COUNTER_CT_CREATED: 2, COUNTER_FORWARDED_REMOTE: 2, COUNTER_SNAT_RETRY: 1 })
  assert.equal(ct.length, 4)
})

test('claim_source() gives up when all tries meet flows that are alive, and leaves these alone', () => {
  putService(maps, REMOTE_WEB)
  putAgentConfig(maps, { snatPortMin: 40000, snatPortMax: 40000 })
  ingress(tcp('S'))
  const before = readContents(maps).ct
  assert.equal(ingress(tcp('S', { source: '192.168.10.51:40000' })).verdict, 'drop')
  const { ct, counters, drops } = readContents(maps)
  assert.deepEqual(drops, { DROP_NO_SNAT_PORT: 1 })
  assert.deepEqual(counters, { COUNTER_CT_CREATED: 1, COUNTER_FORWARDED_REMOTE: 1, COUNTER_SNAT_RETRY: 33 })
  assert.deepEqual(ct, before)
})

test('claim_source() takes a port from no other flow of the same client', () => {
  putService(maps, REMOTE_WEB)
  putAgentConfig(maps, { snatPortMin: 40000, snatPortMax: 40000 })
  ingress(tcp('S'))
  assert.equal(ingress(tcp('S', { source: '192.168.10.50:40001' })).verdict, 'drop')
  assert.deepEqual(readContents(maps).drops, { DROP_NO_SNAT_PORT: 1 })
})

for (const [snatPortMin, snatPortMax] of [
  [0, 0],
  [0, 65535],
  [50000, 49999],
] as const) {
  test(`claim_source() takes no port of a range from ${snatPortMin} to ${snatPortMax}`, () => {
    putService(maps, REMOTE_WEB)
    putAgentConfig(maps, { snatPortMin, snatPortMax })
    ingress(tcp('S')) // its own port may do
    assert.equal(ingress(tcp('S', { source: '192.168.10.51:40000' })).verdict, 'drop')
    assert.match(Object.keys(readContents(maps).drops).join(), /^DROP_NO_SNAT_PORT$/)
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
    putService(maps, REMOTE_WEB)
    putAgentConfig(maps, { snatPortMin: 40000, snatPortMax: 40000 })
    ingress(tcp('S'))
    for (const packet of packets) ingress(packet)
    age(maps, seconds - 5)
    assert.equal(ingress(tcp('S', { source: '192.168.10.51:40000' })).verdict, 'drop')
    age(maps, 6)
    assert.equal(ingress(tcp('S', { source: '192.168.10.51:40000' })).packet.source, '192.168.10.215:40000')
    assert.equal(ingress(fromRemote('SA')).packet.destination, '192.168.10.51:40000')
  })
}

test('claim_source() does not take the port of a flow that was answered and is idle', () => {
  putService(maps, REMOTE_WEB)
  putAgentConfig(maps, { snatPortMin: 40000, snatPortMax: 40000 })
  ingress(tcp('S'))
  ingress(fromRemote('SA'))
  age(maps, 120) // the bound is 8,000 s, longer than this machine may have been up
  assert.equal(ingress(tcp('S', { source: '192.168.10.51:40000' })).verdict, 'drop')
})

test('refresh_reply() tracks a flow anew whose port was given away meanwhile', () => {
  putService(maps, REMOTE_WEB)
  ingress(tcp('S'))
  age(maps, 61)
  assert.equal(ingress(tcp('S', { source: '192.168.10.51:40000' })).packet.source, '192.168.10.215:40000')
  const back = ingress(tcp('A'))
  assert.equal(back.verdict, 'redirect')
  assert.notEqual(back.packet.source, '192.168.10.215:40000')
  assert.equal(ingress(fromRemote('A')).packet.destination, '192.168.10.51:40000')
})

test('refresh_reply() puts the reply back that the map lost, on the same port', () => {
  putService(maps, REMOTE_WEB)
  ingress(tcp('S'))
  const key = { sourceAddress: mustParseIp('10.244.1.7'), destinationAddress: mustParseIp('192.168.10.215') }
  const ports = { sourcePort: 8080, destinationPort: 40000, protocol: 'TCP', direction: 'reply' } as const
  assert.ok(maps.map('ct4').delete(encodeCt4Key({ ...key, ...ports })))
  putService(maps, { ...WEB, backends: [OTHER_REMOTE] }) // the connection cannot move there
  putBackend(maps, 'TCP', REMOTE_BACKEND)
  age(maps, 2)
  const { source, destination } = ingress(tcp('A')).packet
  assert.deepEqual([source, destination], ['192.168.10.215:40000', '10.244.1.7:8080'])
  assert.equal(ingress(fromRemote('A')).packet.destination, '192.168.10.50:40000')
})

test('refresh_reply() keeps the reply of a flow alive that has packets in one direction only', () => {
  putService(maps, { ...DNS, backends: [REMOTE_BACKEND] })
  ingress(udp())
  ageReplies(maps, 61)
  age(maps, 2)
  ingress(udp())
  const second = ingress(udp({ source: '192.168.10.51:40000' }))
  assert.notEqual(second.packet.source, '192.168.10.215:40000')
})

test('one client port to one backend by two frontends: the second flow gets another source port, and the replies part again', () => {
  putService(maps, WEB)
  putService(maps, { ...WEB, frontend: '192.168.10.76:80', frontendId: 9 })
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
