import assert from 'node:assert/strict'
import test from 'node:test'
import { healthChecksOf } from './health-checks.ts'
import { sampleEndpoint, sampleService, sampleSlice } from './sample-services.ts'

const LOCAL = sampleService({ externalTrafficPolicy: 'Local', healthCheckNodePort: 31_000 })
const here = (address: string, ready = true) => sampleEndpoint(address, { nodeName: 'cp1', ready })

test('healthChecksOf() counts the ready endpoints of this node, each once', () => {
  const slices = [
    sampleSlice([here('10.244.0.1'), here('10.244.0.2', false), sampleEndpoint('10.244.1.1')]),
    sampleSlice([here('10.244.0.1'), here('10.244.0.3')], { name: 'web-def' }),
    sampleSlice([here('fd00::1')], { name: 'web-six' }),
  ]
  assert.deepEqual(
    [...healthChecksOf([LOCAL], () => slices, 'cp1')],
    [[31_000, { namespace: 'default', name: 'web', localEndpoints: 2 }]],
  )
  assert.equal(healthChecksOf([LOCAL], () => slices, 'node9').get(31_000)?.localEndpoints, 0)
})

test('healthChecksOf() has none for other policies, types and proxies', () => {
  const others = [
    { ...LOCAL, externalTrafficPolicy: 'Cluster' as const },
    { ...LOCAL, type: 'NodePort' as const },
    { ...LOCAL, healthCheckNodePort: 0 },
    { ...LOCAL, labels: { 'service.kubernetes.io/service-proxy-name': 'mesh' } },
  ]
  assert.equal(healthChecksOf(others, () => [], 'cp1').size, 0)
})
