/** What users of MetalLB are told of who answers: ServiceL2Status, its events, and what is wrong in an L2Advertisement. */
import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { METALLB_NAMESPACE } from '#crd/metallb/kinds.ts'
import { L2_ADVERTISEMENTS, SERVICE_L2_STATUSES, SERVICES } from '#ports/kube-resources.ts'
import { createScenario, type Scenario } from './harness.ts'
import { advertisementYaml } from './metallb-manifests.ts'
import { addressPoolYaml, configurationEvents, createMetallbWorld, legacyYaml } from './metallb-world.ts'
import { conditionOf, eventsOf, type OperatorWorld, putNode, serviceYaml } from './operator-world.ts'

const VIP = '192.168.10.75'
const BLUE = addressPoolYaml('blue', `${VIP}-${VIP}`)

async function begin(t: TestContext, scenario?: Scenario): Promise<OperatorWorld> {
  const world = await createMetallbWorld(scenario)
  t.after(() => world.close())
  putNode(world, 'cp1', ['eth0'])
  putNode(world, 'node1', ['eth0'])
  return world
}

/** `default/web by cp1 on eth0`, sorted. */
function statuses({ api }: Scenario): readonly string[] {
  return api
    .objects(SERVICE_L2_STATUSES)
    .map(({ metadata, ...object }) => {
      const { node, serviceNamespace, serviceName, interfaces } = object['status'] as Readonly<
        Record<string, string>
      > & {
        interfaces: readonly { name: string }[]
      }
      const { labels = {} } = metadata
      const labelled = ['namespace', 'name'].map((part) => labels[`metallb.io/service-${part}`]).join('/')
      assert.equal(labelled, `${serviceNamespace}/${serviceName}`)
      assert.equal(labels['metallb.io/node'], node)
      return `${labelled} by ${node} on ${interfaces.map(({ name }) => name).join()}`
    })
    .toSorted()
}

const assigned = (world: Scenario): readonly string[] => eventsOf(world).filter((line) => line.includes('nodeAssigned'))

const holds = async (world: OperatorWorld, cp1: readonly string[], node1: readonly string[] = []): Promise<void> => {
  putNode(world, 'cp1', ['eth0'], cp1)
  putNode(world, 'node1', ['eth0'], node1)
  await world.pass()
  await world.pass()
}

test('a Service that a node answers for as an L2Advertisement says has a ServiceL2Status and the event of MetalLB', async (t) => {
  const world = await begin(t)
  await world.apply(BLUE + advertisementYaml() + serviceYaml('web'))
  assert.deepEqual(statuses(world), [])
  await holds(world, [VIP])
  assert.deepEqual(statuses(world), ['default/web by cp1 on eth0'])
  assert.deepEqual(assigned(world), ['Normal nodeAssigned web: announcing from node "cp1" with protocol "layer2"'])
  await world.pass(100_000)
  assert.equal(assigned(world).length, 1)
})

test('the ServiceL2Status follows the owner, and goes with the Service', async (t) => {
  const world = await begin(t)
  await world.apply(BLUE + advertisementYaml() + serviceYaml('web'))
  await holds(world, [VIP])
  await holds(world, [], [VIP])
  assert.deepEqual(statuses(world), ['default/web by node1 on eth0'])
  assert.match(assigned(world)[1] ?? '', /"node1"/)
  await world.remove(SERVICES, 'web', 'default')
  await world.pass()
  assert.deepEqual(statuses(world), [])
})

test('nobody is told of MetalLB where a policy of Cilium alone announces', async (t) => {
  const policy = `
apiVersion: cilium.io/v2alpha1
kind: CiliumL2AnnouncementPolicy
metadata: {name: l2}
spec: {loadBalancerIPs: true}
`
  const world = await begin(t)
  await world.apply(BLUE + serviceYaml('web') + policy)
  await holds(world, [VIP])
  assert.deepEqual([statuses(world), assigned(world)], [[], []])
  assert.equal(conditionOf(world.object(SERVICES, 'web'), 'balise.io/Announced')?.status, 'True')
})

test('what the ConfigMap of old announces is told as well', async (t) => {
  const world = await begin(t)
  await world.apply(legacyYaml('old', '192.168.10.75/32') + serviceYaml('web'))
  await holds(world, [VIP])
  assert.deepEqual(statuses(world), ['default/web by cp1 on eth0'])
})

test('an operator that is restarted writes and tells nothing anew', async (t) => {
  const world = await begin(t)
  await world.apply(BLUE + advertisementYaml() + serviceYaml('web'))
  await holds(world, [VIP])
  for (let i = 0; i < 4; i += 1) await world.apply(serviceYaml(`other${i}`))
  await world.pass(5_000)
  const writes = (): number =>
    world.api.requests.filter(
      ({ verb, resource }) => resource === SERVICE_L2_STATUSES && !['list', 'watch'].includes(verb),
    ).length
  assert.equal(writes(), 2, 'one to create it, one for its status')
  const before = [writes(), eventsOf(world).length]
  await world.restart()
  await holds(world, [VIP])
  assert.deepEqual([writes(), eventsOf(world).length], before)
  assert.deepEqual(statuses(world), ['default/web by cp1 on eth0'])
})

test("a ServiceL2Status of MetalLB's own speakers is left alone", async (t) => {
  const world = await begin(t)
  world.api.put({
    apiVersion: 'metallb.io/v1beta1',
    kind: 'ServiceL2Status',
    metadata: {
      name: 'l2-abcde',
      namespace: METALLB_NAMESPACE,
      labels: { 'metallb.io/node': 'cp1', 'metallb.io/service-name': 'x', 'metallb.io/service-namespace': 'default' },
    },
    status: { node: 'cp1', serviceName: 'x', serviceNamespace: 'default', interfaces: [] },
  })
  await world.apply(BLUE + advertisementYaml() + serviceYaml('web'))
  await holds(world, [VIP])
  assert.deepEqual(statuses(world), ['default/web by cp1 on eth0', 'default/x by cp1 on '])
})

test('a server without the kind is asked now and then, and nobody complains', async (t) => {
  const scenario = createScenario()
  const recover = scenario.api.inject({
    plural: 'servicel2statuses',
    outcome: { code: 'NotFound', message: 'no such kind' },
  })
  const world = await begin(t, scenario)
  await world.apply(BLUE + advertisementYaml() + serviceYaml('web'))
  await holds(world, [VIP])
  assert.deepEqual(assigned(world).length, 1)
  for (let i = 0; i < 4; i += 1) {
    await world.apply(serviceYaml(`other${i}`))
    await holds(world, [VIP])
  }
  const asked = world.api.requests.filter(({ verb, resource }) => verb === 'create' && resource === SERVICE_L2_STATUSES)
  assert.equal(asked.length, 1)
  assert.deepEqual(
    world.log.lines.filter(({ level }) => level === 'error' || level === 'warn'),
    [],
  )
  recover()
  for (let i = 0; i < 20; i += 1) {
    await world.pass(5_000)
    await holds(world, [VIP])
  }
  assert.deepEqual(statuses(world), ['default/web by cp1 on eth0'])
})

test('an address that no node can answer for on the interfaces of the L2Advertisement is told as MetalLB tells it', async (t) => {
  const world = await begin(t)
  await world.apply(BLUE + advertisementYaml('{interfaces: [enp0s1]}') + serviceYaml('web'))
  for (let i = 0; i < 4; i += 1) await holds(world, [])
  await world.pass(3_000)
  assert.match(
    eventsOf(world).find((line) => line.includes('announceFailed')) ?? '',
    /^Warning announceFailed web: No node answers for 192\.168\.10\.75: cp1: interfaces of L2Advertisement metallb-system\/ad match none of its devices \(eth0\)/,
  )
})

test('a Service whose pool no L2Advertisement is about is told what to write', async (t) => {
  const world = await begin(t)
  await world.apply(BLUE + serviceYaml('web'))
  for (let i = 0; i < 4; i += 1) await holds(world, [])
  await world.pass(3_000)
  assert.equal(
    conditionOf(world.object(SERVICES, 'web'), 'balise.io/Announced')?.message,
    'No node answers for 192.168.10.75: no L2Advertisement is about pool metallb-system/blue, and no CiliumL2AnnouncementPolicy selects the Service: create an L2Advertisement in namespace metallb-system with spec.ipAddressPools: [blue]',
  )
})

test("a Service with a node's own address is told that nobody else may answer for it", async (t) => {
  const world = await begin(t)
  await world.apply(BLUE + advertisementYaml() + serviceYaml('web'))
  const node = { apiVersion: 'v1', kind: 'Node', metadata: { name: 'cp1' } }
  world.api.put({ ...node, status: { addresses: [{ type: 'InternalIP', address: VIP }] } })
  await world.pass(8_000)
  const condition = conditionOf(world.object(SERVICES, 'web'), 'balise.io/Announced')
  assert.equal(condition?.reason, 'NodeAddress')
  assert.equal(
    condition.message,
    'No node answers for 192.168.10.75: it is the address of node cp1, which must stay reachable under it: take it out of the pool',
  )
})

const WRONG: readonly (readonly [spec: string, message: string])[] = [
  [
    '{ipAddressPools: [blu]}',
    'spec.ipAddressPools "blu" is no pool of namespace metallb-system: the pools there are blue',
  ],
  [
    '{ipAddressPoolSelectors: [{matchLabels: {tier: web}}]}',
    'spec.ipAddressPoolSelectors "tier=web" selects no pool of namespace metallb-system: label an IPAddressPool so, or change the selector',
  ],
  [
    '{nodeSelectors: [{matchLabels: {rack: a}}]}',
    'spec.nodeSelectors "rack=a" selects no node: label a node so, or change the selector; the nodes are cp1, node1',
  ],
  [
    '{interfaces: [eth0, eth]}',
    'spec.interfaces "eth" matches no interface of the selected nodes: use one that exists: eth0 on cp1, eth0 on node1',
  ],
  [
    '{preferredNodeSelectors: [{weight: 1, preference: {}}]}',
    'spec.preferredNodeSelectors has no effect: Balise spreads addresses evenly over the nodes that may answer: remove it, or narrow nodeSelectors',
  ],
  ['{nodeSelector: {}}', 'spec.nodeSelector "{}" is not a field here: write nodeSelectors'],
  ['{interfaces: eth0}', 'spec.interfaces "eth0" is not a list: write a list, each element with a dash before it'],
]
for (const [spec, message] of WRONG) {
  test(`an Event on the L2Advertisement tells what is wrong in ${spec}, once`, async (t) => {
    const world = await begin(t)
    await world.apply(BLUE + advertisementYaml(spec))
    await world.pass(3_000)
    await world.apply(advertisementYaml(spec, 'other').replace('generation: 1', 'generation: 2'))
    await world.pass(3_000)
    const told = configurationEvents(world).filter((line) => line.includes('L2Advertisement ad:'))
    assert.deepEqual(told, [`Warning InvalidConfiguration L2Advertisement ad: ${message}`])
  })
}

test('an L2Advertisement that is put right is silent, and one that goes wrong again is told of again', async (t) => {
  const world = await begin(t)
  const bad = advertisementYaml('{ipAddressPools: [blu]}')
  for (const yaml of [BLUE + bad, advertisementYaml(), bad]) {
    await world.apply(yaml)
    await world.pass(2_000)
  }
  assert.equal(configurationEvents(world).length, 2)
  await world.remove(L2_ADVERTISEMENTS, 'ad', METALLB_NAMESPACE)
  await world.pass(2_000)
  assert.equal(configurationEvents(world).length, 2)
})

test('PreferDualStack with one family from a pool of MetalLB is told with the event of MetalLB', async (t) => {
  const world = await begin(t)
  const dual = serviceYaml('web', 'ipFamilyPolicy: PreferDualStack').replace('[IPv4]', '[IPv4, IPv6]')
  await world.apply(BLUE + advertisementYaml() + dual)
  await world.pass(3_000)
  assert.deepEqual(
    eventsOf(world).filter((line) => line.includes('AdditionalAssignFailed')),
    [
      'Normal AdditionalAssignFailed web: cannot assign additional IP in PreferDualStack: No pool gives an IPv6 address to this Service. Pool metallb-system/blue has no block of this family. Add addresses of this family to the pool, or create a CiliumLoadBalancerIPPool',
    ],
  )
})

test('a node that leaves addresses to others is shown with the one that is bound to its pods', async (t) => {
  const world = await begin(t)
  const labels = { 'node.kubernetes.io/exclude-from-external-load-balancers': '' }
  const exclude = (): void => {
    world.api.put({ apiVersion: 'v1', kind: 'Node', metadata: { name: 'cp1', labels } })
  }
  const local = 'externalTrafficPolicy: Local\n  selector: {app: web}'
  await world.apply(BLUE + advertisementYaml() + serviceYaml('web', local))
  putNode(world, 'cp1', ['eth0'])
  exclude()
  await world.pass(5_000)
  const condition = conditionOf(world.object(SERVICES, 'web'), 'balise.io/Announced')
  assert.match(condition?.message ?? '', /cp1 or node1 may, if it has a ready endpoint/)
  putNode(world, 'cp1', ['eth0'], [VIP])
  exclude()
  await world.pass(2_000)
  assert.deepEqual(statuses(world), ['default/web by cp1 on eth0'])
})
