import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { KubeObject } from '#ports/kube-api.ts'
import { serviceRecord } from '#agents/operator/records.ts'
import { createServiceRecords } from './service-records.ts'

const SATISFIED = {
  type: 'cilium.io/IPAMRequestSatisfied',
  status: 'True',
  reason: 'satisfied',
  message: '',
  lastTransitionTime: '2026-11-22T07:32:11Z',
}

function service(
  name: string,
  more: { readonly spec?: object; readonly conditions?: readonly unknown[] } = {},
): KubeObject {
  const { spec, conditions = [SATISFIED] } = more
  return {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name, namespace: 'shop', uid: name, resourceVersion: '7', labels: { app: 'web' } },
    spec: { type: 'LoadBalancer', ports: [{ port: 80, protocol: 'TCP' }], ipFamilies: ['IPv4'], ...spec },
    status: { loadBalancer: { ingress: [{ ip: '10.0.0.1' }] }, conditions },
  }
}

test('createServiceRecords() reads what serviceRecord() reads', () => {
  const read = createServiceRecords()
  for (const object of [
    service('plain'),
    service('asking', { spec: { loadBalancerIP: '10.0.0.9', externalIPs: ['10.0.0.8'] } }),
    service('mistaken', { spec: { loadBalancerIP: '10.0.0.900' } }),
    service('talkative', { conditions: [SATISFIED, { ...SATISFIED, type: 'a/B', message: 'why' }] }),
    service('odd', { conditions: ['no condition'] }),
  ]) {
    const expected = serviceRecord(object)
    const actual = read(object)
    assert.ok(expected !== undefined && actual !== undefined)
    const types = expected.service.conditions.map(({ type }) => type)
    assert.deepEqual(
      actual.service.conditions.map(({ type }) => type),
      types,
    )
    const { service: wanted, ...rest } = expected
    assert.deepEqual(
      { ...actual, service: { ...actual.service, conditions: [] } },
      { ...rest, service: { ...wanted, conditions: [] } },
    )
  }
})

test('createServiceRecords() holds once what two Services have in common', () => {
  const read = createServiceRecords()
  const [a, b] = [read(service('a')), read(service('b'))]
  assert.ok(a !== undefined && b !== undefined)
  assert.notEqual(a.service, b.service)
  for (const key of ['labels', 'ports', 'families', 'conditions'] as const) {
    assert.equal(a.service[key], b.service[key], key)
  }
  assert.equal(a.asked, b.asked)
  assert.equal(a.conditions, a.service.conditions)
})

test('createServiceRecords() does not read what the operator has no use for', () => {
  const read = createServiceRecords()
  assert.deepEqual(read(service('a', { spec: { clusterIPs: ['10.43.0.1'] } }))?.service.clusterIps, [])
})
