import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createNetDevices } from '#io/net/net-devices.ts'
import type { Device } from '#model/device.ts'
import { formatIp } from '#model/ip.ts'
import { netDevicesContract } from '#ports/net-devices.contract.ts'
import { enterOwnNamespaces, run } from './own-namespaces.ts'
import { createWire, ifindexOf } from './wire.ts'

enterOwnNamespaces()
let names = 0

netDevicesContract('createNetDevices()', () => {
  const device = `bltc${++names}`
  run('ip', 'link', 'add', device, 'type', 'bridge')
  return { devices: createNetDevices(), change: () => run('ip', 'link', 'set', device, 'up') }
})

function find(name: string): Device {
  const device = createNetDevices()
    .list()
    .find((candidate) => candidate.name === name)
  if (device === undefined) throw new Error(`No ${name} among the devices`)
  return device
}

function addressesOf(device: Device): readonly string[] {
  return device.addresses.map(({ address, prefixLengthBits }) => `${formatIp(address)}/${prefixLengthBits}`)
}

test('createNetDevices() lists names, indices, MAC, MTU, kind and addresses as ip shows them', () => {
  run('ip', 'link', 'add', 'bltlist', 'address', '02:00:00:00:00:77', 'mtu', '1400', 'type', 'bridge')
  run('ip', 'address', 'add', '192.0.2.1/24', 'dev', 'bltlist')
  run('ip', 'address', 'add', '192.0.2.2/24', 'dev', 'bltlist')
  const device = find('bltlist')
  assert.equal(device.ifindex, ifindexOf('bltlist'))
  assert.deepEqual(
    { mac: device.mac, mtuBytes: device.mtuBytes, kind: device.kind, up: device.up, loopback: device.loopback },
    { mac: '02:00:00:00:00:77', mtuBytes: 1400, kind: 'bridge', up: false, loopback: false },
  )
  assert.deepEqual(addressesOf(device), ['192.0.2.1/24', '192.0.2.2/24'])
})

test('createNetDevices() shows the loopback device as such, without a MAC', () => {
  const device = find('lo')
  assert.deepEqual([device.loopback, device.mac, device.ifindex], [true, undefined, 1])
  assert.ok(addressesOf(device).includes('127.0.0.1/8'))
})

test('createNetDevices() tells up from carrier: a wire whose other end is down has none', () => {
  const { near, far } = createWire('bltw')
  assert.deepEqual([find(near.name).up, find(near.name).carrier], [true, true])
  run('ip', 'link', 'set', far.name, 'down')
  assert.deepEqual([find(near.name).up, find(near.name).carrier], [true, false])
})

test('createNetDevices() shows the bridge that a device is part of', () => {
  run('ip', 'link', 'add', 'bltbr', 'type', 'bridge')
  const { near } = createWire('bltm')
  run('ip', 'link', 'set', near.name, 'master', 'bltbr')
  assert.equal(find(near.name).masterIfindex, find('bltbr').ifindex)
  assert.equal(find('bltbr').kind, 'bridge')
})

test('createNetDevices() shows our own address of a point-to-point link, not that of its peer', () => {
  run('ip', 'link', 'add', 'bltptp', 'type', 'bridge')
  run('ip', 'address', 'add', '192.0.2.10', 'peer', '192.0.2.20/32', 'dev', 'bltptp')
  assert.deepEqual(addressesOf(find('bltptp')), ['192.0.2.10/32'])
})

test('createNetDevices() lists more devices and addresses than fit into one datagram', () => {
  run('ip', 'link', 'add', 'bltmany', 'type', 'bridge')
  const commands = Array.from({ length: 2000 }, (_, i) => `address add 10.${i >> 8}.${i & 255}.1/32 dev bltmany`)
  run('sh', '-c', `printf '%s\n' ${commands.map((command) => `'${command}'`).join(' ')} | ip -batch -`)
  assert.equal(find('bltmany').addresses.length, 2000)
})

test('createNetDevices() tells of changes that came faster than its socket holds', { timeout: 30_000 }, async () => {
  run('ip', 'link', 'add', 'bltfast', 'type', 'bridge')
  const controller = new AbortController()
  const changes = createNetDevices().changes(controller.signal)[Symbol.asyncIterator]()
  const commands = Array.from({ length: 3000 }, (_, i) => `address add 10.${i >> 8}.${i & 255}.2/32 dev bltfast`)
  run('sh', '-c', `printf '%s\n' ${commands.map((command) => `'${command}'`).join(' ')} | ip -batch -`)
  assert.equal((await changes.next()).done, false)
  assert.equal(find('bltfast').addresses.length, 3000)
  controller.abort()
})
