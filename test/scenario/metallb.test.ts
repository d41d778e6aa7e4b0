import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { METALLB_NAMESPACE } from '#crd/metallb/kinds.ts'
import { KubeError } from '#ports/kube-api.ts'
import { ADDRESS_POOLS, POOLS, SERVICES } from '#ports/kube-resources.ts'
import { createScenario, type Scenario } from './harness.ts'
import {
  addressPoolYaml,
  allocatedFrom,
  configMapYaml,
  configurationEvents,
  createMetallbWorld,
  legacyYaml,
  patchesOf,
  statusOf,
} from './metallb-world.ts'
import { addressesOf, conditionOf, eventsOf, type OperatorWorld, poolYaml, serviceYaml } from './operator-world.ts'

const BLUE = addressPoolYaml('blue', '192.168.10.75-192.168.10.78')

async function begin(t: TestContext, scenario?: Scenario): Promise<OperatorWorld> {
  const world = await createMetallbWorld(scenario)
  t.after(() => world.close())
  return world
}

test('an IPAddressPool gives a Service its address, and tells how much is left', async (t) => {
  const world = await begin(t)
  await world.apply(BLUE + serviceYaml('web'))
  const web = world.object(SERVICES, 'web')
  assert.deepEqual(addressesOf(web), ['192.168.10.75'])
  assert.equal(conditionOf(web, 'cilium.io/IPAMRequestSatisfied')?.status, 'True')
  await world.pass()
  assert.equal(allocatedFrom(world.object(SERVICES, 'web')), 'blue')
  const counts = { assignedIPv4: 1, assignedIPv6: 0, availableIPv4: 3, availableIPv6: 0 }
  assert.deepEqual(statusOf(world, 'blue'), counts)
  assert.deepEqual(eventsOf(world), ['Normal IPAllocated web: Assigned 192.168.10.75'])
})

test('an operator at rest with MetalLB writes nothing, nor does one that is restarted', async (t) => {
  const world = await begin(t)
  await world.apply(BLUE + serviceYaml('web'))
  await world.pass(10_000)
  const patches = (): number => world.api.requests.filter(({ verb }) => verb === 'patch').length
  const before = patches()
  await world.pass(200_000)
  assert.equal(patches(), before)
  await world.restart()
  await world.pass(10_000)
  assert.equal(patches(), before)
  assert.deepEqual(addressesOf(world.object(SERVICES, 'web')), ['192.168.10.75'])
})

test('a Service that loses its pool loses the name of it, and is told', async (t) => {
  const world = await begin(t)
  await world.apply(BLUE + serviceYaml('web'))
  await world.pass()
  await world.remove(ADDRESS_POOLS, 'blue', METALLB_NAMESPACE)
  await world.pass()
  const web = world.object(SERVICES, 'web')
  assert.deepEqual(addressesOf(web), [])
  assert.equal(allocatedFrom(web), undefined)
  assert.ok(eventsOf(world).some((event) => event.startsWith('Normal ClearAssignment web: ')))
})

test('namespace selectors of an IPAddressPool look at the labels of namespaces', async (t) => {
  const world = await begin(t)
  const selector = 'serviceAllocation: {namespaceSelectors: [{matchLabels: {team: a}}]}'
  await world.apply(addressPoolYaml('blue', '192.168.10.75-192.168.10.78', selector) + serviceYaml('web'))
  assert.deepEqual(addressesOf(world.object(SERVICES, 'web')), [])
  await world.apply('{apiVersion: v1, kind: Namespace, metadata: {name: default, labels: {team: a}}}')
  assert.deepEqual(addressesOf(world.object(SERVICES, 'web')), ['192.168.10.75'])
})

test('pools of another namespace than that of MetalLB are none', async (t) => {
  const world = await begin(t)
  await world.apply(BLUE.replace(METALLB_NAMESPACE, 'elsewhere') + serviceYaml('web'))
  assert.deepEqual(addressesOf(world.object(SERVICES, 'web')), [])
})

test('pools of both dialects serve together, by priority', async (t) => {
  const world = await begin(t)
  const first = addressPoolYaml('blue', '192.168.10.80-192.168.10.80', 'serviceAllocation: {priority: 1}')
  await world.apply(poolYaml('lab', '192.168.10.75', '192.168.10.78') + first)
  await world.apply(serviceYaml('a'))
  await world.apply(serviceYaml('b'))
  await world.pass()
  const [a, b] = ['a', 'b'].map((name) => world.object(SERVICES, name))
  assert.deepEqual([addressesOf(a), allocatedFrom(a)], [['192.168.10.80'], 'blue'])
  assert.deepEqual([addressesOf(b), allocatedFrom(b)], [['192.168.10.75'], undefined])
})

test('an overlap of both dialects is told on both, and the older pool goes on', async (t) => {
  const world = await begin(t)
  await world.apply(BLUE)
  await world.pass(2_000)
  await world.apply(poolYaml('lab', '192.168.10.78', '192.168.10.79') + serviceYaml('web'))
  await world.pass()
  const conflict = conditionOf(world.object(POOLS, 'lab'), 'cilium.io/PoolConflict')
  assert.equal(conflict?.status, 'True')
  assert.match(conflict?.message ?? '', /from IP Pool 'metallb-system\/blue'/)
  assert.deepEqual(configurationEvents(world), [
    'Warning PoolConflict IPAddressPool blue: Pool lab overlaps this one at 192.168.10.78 - 192.168.10.79 and gives out nothing',
  ])
  assert.deepEqual(addressesOf(world.object(SERVICES, 'web')), ['192.168.10.75'])
})

test('an IPAddressPool younger than the pool that it overlaps gives out nothing and says why', async (t) => {
  const world = await begin(t)
  await world.apply(poolYaml('lab', '192.168.10.78', '192.168.10.79'))
  await world.pass(2_000)
  await world.apply(BLUE + serviceYaml('web'))
  await world.pass()
  assert.match(
    configurationEvents(world).join('\n'),
    /^Warning PoolConflict IPAddressPool blue: This pool gives out nothing: /,
  )
  assert.deepEqual(addressesOf(world.object(SERVICES, 'web')), ['192.168.10.78'])
})

test('a slip in an IPAddressPool is told once, and takes no address from anybody', async (t) => {
  const world = await begin(t)
  await world.apply(BLUE + serviceYaml('web'))
  await world.apply(addressPoolYaml('blue', '192.168.10.75-192.168.10.999'))
  await world.pass(130_000)
  assert.deepEqual(addressesOf(world.object(SERVICES, 'web')), ['192.168.10.75'])
  const [event, ...more] = configurationEvents(world)
  assert.match(
    event ?? '',
    /^Warning InvalidConfiguration IPAddressPool blue: spec.addresses\[0\] "192.168.10.75-192.168.10.999" is not a range/,
  )
  assert.deepEqual(more, [])
})

test('a slip in a pool takes from nobody the name of the pool, for which agents announce the address; one that is gone does', async (t) => {
  const world = await begin(t)
  const slips = [
    addressPoolYaml('blue', '192.168.10.75-192.168.10.999'),
    addressPoolYaml('blue', '192.168.10.75-192.168.10.78', 'serviceAllocation: {namespaces: default}'),
  ]
  await world.apply(BLUE + serviceYaml('web'))
  for (const slip of slips) {
    await world.apply(slip)
    await world.pass(70_000)
    assert.equal(allocatedFrom(world.object(SERVICES, 'web')), 'blue')
  }
  assert.ok(!eventsOf(world).some((event) => event.includes('ClearAssignment')))
  await world.apply(addressPoolYaml('blue', '192.168.10.80-192.168.10.81'))
  await world.pass()
  const web = world.object(SERVICES, 'web')
  assert.deepEqual([addressesOf(web), allocatedFrom(web)], [['192.168.10.80'], 'blue'])
})

test('a text that is no YAML in the ConfigMap takes from nobody the name of the pool', async (t) => {
  const world = await begin(t)
  await world.apply(legacyYaml('old', '192.168.10.75-192.168.10.78') + serviceYaml('web'))
  await world.pass()
  await world.apply(configMapYaml('address-pools: ['))
  await world.pass(70_000)
  assert.equal(allocatedFrom(world.object(SERVICES, 'web')), 'old')
})

test('a Service that is no load balancer any more has neither the address nor the name of the pool', async (t) => {
  const world = await begin(t)
  await world.apply(BLUE + serviceYaml('web'))
  await world.pass()
  const { status, ...web } = world.object(SERVICES, 'web') ?? assert.fail('no Service')
  const changed = { ...web, status, spec: { ...(web['spec'] as object), type: 'ClusterIP' } }
  assert.equal(allocatedFrom(changed), 'blue')
  world.api.put(changed)
  await world.pass(3_000)
  const after = world.object(SERVICES, 'web')
  assert.deepEqual([addressesOf(after), allocatedFrom(after)], [[], undefined])
})

test('without the kinds of MetalLB the operator does its work and lacks nothing', async (t) => {
  const world = await begin(t, withoutMetallb())
  await world.apply(poolYaml('lab', '192.168.10.75', '192.168.10.78') + serviceYaml('web'))
  assert.deepEqual(addressesOf(world.object(SERVICES, 'web')), ['192.168.10.75'])
  assert.deepEqual(world.operator().status().missing, [])
  await world.pass(600_000)
  const asked = world.api.requests.filter(({ resource }) => resource.plural === ADDRESS_POOLS.plural).length
  assert.ok(asked > 2 && asked <= 25, `${asked} requests in ten minutes`)
  assert.deepEqual(
    world.log.lines.filter(({ level }) => level === 'warn' || level === 'error'),
    [],
  )
})

test('kinds of MetalLB that are installed later are found', async (t) => {
  const scenario = createScenario()
  const absent = { plural: ADDRESS_POOLS.plural, outcome: { code: 'NotFound', message: 'No such kind' } } as const
  const install = scenario.api.inject(absent)
  const world = await begin(t, scenario)
  await world.apply(serviceYaml('web'))
  install()
  await world.apply(BLUE)
  await world.pass(31_000)
  assert.deepEqual(addressesOf(world.object(SERVICES, 'web')), ['192.168.10.75'])
  await world.apply(serviceYaml('more'))
  await world.pass()
  assert.deepEqual(statusOf(world, 'blue'), { assignedIPv4: 2, assignedIPv6: 0, availableIPv4: 2, availableIPv6: 0 })
})

test('a server that does not know the kinds of MetalLB for a moment takes no address away', async (t) => {
  const scenario = createScenario()
  const world = await begin(t, scenario)
  await world.apply(BLUE + serviceYaml('web'))
  const absent = { plural: ADDRESS_POOLS.plural, outcome: { code: 'NotFound', message: 'No such kind' } } as const
  const know = scenario.api.inject(absent)
  scenario.api.endWatches({ code: 'Unreachable', message: 'restarted' })
  await world.pass(10_000)
  know()
  await world.pass(60_000)
  assert.deepEqual(addressesOf(world.object(SERVICES, 'web')), ['192.168.10.75'])
  assert.ok(!eventsOf(world).some((event) => event.includes('IPReleased')))
  scenario.api.inject(absent)
  scenario.api.endWatches({ code: 'Unreachable', message: 'restarted' })
  await world.pass(60_000)
  assert.deepEqual(addressesOf(world.object(SERVICES, 'web')), [])
})

test('a namespace list that is refused keeps every address, and is named as missing', async (t) => {
  const scenario = createScenario()
  const world = await begin(t, scenario)
  await world.apply(BLUE + serviceYaml('web'))
  const allow = scenario.api.inject({ plural: 'namespaces', outcome: { code: 'Forbidden', message: 'No' } })
  await world.restart()
  assert.match(world.operator().status().missing.join(), /^namespaces: No/)
  assert.deepEqual(addressesOf(world.object(SERVICES, 'web')), ['192.168.10.75'])
  allow()
  await world.pass(60_000)
  assert.deepEqual(world.operator().status().missing, [])
})

test('a Service that may not be annotated is served, and the missing rule is told', async (t) => {
  const scenario = createScenario()
  const { api } = scenario
  const patch = api.patch.bind(api)
  const refused = new KubeError({ code: 'Forbidden', message: 'No' })
  Object.assign(api, {
    patch: (...args: Parameters<typeof patch>) =>
      args[0] === SERVICES && args[3]?.subresource === undefined ? Promise.reject(refused) : patch(...args),
  })
  const world = await begin(t, scenario)
  await world.apply(BLUE + serviceYaml('web'))
  await world.pass(20_000)
  assert.deepEqual(addressesOf(world.object(SERVICES, 'web')), ['192.168.10.75'])
  const complaints = world.log.lines.filter(({ level }) => level === 'error')
  assert.ok(complaints.length <= 2, `${complaints.length} complaints`)
  const [first] = complaints
  assert.equal(first?.sentence, 'The API forbids to patch services')
  assert.equal(
    first.fields['remedy'],
    'allow its account: - {apiGroups: [""], resources: ["services"], verbs: [patch]}',
  )
})

test('whoever goes from an IPAddressPool to a pool of Cilium keeps the address', async (t) => {
  const world = await begin(t)
  await world.apply(BLUE + serviceYaml('web'))
  await world.pass(2_000)
  await world.apply(poolYaml('blue', '192.168.10.75', '192.168.10.78'))
  await world.remove(ADDRESS_POOLS, 'blue', METALLB_NAMESPACE)
  await world.pass()
  const web = world.object(SERVICES, 'web')
  assert.deepEqual([addressesOf(web), allocatedFrom(web)], [['192.168.10.75'], undefined])
  assert.equal(eventsOf(world).filter((event) => event.includes('IPReleased')).length, 0)
  await world.apply(serviceYaml('next'))
  assert.deepEqual(addressesOf(world.object(SERVICES, 'next')), ['192.168.10.76'])
})

test('a definition that does not keep counts is written to once', async (t) => {
  const world = await begin(t, withoutCounts())
  await world.apply(BLUE + serviceYaml('web'))
  await world.apply(serviceYaml('more'))
  await world.pass(130_000)
  assert.equal(patchesOf(world, ADDRESS_POOLS.plural), 1)
})

test('the ConfigMap of old gives out addresses, and its mistakes are told on it', async (t) => {
  const world = await begin(t)
  await world.apply(legacyYaml('old', '192.168.10.75-192.168.10.78') + serviceYaml('web'))
  await world.pass()
  const web = world.object(SERVICES, 'web')
  assert.deepEqual([addressesOf(web), allocatedFrom(web)], [['192.168.10.75'], 'old'])
  await world.apply(configMapYaml('address-pools: ['))
  await world.pass()
  assert.match(
    configurationEvents(world).join('\n'),
    /^Warning InvalidConfiguration ConfigMap config: data.config is no YAML/,
  )
  assert.deepEqual(addressesOf(world.object(SERVICES, 'web')), ['192.168.10.75'])
})

test('an IPAddressPool goes before a pool of its name in the ConfigMap', async (t) => {
  const world = await begin(t)
  const one = addressPoolYaml('blue', '192.168.10.95/32')
  await world.apply(legacyYaml('blue', '192.168.10.90-192.168.10.91') + one + serviceYaml('a') + serviceYaml('b'))
  await world.pass()
  const [a, b] = ['a', 'b'].map((name) => addressesOf(world.object(SERVICES, name)))
  assert.deepEqual([a, b], [['192.168.10.95'], []])
  assert.match(configurationEvents(world).join('\n'), /ConfigMap config: .* is the name of an IPAddressPool as well/)
})

test('an annotation under the old prefix is called deprecated once per change, and unreadable ones are named', async (t) => {
  const world = await begin(t)
  await world.apply(BLUE + serviceYaml('web', '', 'annotations: {metallb.universe.tf/address-pool: blue}'))
  await world.pass(130_000)
  await world.restart()
  await world.pass()
  const told = eventsOf(world).filter((event) => event.includes('deprecatedAnnotation'))
  assert.equal(told.length, 1)
  await world.apply(serviceYaml('bad', '', 'annotations: {metallb.io/loadBalancerIPs: nonsense}'))
  await world.pass()
  assert.match(
    eventsOf(world).join('\n'),
    /Warning LoadBalancerFailed bad: .*metallb.io\/loadBalancerIPs.* "nonsense" is not an IP address/,
  )
})

/** A cluster in which MetalLB was never installed. */
function withoutMetallb(): Scenario {
  const scenario = createScenario()
  scenario.api.inject({ plural: ADDRESS_POOLS.plural, outcome: { code: 'NotFound', message: 'No such kind' } })
  return scenario
}

/** A cluster whose definition of IPAddressPool knows no status: what is written there is pruned. */
function withoutCounts(): Scenario {
  const scenario = createScenario()
  const { api } = scenario
  const patch = api.patch.bind(api)
  Object.assign(api, {
    patch: (...args: Parameters<typeof patch>) => {
      const [resource, ref, , ...rest] = args
      if (resource !== ADDRESS_POOLS) return patch(...args)
      return patch(resource, ref, { kind: 'merge', body: {} }, ...rest)
    },
  })
  return scenario
}
