import assert from 'node:assert/strict'
import test from 'node:test'
import type { Device } from '#model/device.ts'
import { mustParseIp } from '#model/ip.ts'
import { lanDevices } from './lan-devices.ts'

let ifindex = 1
const device = (name: string, overrides: Partial<Device> = {}, cidr = '192.168.10.5/24'): Device => {
  const [address = '', length] = cidr.split('/')
  ifindex += 1
  return {
    name,
    ifindex,
    mac: '02:00:00:00:00:01',
    mtuBytes: 1500,
    up: true,
    carrier: true,
    loopback: false,
    kind: '',
    masterIfindex: 0,
    addresses: cidr === '' ? [] : [{ address: mustParseIp(address), prefixLengthBits: Number(length) }],
    ...overrides,
  }
}

const names = (devices: readonly Device[], patterns: readonly string[] = []): readonly string[] =>
  lanDevices(devices, patterns).map(({ name }) => name)

test('lanDevices() takes devices with a global IPv4 address: NICs, bonds, VLANs, bridges of the user', () => {
  const devices = [
    device('enp0s1'),
    device('bond0', { kind: 'bond' }),
    device('enp0s1.7', { kind: 'vlan' }),
    device('br0', { kind: 'bridge' }),
  ]
  assert.deepEqual(names(devices), ['bond0', 'br0', 'enp0s1', 'enp0s1.7'])
})

test('lanDevices() leaves out what a CNI or a container runtime makes, and what no client reaches', () => {
  const devices = [
    device('lo', { loopback: true }, '127.0.0.1/8'),
    device('vethabc', { kind: 'veth' }, '10.244.0.1/32'),
    device('cali123', { kind: 'veth' }, '169.254.1.1/32'),
    device('cni0', { kind: 'bridge' }, '10.244.0.1/24'),
    device('docker0', { kind: 'bridge' }, '172.17.0.1/16'),
    device('flannel.1', { kind: 'vxlan' }, '10.244.0.0/32'),
    device('dummy0', { kind: 'dummy' }),
    device('eth1', {}, ''),
    device('eth2', {}, '169.254.3.4/16'),
    device('eth3', { up: false }),
    device('eth4', { masterIfindex: 9 }),
    device('wg0', { mac: undefined }),
    device('eth6', {}, '2001:db8::1/64'),
  ]
  assert.deepEqual(names(devices), [])
})

test('lanDevices() takes the veth that is a node in a namespace', () => {
  assert.deepEqual(names([device('eth0', { kind: 'veth' })]), ['eth0'])
})

test('lanDevices() keeps a device without carrier: it may come back', () => {
  assert.deepEqual(names([device('eth0', { carrier: false })]), ['eth0'])
})

test('lanDevices() with patterns takes what they match, whatever it is, but never lo', () => {
  const devices = [
    device('eth0'),
    device('eth1', {}, ''),
    device('cni0', { kind: 'bridge' }),
    device('lo', { loopback: true }),
  ]
  assert.deepEqual(names(devices, ['^eth1$', 'cni', 'lo']), ['cni0', 'eth1'])
})

test('lanDevices() never takes what our own CNI makes, whatever its address and the patterns', () => {
  const devices = [
    device('blc0123456789a', { kind: 'veth' }, '192.168.10.9/24'),
    device('balise_vxlan', { kind: 'vxlan' }, '10.244.1.1/24'),
    device('eth0'),
  ]
  assert.deepEqual(names(devices), ['eth0'])
  assert.deepEqual(names(devices, ['.*']), ['eth0'])
  assert.deepEqual(names(devices, ['blc.*', 'balise_vxlan']), [])
})
