import assert from 'node:assert/strict'
import { after, before, suite, test } from 'node:test'
import { type Operator, startOperator } from '#agents/operator/operator.ts'
import { METALLB_NAMESPACE } from '#crd/metallb/kinds.ts'
import { createClock } from '#io/clock.ts'
import { createFakeLog } from '#ports/log.fake.ts'
import type { KubeApi } from '#ports/kube-api.ts'
import { ADDRESS_POOLS, CONFIG_MAPS, POOLS, SERVICES } from '#ports/kube-resources.ts'
import { missingForApiServer } from './api-server.ts'
import {
  CHART_KINDS,
  createMetallbNamespace,
  createObject,
  createService,
  type KubeServer,
  METALLB_KINDS,
  startKubeServer,
  until,
  untilServed,
} from './kube-server.ts'

const missing = missingForApiServer()
if (missing === undefined) suite('the operator and MetalLB on a real server', onRealServer)
else test('the operator and MetalLB on a real server', { skip: missing }, () => undefined)

function onRealServer(): void {
  let kube: KubeServer
  let api: KubeApi
  before(async () => {
    kube = await startKubeServer()
    api = kube.api
    kube.install(CHART_KINDS)
  })
  after(() => kube.close())

  test('a server without the kinds of MetalLB keeps nobody waiting', async () => {
    const operator = start(api)
    try {
      await createObject(api, POOLS, 'lab', { spec: { blocks: [{ cidr: '10.1.0.1/32' }] } })
      await createService(api, 'first')
      assert.equal(await untilServed(api, 'first'), '10.1.0.1')
      assert.deepEqual(operator.status().missing, [])
    } finally {
      await operator.close()
    }
  })

  test('an IPAddressPool and the ConfigMap serve, with counts and annotation', async () => {
    kube.install(METALLB_KINDS)
    await createMetallbNamespace(api)
    await createObject(api, ADDRESS_POOLS, 'blue', { spec: { addresses: ['10.2.0.1-10.2.0.1'] } })
    const config = '{"address-pools": [{"name": "old", "protocol": "layer2", "addresses": ["10.3.0.0/24"]}]}'
    await createObject(api, CONFIG_MAPS, 'config', { data: { config } })
    const operator = start(api)
    try {
      await createService(api, 'second')
      assert.equal(await untilServed(api, 'second'), '10.2.0.1')
      await createService(api, 'third')
      assert.equal(await untilServed(api, 'third'), '10.3.0.0')
      const marked = await until('the Service names its pool', async () => {
        const { metadata } = await api.get(SERVICES, { name: 'third', namespace: 'default' })
        return metadata.annotations?.['metallb.io/ip-allocated-from-pool']
      })
      assert.equal(marked, 'old')
      const pool = await until('the pool counts it', async () => {
        const object = await api.get(ADDRESS_POOLS, { name: 'blue', namespace: METALLB_NAMESPACE })
        return (object['status'] as { assignedIPv4?: number } | undefined)?.assignedIPv4 === 1 ? object : undefined
      })
      assert.deepEqual(pool['status'], { assignedIPv4: 1, assignedIPv6: 0, availableIPv4: 0, availableIPv6: 0 })
    } finally {
      await operator.close()
    }
  })
}

function start(api: KubeApi): Operator {
  const { signal } = new AbortController()
  const settings = { namespace: 'kube-system', identity: 'operator', metallbNamespace: METALLB_NAMESPACE }
  return startOperator({ api, clock: createClock(), random: Math.random, log: createFakeLog(), ...settings }, signal)
}
