import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { jsonPatch } from '#ports/json-patch.fake.ts'
import type { KubeObject } from '#ports/kube-api.ts'
import {
  type AgentReport,
  DEFAULT_NODE_TAINTS,
  DEFAULT_TAINT_KEY,
  type NodeRecord,
  nodeRecord,
  OWN_TAINT_KEY,
  planNode,
} from './node-taints.ts'

const READY: AgentReport = { state: 'ready', mode: 'full' }
const GONE: AgentReport = { state: 'gone', mode: 'full' }
const OURS = { key: DEFAULT_TAINT_KEY, effect: 'NoSchedule' }
const FOREIGN = { key: 'dedicated', value: 'db', effect: 'NoExecute' }
const NETWORK_WORKS = {
  type: 'NetworkUnavailable',
  status: 'False',
  lastHeartbeatTime: '1970-01-01T00:00:01Z',
  lastTransitionTime: '1970-01-01T00:00:01Z',
  reason: 'BaliseIsUp',
  message: 'Balise is running on this node',
}
const KUBELET_READY = { type: 'Ready', status: 'True' }

function nodeObject(taints: readonly unknown[] | undefined, conditions?: readonly unknown[]): KubeObject {
  return {
    apiVersion: 'v1',
    kind: 'Node',
    metadata: { name: 'node1', resourceVersion: '7' },
    spec: taints === undefined ? {} : { taints },
    status: conditions === undefined ? {} : { conditions },
  }
}

function must(object: KubeObject): NodeRecord {
  const record = nodeRecord(object)
  assert.ok(record)
  return record
}

/** The node after what is planned for it; and the plan for that has nothing left to do. */
function after(object: KubeObject, report: AgentReport, settings = DEFAULT_NODE_TAINTS): KubeObject {
  const plan = (of: KubeObject): ReturnType<typeof planNode> => planNode(must(of), report, settings, 1_000)
  let current: unknown = object
  for (const change of Object.values(plan(object)) as ReturnType<typeof plan>['taints'][]) {
    if (change === undefined) continue
    const patched = jsonPatch(current, change.patch)
    assert.ok(patched.ok)
    current = patched.value
  }
  assert.deepEqual(plan(current as KubeObject), { taints: undefined, network: undefined })
  return current as KubeObject
}

function taintsOf(object: KubeObject): unknown {
  return (object['spec'] as { readonly taints?: unknown }).taints
}

function conditionsOf(object: KubeObject): unknown {
  return (object['status'] as { readonly conditions?: unknown }).conditions
}

test('planNode() takes its taints off a node whose agent is ready, and leaves those of others in their order', () => {
  const second = { key: OWN_TAINT_KEY, effect: 'NoExecute', value: 'x' }
  const third = { key: DEFAULT_TAINT_KEY, effect: 'NoExecute' }
  const other = { key: 'node.kubernetes.io/unschedulable', effect: 'NoSchedule', timeAdded: '2026-01-01T00:00:00Z' }
  assert.deepEqual(taintsOf(after(nodeObject([OURS, FOREIGN, second, third, other]), READY)), [FOREIGN, other])
})

test('planNode() says which taints it takes off', () => {
  const object = nodeObject([OURS, { key: OWN_TAINT_KEY, effect: 'NoSchedule' }, { ...OURS, effect: 'NoExecute' }])
  const { taints } = planNode(must(object), READY, DEFAULT_NODE_TAINTS, 0)
  assert.equal(taints?.text, `taints ${OWN_TAINT_KEY}, ${DEFAULT_TAINT_KEY} removed`)
})

test('planNode() goes by the key that is configured, and by its own', () => {
  const settings = { ...DEFAULT_NODE_TAINTS, agentNotReadyTaintKey: 'example.com/wait' }
  const wait = { key: 'example.com/wait', effect: 'NoSchedule' }
  const own = { key: OWN_TAINT_KEY, effect: 'NoSchedule' }
  assert.deepEqual(taintsOf(after(nodeObject([wait, OURS, own]), READY, settings)), [OURS])
  assert.deepEqual(taintsOf(after(nodeObject([]), GONE, settings)), [wait])
})

test('planNode() puts the taint back where the agent is gone, beside those of others', () => {
  assert.deepEqual(taintsOf(after(nodeObject([FOREIGN]), GONE)), [FOREIGN, OURS])
  assert.deepEqual(taintsOf(after(nodeObject([]), GONE)), [OURS])
  assert.deepEqual(taintsOf(after(nodeObject(undefined), GONE)), [OURS])
  assert.deepEqual(taintsOf(after(nodeObject([{ ...OURS, effect: 'NoExecute' }]), GONE)), [
    { ...OURS, effect: 'NoExecute' },
  ])
})

test('planNode() says that the network works, where nobody has said so', () => {
  assert.deepEqual(conditionsOf(after(nodeObject([], [KUBELET_READY]), READY)), [KUBELET_READY, NETWORK_WORKS])
  assert.deepEqual(conditionsOf(after(nodeObject([], []), READY)), [NETWORK_WORKS])
  assert.deepEqual(conditionsOf(after(nodeObject([]), READY)), [NETWORK_WORKS])
  const pressure = { type: 'DiskPressure', status: 'False' }
  const away = { type: 'NetworkUnavailable', status: 'True', reason: 'NoRouteCreated' }
  const conditions = [pressure, away, KUBELET_READY]
  assert.deepEqual(conditionsOf(after(nodeObject([], conditions), READY)), [pressure, NETWORK_WORKS, KUBELET_READY])
})

test("planNode() leaves another's word that the network works", () => {
  const theirs = { type: 'NetworkUnavailable', status: 'False', reason: 'RouteCreated' }
  assert.deepEqual(conditionsOf(after(nodeObject([], [theirs]), READY)), [theirs])
})

/** What changes nothing. */
const IDLE: readonly (readonly [string, AgentReport])[] = [
  ['whose network is not ours', { state: 'ready', mode: 'none' }],
  ['whose agent has not said yet whose network it is', { state: 'ready', mode: undefined }],
  ['of whose agent nothing is known', { state: 'unknown', mode: 'full' }],
  ['without an agent where the network was never ours', { state: 'gone', mode: 'none' }],
]

for (const [which, report] of IDLE) {
  test(`planNode() leaves a node alone ${which}`, () => {
    const object = nodeObject([OURS, FOREIGN], [KUBELET_READY])
    assert.deepEqual(after(object, report), object)
  })
}

test('planNode() takes off taints where it is chained, and leaves the condition to the network that it is behind', () => {
  const object = after(nodeObject([OURS], [KUBELET_READY]), { state: 'ready', mode: 'chained' })
  assert.deepEqual([taintsOf(object), conditionsOf(object)], [[], [KUBELET_READY]])
})

for (const [setting, report, object] of [
  ['removeNodeTaints', READY, nodeObject([OURS], [NETWORK_WORKS])],
  ['setNodeTaints', GONE, nodeObject([], [])],
  ['setNodeNetworkStatus', READY, nodeObject([], [])],
] as const) {
  test(`planNode() does without ${setting} where it is switched off`, () => {
    const settings = { ...DEFAULT_NODE_TAINTS, [setting]: false }
    assert.deepEqual(after(object, report, settings), object)
  })
}

test('planNode() makes patches that fail on a node which somebody changed meanwhile', () => {
  const { taints: remove, network } = planNode(
    must(nodeObject([FOREIGN, OURS], [KUBELET_READY])),
    READY,
    DEFAULT_NODE_TAINTS,
    0,
  )
  const { taints: add } = planNode(must(nodeObject([])), GONE, DEFAULT_NODE_TAINTS, 0)
  const { taints: beside } = planNode(must(nodeObject([FOREIGN])), GONE, DEFAULT_NODE_TAINTS, 0)
  const changed = { ...nodeObject([OURS], []), metadata: { name: 'node1', resourceVersion: '8' } }
  for (const change of [remove, network, add, beside]) {
    assert.ok(change)
    assert.equal(jsonPatch(changed, change.patch).ok, false)
  }
})

test('planNode() never changes what is not ours, whatever is on a node', () => {
  const keys = fc.constantFrom(DEFAULT_TAINT_KEY, OWN_TAINT_KEY, 'a', 'b', 'c')
  const effects = fc.constantFrom('NoSchedule', 'NoExecute', 'PreferNoSchedule')
  const anyTaint = fc.tuple(keys, effects).map(([key, effect]) => ({ key, effect }))
  const property = fc.property(fc.array(anyTaint), fc.constantFrom(READY, GONE), (taints, report) => {
    const left = taintsOf(after(nodeObject(taints), report)) as typeof taints
    const foreign = (all: typeof taints): typeof taints => all.filter(({ key }) => !key.startsWith('node.'))
    assert.deepEqual(foreign(left), foreign(taints))
    assert.equal(
      left.some(({ key }) => key === DEFAULT_TAINT_KEY),
      report === GONE,
    )
  })
  fc.assert(property)
})

test('nodeRecord() bears taints and conditions that are none', () => {
  const record = must({ ...nodeObject(undefined), spec: { taints: 'x' }, status: { conditions: [null, 7, 'x'] } })
  assert.deepEqual([record.taints, record.network], [undefined, { kind: 'unsaid', conditions: [null, 7, 'x'] }])
})
