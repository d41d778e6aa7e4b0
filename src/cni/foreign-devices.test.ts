import assert from 'node:assert/strict'
import { test } from 'node:test'
import { foreignDevices } from './foreign-devices.ts'
import { device } from './samples.fake.ts'

test('foreignDevices() knows what other CNIs make', () => {
  const names = ['flannel.1', 'flannel-wg', 'cni0', 'cilium_host', 'cali0123456789a', 'vxlan.calico', 'kube-bridge']
  assert.deepEqual(foreignDevices(names.map((name) => device(name, ''))), names.toSorted())
})

test('foreignDevices() takes neither ours nor those of the machine for another network', () => {
  const names = [
    'lo',
    'eth0',
    'enp0s1',
    'bond0',
    'docker0',
    'cni-podman0',
    'lxcbr0',
    'tunl0',
    'blc0123456789a',
    'balise_vxlan',
    'caliber0',
  ]
  assert.deepEqual(foreignDevices(names.map((name) => device(name, ''))), [])
})
