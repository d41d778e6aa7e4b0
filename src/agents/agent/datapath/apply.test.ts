import assert from 'node:assert/strict'
import test from 'node:test'
import { emptyApplied } from '#datapath/applied.ts'
import { desiredOf, NOTHING_DESIRED } from '#datapath/desired.ts'
import { createIdTable } from '#datapath/ids.ts'
import { type Ids, plan } from '#datapath/plan.ts'
import { CONTEXT, sampleEndpoint, sampleService, sampleSlice } from '#datapath/sample-services.ts'
import { mustParseIp } from '#model/ip.ts'
import { createFakeBpfMaps, FAKE_LAYOUTS } from '#ports/bpf-maps.fake.ts'
import { createFaultyBpfMaps } from '#ports/bpf-maps.faulty.fake.ts'
import { applyPlan } from './apply.ts'

const ids = (): Ids => ({ frontends: createIdTable([]), backends: createIdTable([]) })

/** Services `a`, `b`, ... with a backend each. */
function services(count: number) {
  const models = Array.from({ length: count }, (_, index) =>
    sampleService({
      name: String.fromCharCode(97 + index),
      clusterIps: [],
      ingressIps: [mustParseIp(`192.168.10.${75 + index}`)],
    }),
  )
  const slicesOf = (key: string) => [sampleSlice([sampleEndpoint(`10.244.1.${key.charCodeAt('default/'.length)}`)])]
  return desiredOf({ services: models, slicesOf, context: CONTEXT }, NOTHING_DESIRED).frontends
}

test('applyPlan() of maps that are full serves what has room and names the rest', () => {
  const maps = createFakeBpfMaps({ lb4_backends: { ...FAKE_LAYOUTS.lb4_backends, maxEntries: 2 } })
  const applied = emptyApplied()
  const table = ids()
  const outcome = applyPlan(
    plan({ desired: services(3), applied, realized: new Map(), ids: table }),
    applied,
    table,
    maps,
  )
  assert.deepEqual([...outcome.failed.keys()], ['192.168.10.77:80/TCP'])
  assert.match(outcome.failures[0] ?? '', /put backend 3: BPF map lb4_backends is full at 2 entries/)
  assert.deepEqual(
    [...applied.frontends].map(([key, { head }]) => [key, head?.count]),
    [
      ['192.168.10.75:80/TCP', 1],
      ['192.168.10.76:80/TCP', 1],
    ],
  )
})

test('applyPlan() deletes no backend while a slot may still name it', () => {
  const maps = createFakeBpfMaps()
  const applied = emptyApplied()
  const table = ids()
  applyPlan(plan({ desired: services(1), applied, realized: new Map(), ids: table }), applied, table, maps)
  const faulty = createFaultyBpfMaps(
    maps,
    (_call, map, operation) => map === 'lb4_services' && operation === 'deleteBatch',
  )
  const outcome = applyPlan(
    plan({ desired: new Map(), applied, realized: new Map(), ids: table }),
    applied,
    table,
    faulty,
  )
  assert.ok(outcome.failures.length > 0)
  assert.equal(maps.map('lb4_backends').entries().length, 1)
  assert.equal(maps.map('lb4_reverse_nat').entries().length, 1)
  applyPlan(plan({ desired: new Map(), applied, realized: new Map(), ids: table }), applied, table, maps)
  for (const name of ['lb4_services', 'lb4_backends', 'lb4_reverse_nat'] as const)
    assert.deepEqual(maps.map(name).entries(), [])
})
