import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { KubeFailure, KubeResource } from '#ports/kube-api.ts'
import { LEASES, POOLS, SERVICES } from '#ports/kube-resources.ts'
import type { FakeFault, KubeVerb } from '#ports/kube-faults.fake.ts'
import {
  addressesOf,
  createOperatorWorld,
  eventsOf,
  type OperatorWorld,
  poolYaml,
  serviceYaml,
} from './operator-world.ts'

const LAB = poolYaml('lab', '192.168.10.75', '192.168.10.78')
const NAMES = ['a', 'b', 'c']
const WANTED = `pool lab: total 4, available 1, used 3
service default/a: 192.168.10.75, satisfied
service default/b: 192.168.10.76, satisfied
service default/c: 192.168.10.77, satisfied`

const FAILURES: readonly KubeFailure[] = [
  { code: 'Unreachable', message: 'no answer' },
  { code: 'ServerError', message: 'etcd is away' },
  { code: 'TooManyRequests', message: 'slow down', retryAfterMs: 1_000 },
  { code: 'Conflict', message: 'modified' },
  { code: 'Gone', message: 'too old' },
  { code: 'Forbidden', message: 'no rule' },
]
const OPERATIONS: readonly { readonly verbs: readonly KubeVerb[]; readonly plural: string }[] = [
  { verbs: ['list'], plural: 'services' },
  { verbs: ['watch'], plural: 'services' },
  { verbs: ['patch'], plural: 'services' },
  { verbs: ['list'], plural: 'ciliumloadbalancerippools' },
  { verbs: ['watch'], plural: 'ciliumloadbalancerippools' },
  { verbs: ['patch'], plural: 'ciliumloadbalancerippools' },
  { verbs: ['create'], plural: 'events' },
  { verbs: ['get'], plural: 'leases' },
  { verbs: ['create'], plural: 'leases' },
  { verbs: ['replace'], plural: 'leases' },
]

/** Long enough for every backoff of a single failure, and for a Lease to run out. */
const RECOVERED_MS = 40_000

/** No address is shown by two Services. */
function assertNoDouble(world: OperatorWorld): void {
  const shown = world.api.objects(SERVICES).flatMap(addressesOf)
  assert.equal(new Set(shown).size, shown.length)
}

async function comesThrough(fault: FakeFault): Promise<void> {
  const world = await createOperatorWorld()
  try {
    world.api.inject(fault)
    await world.apply(LAB)
    for (const name of NAMES) {
      await world.apply(serviceYaml(name))
      assertNoDouble(world)
    }
    await world.pass(RECOVERED_MS)
    assert.equal(world.show(), WANTED)
  } finally {
    await world.close()
  }
}

for (const { verbs, plural } of OPERATIONS) {
  for (const outcome of FAILURES) {
    for (const afterwards of [false, true]) {
      const when = afterwards ? 'done, but answered with' : 'refused with'
      test(`operator comes through one ${verbs.join()} of ${plural} ${when} ${outcome.code}`, () =>
        comesThrough({ verbs, plural, outcome, afterwards, times: 1 }))
    }
  }
}

test('operator comes through the API going away and coming back', async (t) => {
  const world = await createOperatorWorld()
  t.after(() => world.close())
  await world.apply(LAB + serviceYaml('a'))
  world.api.goAway()
  await world.pass(60_000)
  for (const name of ['b', 'c']) world.api.put({ ...service(world), metadata: { name, namespace: 'default' } })
  world.api.comeBack()
  await world.pass(60_000)
  assert.equal(world.show(), WANTED)
})

function service(world: OperatorWorld) {
  const { metadata: _metadata, status: _status, ...rest } = world.api.objects(SERVICES)[0] ?? assert.fail('no Service')
  return rest
}

test('operator comes through a watch that is too old', async (t) => {
  const world = await createOperatorWorld()
  t.after(() => world.close())
  await world.apply(LAB + serviceYaml('a'))
  world.api.forget()
  world.api.endWatches()
  await world.apply(serviceYaml('b') + serviceYaml('c'))
  await world.pass(RECOVERED_MS)
  assert.equal(world.show(), WANTED)
})

test('operator serves the others while the writes of one Service fail', async (t) => {
  const world = await createOperatorWorld()
  t.after(() => world.close())
  world.api.inject({ verbs: ['patch'], plural: 'services', name: 'b', outcome: { code: 'Invalid', message: 'no' } })
  await world.apply(LAB + NAMES.map((name) => serviceYaml(name)).join(''))
  assert.match(world.show(), /b: <pending>, no condition\nservice default\/c: 192\.168\.10\.77, satisfied/)
})

test('operator does not go on writing to a Service that is gone', async (t) => {
  const world = await createOperatorWorld()
  t.after(() => world.close())
  world.api.inject({ verbs: ['patch'], plural: 'services', name: 'a', outcome: { code: 'ServerError', message: 'no' } })
  await world.apply(LAB + serviceYaml('a'))
  await world.remove(SERVICES, 'a', 'default')
  const tries = (): number => world.api.requests.filter(({ verb, name }) => verb === 'patch' && name === 'a').length
  const before = tries()
  await world.pass(RECOVERED_MS)
  assert.ok(before > 0)
  assert.equal(tries(), before)
})

test('operator gives nobody an address whose write was not answered', async (t) => {
  const world = await createOperatorWorld()
  t.after(() => world.close())
  await world.apply(poolYaml('one', '192.168.10.75', '192.168.10.75'))
  const outcome: KubeFailure = { code: 'Unreachable', message: 'no answer' }
  world.api.inject({ verbs: ['patch'], plural: 'services', name: 'z', outcome, times: 4 })
  await world.apply(serviceYaml('z'))
  await world.apply(serviceYaml('a'))
  assert.deepEqual(addressesOf(world.object(SERVICES, 'a')), [])
  await world.pass(RECOVERED_MS)
  assert.deepEqual(addressesOf(world.object(SERVICES, 'z')), ['192.168.10.75'])
  assertNoDouble(world)
})

const FORBIDDEN: readonly { readonly verb: KubeVerb; readonly resource: KubeResource; readonly rule: string }[] = [
  { verb: 'list', resource: SERVICES, rule: 'apiGroups: [""], resources: ["services"], verbs: [list, watch]' },
  { verb: 'patch', resource: SERVICES, rule: 'apiGroups: [""], resources: ["services/status"], verbs: [patch]' },
  {
    verb: 'list',
    resource: POOLS,
    rule: 'apiGroups: ["cilium.io"], resources: ["ciliumloadbalancerippools"], verbs: [list, watch]',
  },
]
for (const { verb, resource, rule } of FORBIDDEN) {
  test(`operator names the rule that is missing to ${verb} ${resource.plural}, and goes on trying`, async (t) => {
    const world = await createOperatorWorld()
    t.after(() => world.close())
    const outcome: KubeFailure = { code: 'Forbidden', message: 'User "x" cannot do that' }
    const allow = world.api.inject({ verbs: [verb], plural: resource.plural, outcome })
    await world.restart()
    await world.apply(LAB + NAMES.map((name) => serviceYaml(name)).join(''))
    const errors = world.log.lines.filter(({ level }) => level === 'error')
    assert.ok(errors.some(({ fields }) => String(fields['remedy']).includes(rule)))
    allow()
    await world.pass(RECOVERED_MS)
    assert.equal(world.show(), WANTED)
  })
}

test('operator names the CustomResourceDefinition that is missing, in log and status', async (t) => {
  const world = await createOperatorWorld()
  t.after(() => world.close())
  const outcome: KubeFailure = { code: 'NotFound', message: 'the server could not find the requested resource' }
  const install = world.api.inject({ verbs: ['list'], plural: POOLS.plural, outcome })
  await world.restart()
  const { fields } = world.log.lines.find(({ level }) => level === 'error') ?? assert.fail('no error was logged')
  assert.match(String(fields['remedy']), /CustomResourceDefinition ciliumloadbalancerippools\.cilium\.io, version v2/)
  assert.deepEqual(world.operator().status().missing, ['pools: the server could not find the requested resource'])
  install()
  await world.apply(LAB)
  await world.pass(RECOVERED_MS)
  assert.match(world.show(), /^pool lab: total 4/)
})

test('operator that may not take its Lease names the rule, and the health tells', async (t) => {
  const world = await createOperatorWorld()
  t.after(() => world.close())
  world.api.inject({ plural: LEASES.plural, outcome: { code: 'Forbidden', message: 'User "x" cannot get leases' } })
  await world.restart()
  await world.pass(600_000)
  const errors = world.log.lines.filter(({ level }) => level === 'error')
  const rule =
    'allow its account: - {apiGroups: ["coordination.k8s.io"], resources: ["leases"], verbs: [get, create, update]}'
  assert.ok(errors.length >= 1 && errors.length <= 5)
  assert.equal(errors[0]?.fields['remedy'], rule)
  assert.deepEqual(world.operator().status().missing, ['leases: User "x" cannot get leases'])
})

test('operator does not fill the log with one lasting failure', async (t) => {
  const world = await createOperatorWorld()
  t.after(() => world.close())
  world.api.inject({ verbs: ['list'], plural: POOLS.plural, outcome: { code: 'Forbidden', message: 'no' } })
  await world.restart()
  await world.pass(3_600_000)
  const told = world.log.lines.filter(({ level }) => level === 'error' || level === 'warn')
  assert.ok(told.length <= 4, `${told.length} lines in an hour`)
})

test('operator that loses its Lease stops writing, and the next leader goes on', async (t) => {
  const world = await createOperatorWorld()
  t.after(() => world.close())
  await world.apply(LAB + serviceYaml('a'))
  world.api.inject({ plural: LEASES.plural, outcome: { code: 'Unreachable', message: 'no answer' }, times: 20 })
  await world.pass(12_000)
  assert.equal(world.operator().status().leading, false)
  await world.apply(serviceYaml('b') + serviceYaml('c'))
  await world.pass(RECOVERED_MS)
  assert.equal(world.operator().status().leading, true)
  assert.equal(world.show(), WANTED)
  assert.equal(eventsOf(world).filter((event) => event.includes('IPAllocated')).length, 3)
})
