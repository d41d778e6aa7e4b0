import assert from 'node:assert/strict'
import { test } from 'node:test'
import { encodeBackendId } from '#wire/bpf/lb4-backend.ts'
import { openBench } from './bench.ts'
import { readContents } from './contents.ts'
import { age, flagsOf, OTHER_LOCAL, OTHER_REMOTE, REMOTE_WEB } from './flows.ts'
import { tcp, udp } from './packet.ts'
import { DNS, LOCAL_BACKEND, putBackend, putService, REMOTE_BACKEND, WEB } from './scene.ts'

const { maps, ingress } = openBench()

test('judge() lets a connection go on with a backend that is being drained', () => {
  putService(maps, WEB)
  ingress(tcp('S'))
  putService(maps, { ...WEB, backends: [OTHER_LOCAL] })
  putBackend(maps, 'TCP', { ...LOCAL_BACKEND, state: 'terminating' })
  assert.equal(ingress(tcp('A')).packet.destination, '10.244.0.7:8080')
})

test('judge() takes a SYN with ACK for no new connection', () => {
  putService(maps, WEB)
  ingress(tcp('S'))
  putService(maps, { ...WEB, backends: [OTHER_LOCAL] })
  putBackend(maps, 'TCP', { ...LOCAL_BACKEND, state: 'terminating' })
  assert.equal(ingress(tcp('SA')).packet.destination, '10.244.0.7:8080')
})

test('judge() gives a new connection to an active backend, and forgets the old reply', () => {
  putService(maps, WEB)
  ingress(tcp('S'))
  putService(maps, { ...WEB, backends: [OTHER_LOCAL] })
  putBackend(maps, 'TCP', { ...LOCAL_BACKEND, state: 'terminating' })
  assert.equal(ingress(tcp('S')).packet.destination, '10.244.0.8:8080')
  assert.deepEqual(readContents(maps).ct, [
    'forward TCP 192.168.10.50:40000 > 192.168.10.75:80, frontend 7 backend 3 nat none, 1 packets no flags, seen S',
    'reply TCP 10.244.0.8:8080 > 192.168.10.50:40000, frontend 7 backend 3 nat 192.168.10.50:40000, 0 packets no flags, seen nothing',
  ])
})

test('judge() ends a connection whose backend is gone', () => {
  putService(maps, WEB)
  ingress(tcp('S'))
  putService(maps, { ...WEB, backends: [OTHER_LOCAL] })
  maps.map('lb4_backends').delete(encodeBackendId(LOCAL_BACKEND.id))
  assert.equal(ingress(tcp('A')).packet.flags, 'R')
  assert.deepEqual(readContents(maps).drops, { DROP_BACKEND_GONE: 1 })
})

test('judge() opens anew where the backend is gone and the client says SYN', () => {
  putService(maps, WEB)
  ingress(tcp('S'))
  putService(maps, { ...WEB, backends: [OTHER_LOCAL] })
  maps.map('lb4_backends').delete(encodeBackendId(LOCAL_BACKEND.id))
  assert.equal(ingress(tcp('S')).packet.destination, '10.244.0.8:8080')
})

test('judge() sends a repeated SYN to the same backend', () => {
  putService(maps, WEB)
  ingress(tcp('S'))
  putService(maps, { ...WEB, backends: [OTHER_LOCAL] })
  assert.equal(ingress(tcp('S')).packet.destination, '10.244.0.7:8080')
})

test('judge() selects again for a SYN on a connection that has ended', () => {
  putService(maps, WEB)
  ingress(tcp('S'))
  ingress(tcp('R'))
  putService(maps, { ...WEB, backends: [OTHER_LOCAL] })
  assert.equal(ingress(tcp('S')).packet.destination, '10.244.0.8:8080')
})

test('judge() opens anew for a SYN where only backends that are being drained are left', () => {
  const drained = { ...LOCAL_BACKEND, state: 'terminating' as const }
  putService(maps, WEB)
  ingress(tcp('S'))
  ingress(tcp('R'))
  putService(maps, { ...WEB, backends: [drained] })
  assert.equal(ingress(tcp('S')).packet.destination, '10.244.0.7:8080')
  assert.equal(flagsOf(maps, 'forward'), 'no flags')
})

test('judge() moves UDP off a backend that is not active', () => {
  putService(maps, DNS)
  ingress(udp())
  putService(maps, { ...DNS, backends: [OTHER_LOCAL] })
  putBackend(maps, 'UDP', { ...LOCAL_BACKEND, state: 'terminating' })
  assert.equal(ingress(udp()).packet.destination, '10.244.0.8:8080')
})

test('judge() lets UDP stay where only backends that are being drained are left', () => {
  const drained = [LOCAL_BACKEND, OTHER_LOCAL].map((backend) => ({ ...backend, state: 'terminating' as const }))
  const ports = Array.from({ length: 20 }, (_, index) => 40000 + index)
  putService(maps, DNS)
  for (const port of ports) ingress(udp({ source: `192.168.10.50:${port}` }))
  putService(maps, { ...DNS, backends: drained })
  for (const port of ports) {
    assert.equal(
      ingress(udp({ source: `192.168.10.50:${port}` })).packet.destination,
      '10.244.0.7:8080',
      `port ${port}`,
    )
  }
  assert.equal(readContents(maps).counters['COUNTER_CT_CREATED'], ports.length)
})

test('judge() does not let UDP stay with a drained backend of a frontend that has none', () => {
  putService(maps, DNS)
  ingress(udp())
  putService(maps, { ...DNS, backends: [] })
  putBackend(maps, 'UDP', { ...LOCAL_BACKEND, state: 'maintenance' })
  ingress(udp())
  assert.deepEqual(readContents(maps).drops, { DROP_NO_BACKEND: 1 })
})

test('judge() keeps UDP with its backend while it talks, and selects again after a silence', () => {
  putService(maps, DNS)
  ingress(udp())
  putService(maps, { ...DNS, backends: [OTHER_LOCAL] })
  age(maps, 50)
  assert.equal(ingress(udp()).packet.destination, '10.244.0.7:8080')
  age(maps, 61)
  assert.equal(ingress(udp()).packet.destination, '10.244.0.8:8080')
})

test('find_target() takes no entry of another frontend that had the address before', () => {
  putService(maps, WEB)
  ingress(tcp('S'))
  putService(maps, { ...WEB, frontendId: 9, backends: [OTHER_LOCAL] })
  assert.equal(ingress(tcp('A')).packet.destination, '10.244.0.8:8080')
})

test('forward() goes on with an entry of a drained remote backend while others serve', () => {
  putService(maps, REMOTE_WEB)
  ingress(tcp('S'))
  putService(maps, { ...WEB, backends: [OTHER_REMOTE] })
  putBackend(maps, 'TCP', { ...REMOTE_BACKEND, state: 'quarantined' })
  assert.equal(ingress(tcp('A')).packet.destination, '10.244.1.7:8080')
})
