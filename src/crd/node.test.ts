import assert from 'node:assert/strict'
import { test } from 'node:test'
import { formatIp } from '#model/ip.ts'
import { formatPrefix } from '#model/prefix.ts'
import { decodeLease } from './lease.ts'
import { decodeNode } from './node.ts'

test('decodeNode() reads addresses by type, pod CIDRs and readiness', () => {
  const { value, mistakes } = decodeNode({
    metadata: { name: 'node1', labels: { zone: 'a' } },
    spec: { podCIDR: '10.244.1.0/24', podCIDRs: ['10.244.1.0/24', 'fd00:1::/64'], unschedulable: true },
    status: {
      addresses: [
        { type: 'InternalIP', address: '192.168.10.216' },
        { type: 'Hostname', address: 'node1' },
        { type: 'ExternalIP', address: '203.0.113.1' },
      ],
      conditions: [
        { type: 'MemoryPressure', status: 'False' },
        { type: 'Ready', status: 'True' },
      ],
    },
  })
  assert.deepEqual(mistakes, [])
  assert.deepEqual(value?.internalIps.map(formatIp), ['192.168.10.216'])
  assert.deepEqual(value?.externalIps.map(formatIp), ['203.0.113.1'])
  assert.deepEqual(value?.podCidrs.map(formatPrefix), ['10.244.1.0/24', 'fd00:1::/64'])
  assert.deepEqual(
    [value?.name, value?.labels, value?.ready, value?.unschedulable],
    ['node1', { zone: 'a' }, true, true],
  )
})

test('decodeNode() takes a node that has just registered for not ready', () => {
  const { value, mistakes } = decodeNode({ metadata: { name: 'new' } })
  assert.deepEqual(mistakes, [])
  assert.deepEqual([value?.ready, value?.podCidrs, value?.internalIps], [false, [], []])
})

test('decodeLease() reads holder and times', () => {
  const { value, mistakes } = decodeLease({
    metadata: { name: 'l', namespace: 'kube-system', annotations: { a: 'b' } },
    spec: {
      holderIdentity: 'node1',
      leaseDurationSeconds: 15,
      renewTime: '2026-11-22T07:34:41.302999Z',
      leaseTransitions: 2,
    },
  })
  assert.deepEqual(mistakes, [])
  assert.deepEqual(
    [value?.holder, value?.durationSeconds, value?.renewTimeMs, value?.acquireTimeMs, value?.transitions],
    ['node1', 15, Date.UTC(2026, 10, 22, 7, 34, 41, 302), undefined, 2],
  )
})

test('decodeLease() reads a Lease that nobody holds', () => {
  const { value, mistakes } = decodeLease({ metadata: { name: 'l' }, spec: { holderIdentity: null } })
  assert.deepEqual(mistakes, [])
  assert.deepEqual([value?.holder, value?.renewTimeMs], ['', undefined])
})
