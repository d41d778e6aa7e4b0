import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import {
  newServiceL2Status,
  readServiceL2Status,
  serviceL2StatusBody,
  type ServiceL2Status,
} from './service-l2-status.ts'

const STATUS: ServiceL2Status = {
  node: 'cp1',
  serviceNamespace: 'shop',
  serviceName: 'web',
  interfaces: ['eth0', 'eth1'],
}

test('newServiceL2Status() bears the labels of MetalLB, and one that tells that it is ours', () => {
  assert.deepEqual(newServiceL2Status('l2-1', 'metallb-system', STATUS), {
    apiVersion: 'metallb.io/v1beta1',
    kind: 'ServiceL2Status',
    metadata: {
      name: 'l2-1',
      namespace: 'metallb-system',
      labels: {
        'app.kubernetes.io/managed-by': 'balise',
        'metallb.io/node': 'cp1',
        'metallb.io/service-name': 'web',
        'metallb.io/service-namespace': 'shop',
      },
    },
  })
})

test('newServiceL2Status() shortens the name of a node to what a label may be', () => {
  const node = `${'a'.repeat(62)}.example.com`
  const { metadata } = newServiceL2Status('l2-1', 'm', { ...STATUS, node }) as {
    readonly metadata: { readonly labels: Readonly<Record<string, string>> }
  }
  assert.equal(metadata.labels['metallb.io/node'], 'a'.repeat(62))
})

test('readServiceL2Status() reads what serviceL2StatusBody() wrote, and nothing where there is no status yet', () => {
  const metadata = { name: 'l2-1', resourceVersion: '7' }
  const read = readServiceL2Status({ metadata, status: serviceL2StatusBody(STATUS) })
  assert.deepEqual(read, { ...metadata, status: STATUS })
  assert.deepEqual(readServiceL2Status({ metadata }), { ...metadata, status: undefined })
})

test('readServiceL2Status() never throws', () => {
  fc.assert(fc.property(fc.anything(), (object) => assert.equal(typeof readServiceL2Status(object).name, 'string')))
})
