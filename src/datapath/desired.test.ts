import assert from 'node:assert/strict'
import test from 'node:test'
import { mustParseIp } from '#model/ip.ts'
import { serviceKey } from '#model/service.ts'
import { desiredOf, NOTHING_DESIRED } from './desired.ts'
import { CONTEXT, sampleEndpoint, sampleService, sampleSlice } from './sample-services.ts'

const SLICES = [sampleSlice([sampleEndpoint('10.244.1.1')])]
const slicesOf = () => SLICES

test('desiredOf() lets the older of two Services have an external IP that both claim, in any order', () => {
  const old = sampleService({ name: 'zz', creationTimestampMs: 1, clusterIps: [] })
  const young = sampleService({ name: 'aa', creationTimestampMs: 2, clusterIps: [] })
  for (const services of [
    [old, young],
    [young, old],
  ]) {
    const { frontends, notDone } = desiredOf({ services, slicesOf, context: CONTEXT }, NOTHING_DESIRED)
    assert.equal(frontends.get('192.168.10.75:80/TCP')?.service, 'default/zz')
    assert.deepEqual(notDone, [
      {
        service: 'default/aa',
        code: 'FrontendTaken',
        message: '192.168.10.75:80/TCP belongs to Service default/zz, which is older',
      },
    ])
  }
})

test('desiredOf() lets Services share an address on different ports', () => {
  const other = sampleService({
    name: 'other',
    clusterIps: [],
    ports: [{ name: '', protocol: 'TCP', port: 443, nodePort: 0 }],
  })
  const { frontends, notDone } = desiredOf(
    { services: [sampleService({ clusterIps: [] }), other], slicesOf, context: CONTEXT },
    NOTHING_DESIRED,
  )
  assert.deepEqual([...frontends.keys()], ['192.168.10.75:80/TCP', '192.168.10.75:443/TCP'])
  assert.deepEqual(notDone, [])
})

test('desiredOf() keeps the very frontends of a Service whose inputs are the same', () => {
  const [a, b] = [
    sampleService({ name: 'a' }),
    sampleService({ name: 'b', clusterIps: [], ingressIps: [mustParseIp('192.168.10.76')] }),
  ]
  const before = desiredOf({ services: [a, b], slicesOf, context: CONTEXT }, NOTHING_DESIRED)
  const after = desiredOf({ services: [a, { ...b }], slicesOf: () => [...SLICES], context: CONTEXT }, before)
  assert.equal(after.frontends.get('192.168.10.75:80/TCP'), before.frontends.get('192.168.10.75:80/TCP'))
  assert.notEqual(after.frontends.get('192.168.10.76:80/TCP'), before.frontends.get('192.168.10.76:80/TCP'))
})

test('desiredOf() looks at 10,000 Services again when one changes, and gives two new frontends', {
  timeout: 5000,
}, () => {
  const services = Array.from({ length: 10_000 }, (_, index) =>
    sampleService({
      name: `s${index}`,
      clusterIps: [{ family: 'IPv4', value: 0x0a2b0000n + BigInt(index) }],
      ingressIps: [{ family: 'IPv4', value: 0xc0a80000n + BigInt(index) }],
    }),
  )
  const slices = new Map(
    services.map((service, index) => [
      serviceKey(service),
      [sampleSlice([sampleEndpoint(`10.244.${index >> 8}.${index & 255}`)])],
    ]),
  )
  const sources = { slicesOf: (key: string) => slices.get(key) ?? [], context: CONTEXT }
  const before = desiredOf({ ...sources, services }, NOTHING_DESIRED)
  slices.set('default/s7', [sampleSlice([])])
  const after = desiredOf({ ...sources, services }, before)
  const changed = [...after.frontends.values()].filter((frontend) => before.frontends.get(frontend.key) !== frontend)
  assert.equal(changed.length, 2)
})
