import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Device } from '#model/device.ts'
import { netDevicesContract } from './net-devices.contract.ts'
import { createFakeNetDevices } from './net-devices.fake.ts'

const ETH0: Device = {
  name: 'eth0',
  ifindex: 2,
  mac: '02:00:00:00:00:02',
  mtuBytes: 1500,
  up: true,
  carrier: true,
  loopback: false,
  kind: '',
  masterIfindex: 0,
  addresses: [],
}

netDevicesContract('createFakeNetDevices()', () => {
  const devices = createFakeNetDevices([ETH0])
  return { devices, change: () => devices.set([{ ...ETH0, carrier: false }]) }
})

test('createFakeNetDevices() forgets those who stopped listening', () => {
  const devices = createFakeNetDevices()
  const controller = new AbortController()
  devices.changes(controller.signal)
  assert.equal(devices.listeners(), 1)
  controller.abort()
  assert.equal(devices.listeners(), 0)
})
