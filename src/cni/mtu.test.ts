import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Family, mustParseIp } from '#model/ip.ts'
import { podMtuBytes } from './mtu.ts'
import { device } from './samples.fake.ts'

const DEVICES = [
  device('eth0', '192.168.10.215/24', { mtuBytes: 9000 }),
  device('eth1', '10.1.1.5/24', { mtuBytes: 1400 }),
  device('blc00000000001', '10.244.1.7/32', { mtuBytes: 1280 }),
]

function mtu(configured: number, nodeIps: readonly string[], underlay?: Family): number {
  return podMtuBytes({ configured, devices: DEVICES, nodeIps: nodeIps.map(mustParseIp), underlay })
}

test("podMtuBytes() is that of the device with the node's address", () => {
  assert.equal(mtu(0, ['192.168.10.215']), 9000)
})

test('podMtuBytes() is the smallest where the node has several addresses', () => {
  assert.equal(mtu(0, ['192.168.10.215', '10.1.1.5']), 1400)
})

test("podMtuBytes() is Ethernet's where no device has the node's address, as behind a NAT", () => {
  assert.equal(mtu(0, ['203.0.113.7']), 1500)
  assert.equal(mtu(0, ['10.244.1.7']), 1500)
})

test('podMtuBytes() leaves room for what VXLAN puts around a packet', () => {
  assert.equal(mtu(0, ['192.168.10.215'], 'IPv4'), 8950)
  assert.equal(mtu(0, ['192.168.10.215'], 'IPv6'), 8930)
})

test('podMtuBytes() takes what is configured for the network between the nodes', () => {
  assert.equal(mtu(1400, ['192.168.10.215']), 1400)
  assert.equal(mtu(1400, ['192.168.10.215'], 'IPv4'), 1350)
})
