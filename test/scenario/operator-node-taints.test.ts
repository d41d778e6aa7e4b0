import assert from 'node:assert/strict'
import { test } from 'node:test'
import { NETWORK_ANNOTATION } from '#cni/told.ts'
import { LEASE_KIND_LABEL, LEASE_KIND_NODE, nodeLeaseName } from '#l2/node-facts.ts'
import type { KubeFailure, KubeObject } from '#ports/kube-api.ts'
import type { FakeFault } from '#ports/kube-faults.fake.ts'
import { NODES } from '#ports/kube-resources.ts'
import { conditionOf, createOperatorWorld, eventsOf, type OperatorWorld } from './operator-world.ts'

const LEASE_SECONDS = 15
const OURS = { key: 'node.cilium.io/agent-not-ready', effect: 'NoSchedule' }
const FOREIGN = { key: 'dedicated', value: 'db', effect: 'NoExecute' }
const READY = {
  type: 'Ready',
  status: 'True',
  reason: 'KubeletReady',
  message: '',
  lastTransitionTime: '2026-01-01T00:00:00Z',
}

function putNode({ api }: OperatorWorld, name: string, taints: readonly unknown[] = [FOREIGN, OURS]): void {
  api.put({ apiVersion: 'v1', kind: 'Node', metadata: { name }, spec: { taints }, status: { conditions: [READY] } })
}

/** What the agent of a node does every few seconds. */
function renew({ api, clock }: OperatorWorld, name: string, mode = 'full'): void {
  api.put({
    apiVersion: 'coordination.k8s.io/v1',
    kind: 'Lease',
    metadata: {
      name: nodeLeaseName(name),
      namespace: 'kube-system',
      labels: { [LEASE_KIND_LABEL]: LEASE_KIND_NODE },
      annotations: { [NETWORK_ANNOTATION]: mode },
    },
    spec: {
      holderIdentity: name,
      leaseDurationSeconds: LEASE_SECONDS,
      renewTime: new Date(clock.nowMs()).toISOString(),
    },
  })
}

/** Time goes by, and these agents run all the while. */
async function live(world: OperatorWorld, names: readonly string[], durationMs: number, mode = 'full'): Promise<void> {
  for (let passedMs = 0; passedMs < durationMs; passedMs += 3_000) {
    for (const name of names) renew(world, name, mode)
    await world.pass(3_000)
  }
}

function taintsOf(object: KubeObject | undefined): readonly string[] {
  const { taints = [] } = (object?.['spec'] ?? {}) as { readonly taints?: readonly { readonly key: string }[] }
  return taints.map(({ key }) => key)
}

/** `node1: dedicated, NetworkUnavailable False BaliseIsUp` */
function show(world: OperatorWorld): readonly string[] {
  return world.api.objects(NODES).map((node) => {
    const network = conditionOf(node, 'NetworkUnavailable')
    const said = network === undefined ? 'nothing said' : `NetworkUnavailable ${network.status} ${network.reason}`
    return `${node.metadata.name}: ${taintsOf(node).join(' ')}, ${said}`
  })
}

const DONE = ['node1: dedicated, NetworkUnavailable False BaliseIsUp']

test('operator takes the taint off a node and says that its network works once the agent runs', async (t) => {
  const world = await createOperatorWorld()
  t.after(() => world.close())
  putNode(world, 'node1')
  await world.pass(30_000)
  assert.deepEqual(show(world), ['node1: dedicated node.cilium.io/agent-not-ready, nothing said'])
  await live(world, ['node1'], 3_000, 'undecided')
  assert.deepEqual(show(world), ['node1: dedicated node.cilium.io/agent-not-ready, nothing said'])
  await live(world, ['node1'], 3_000)
  assert.deepEqual(show(world), DONE)
  assert.deepEqual(conditionOf(world.object(NODES, 'node1'), 'Ready'), READY)
})

for (const [mode, shown] of [
  ['chained', 'node1: dedicated, nothing said'],
  ['none', 'node1: dedicated node.cilium.io/agent-not-ready, nothing said'],
] as const) {
  test(`operator does on a node of mode ${mode} what belongs to it`, async (t) => {
    const world = await createOperatorWorld()
    t.after(() => world.close())
    putNode(world, 'node1')
    await live(world, ['node1'], 6_000, mode)
    assert.deepEqual(show(world), [shown])
    await world.pass(60_000)
    assert.equal(taintsOf(world.object(NODES, 'node1')).includes(OURS.key), true)
  })
}

test('operator puts the taint back when an agent stops, on its node alone, and takes it off when it is back', async (t) => {
  const world = await createOperatorWorld()
  t.after(() => world.close())
  for (const name of ['node1', 'node2']) putNode(world, name, [FOREIGN])
  await live(world, ['node1', 'node2'], 6_000)
  await live(world, ['node2'], 2 * LEASE_SECONDS * 1000)
  const works = 'NetworkUnavailable False BaliseIsUp'
  assert.deepEqual(show(world), [
    `node1: dedicated node.cilium.io/agent-not-ready, ${works}`,
    `node2: dedicated, ${works}`,
  ])
  await live(world, ['node1', 'node2'], 6_000)
  assert.deepEqual(show(world), [`node1: dedicated, ${works}`, `node2: dedicated, ${works}`])
})

test('operator tells in Events of the Node what it did, and why', async (t) => {
  const world = await createOperatorWorld()
  t.after(() => world.close())
  putNode(world, 'node1')
  await live(world, ['node1'], 6_000)
  await world.pass(2 * LEASE_SECONDS * 1000)
  assert.deepEqual([...eventsOf(world)].toSorted(), [
    'Normal AgentReady node1: Removed taint node.cilium.io/agent-not-ready: the agent of the node runs',
    'Normal BaliseIsUp node1: The network of the node works',
    'Warning AgentNotReady node1: Set taint node.cilium.io/agent-not-ready: the agent of the node has let its Lease run out; see its pod on this node',
  ])
})

test('operator writes a node once, however often agents renew', async (t) => {
  const world = await createOperatorWorld()
  t.after(() => world.close())
  putNode(world, 'node1')
  await live(world, ['node1'], 120_000)
  assert.equal(world.log.lines.filter(({ sentence }) => sentence === 'Node changed').length, 2)
})

/** Nobody can list or watch these for a while. */
function deafen(world: OperatorWorld, plural: string): () => void {
  const outcome = { code: 'Unreachable', message: 'away' } as const
  const ends = (['list', 'watch'] as const).map((verb) => world.api.inject({ verbs: [verb], plural, outcome }))
  world.api.endWatches()
  return () => {
    for (const end of ends) end()
  }
}

test('operator that begins after an outage waits until every agent could have renewed', async (t) => {
  const world = await createOperatorWorld()
  t.after(() => world.close())
  putNode(world, 'node1', [])
  await live(world, ['node1'], 6_000)
  world.api.goAway()
  await world.pass(60_000)
  world.api.comeBack()
  while (!world.operator().status().leading) await world.pass()
  await world.pass(5_000)
  assert.deepEqual(taintsOf(world.object(NODES, 'node1')), [])
  await live(world, ['node1'], 60_000)
  assert.deepEqual(taintsOf(world.object(NODES, 'node1')), [])
  await world.pass(2 * LEASE_SECONDS * 1000)
  assert.deepEqual(taintsOf(world.object(NODES, 'node1')), [OURS.key])
})

for (const [whether, names] of [
  ['that renew all the while', ['node1']],
  ['that could not renew either', []],
] as const) {
  test(`operator that cannot hear the API takes no agent for gone, of those ${whether}`, async (t) => {
    const world = await createOperatorWorld()
    t.after(() => world.close())
    putNode(world, 'node1', [])
    await live(world, ['node1'], 6_000)
    const hear = deafen(world, 'leases')
    await live(world, names, 60_000)
    assert.deepEqual(taintsOf(world.object(NODES, 'node1')), [])
    hear()
    await world.pass(10_000)
    await live(world, ['node1'], 60_000)
    assert.deepEqual(patchesOf(world).length, 1)
  })
}

test('operator that does not see its own writes makes them once', async (t) => {
  const world = await createOperatorWorld()
  t.after(() => world.close())
  putNode(world, 'node1')
  await world.pass(3_000)
  deafen(world, 'nodes')
  await live(world, ['node1'], 30_000)
  assert.deepEqual(show(world), DONE)
  assert.ok(patchesOf(world).length < 5, 'the test of a patch may fail because of the other')
})

test('operator that does not see a node go has nothing to say about it', async (t) => {
  const world = await createOperatorWorld()
  t.after(() => world.close())
  putNode(world, 'node1')
  await world.pass(3_000)
  deafen(world, 'nodes')
  await world.pass()
  await world.remove(NODES, 'node1')
  await live(world, ['node1'], 30_000)
  assert.equal(patchesOf(world).length, 2)
  assert.deepEqual(
    world.log.lines.filter(({ sentence }) => sentence.endsWith(' nodes') && !sentence.includes('list and watch')),
    [],
  )
})

/** What was asked of nodes. */
function patchesOf({ api }: OperatorWorld): readonly unknown[] {
  return api.requests.filter(({ verb, resource }) => verb === 'patch' && resource.plural === NODES.plural)
}

const FAILURES: readonly KubeFailure[] = [
  { code: 'Unreachable', message: 'no answer' },
  { code: 'ServerError', message: 'etcd is away' },
  { code: 'TooManyRequests', message: 'slow down', retryAfterMs: 1_000 },
  { code: 'Conflict', message: 'modified' },
  { code: 'Invalid', message: 'testing value failed' },
  { code: 'Forbidden', message: 'no rule' },
]

for (const outcome of FAILURES) {
  for (const afterwards of [false, true]) {
    const when = afterwards ? 'done, but answered with' : 'refused with'
    test(`operator comes through a change of a node ${when} ${outcome.code}`, async (t) => {
      const world = await createOperatorWorld()
      t.after(() => world.close())
      const fault: FakeFault = { verbs: ['patch'], plural: 'nodes', outcome, afterwards, times: 2 }
      world.api.inject(fault)
      putNode(world, 'node1')
      await live(world, ['node1'], 40_000)
      assert.deepEqual(show(world), DONE)
      putNode(world, 'node1', [OURS, FOREIGN]) // also later, over again
      await live(world, ['node1'], 40_000)
      assert.deepEqual(show(world), DONE)
    })
  }
}

test('operator never overwrites a taint that came while it was refused', async (t) => {
  const world = await createOperatorWorld()
  t.after(() => world.close())
  const end = world.api.inject({ verbs: ['patch'], plural: 'nodes', outcome: { code: 'ServerError', message: 'away' } })
  putNode(world, 'node1')
  await live(world, ['node1'], 6_000)
  putNode(world, 'node1', [
    { key: 'first', effect: 'NoSchedule' },
    OURS,
    FOREIGN,
    { key: 'last', effect: 'NoSchedule' },
  ])
  end()
  await live(world, ['node1'], 60_000)
  assert.deepEqual(taintsOf(world.object(NODES, 'node1')), ['first', 'dedicated', 'last'])
})

test('operator lets go of a node that is deleted while it is refused', async (t) => {
  const world = await createOperatorWorld()
  t.after(() => world.close())
  const end = world.api.inject({ verbs: ['patch'], plural: 'nodes', outcome: { code: 'ServerError', message: 'away' } })
  putNode(world, 'node1')
  putNode(world, 'node2')
  await live(world, ['node1', 'node2'], 6_000)
  await world.remove(NODES, 'node1')
  end()
  await live(world, ['node2'], 60_000)
  assert.deepEqual(show(world), ['node2: dedicated, NetworkUnavailable False BaliseIsUp'])
})

test('operator does the one when it may not do the other, and names the rule that is missing', async (t) => {
  const world = await createOperatorWorld()
  t.after(() => world.close())
  world.api.inject({
    verbs: ['patch'],
    plural: 'nodes',
    name: 'node1',
    outcome: { code: 'Forbidden', message: 'no rule' },
  })
  for (const name of ['node1', 'node2']) putNode(world, name)
  await live(world, ['node1', 'node2'], 30_000)
  assert.deepEqual(show(world)[1], 'node2: dedicated, NetworkUnavailable False BaliseIsUp')
  const complaints = world.log.lines.filter(({ level }) => level === 'error')
  const sentences = new Set(complaints.map(({ sentence }) => sentence))
  assert.deepEqual([...sentences].toSorted(), [
    'The API forbids to patch nodes',
    'The API forbids to patch the status of nodes',
  ])
  assert.match(JSON.stringify(complaints), /nodes\/status/)
})
