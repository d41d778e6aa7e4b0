import assert from 'node:assert/strict'
import test, { afterEach, beforeEach } from 'node:test'
import type { KubeObject } from '#ports/kube-api.ts'
import { L2_POLICIES } from '#ports/kube-resources.ts'
import {
  answers,
  type Cluster,
  createCluster,
  nodeObject,
  policyObject,
  type ScenarioNode,
  serviceObject,
} from './agent-cluster.ts'

/** Step 10 of guide T: several policies, each for some Services and some nodes. */
const [BLUE, RED] = ['192.168.10.75', '192.168.10.76']
const CONTROL_PLANE = 'node-role.kubernetes.io/control-plane'
const WORKERS = { matchExpressions: [{ key: CONTROL_PLANE, operator: 'DoesNotExist' }] }

let cluster: Cluster
let nodes: readonly [ScenarioNode, ScenarioNode]

beforeEach(async () => {
  cluster = createCluster()
  nodes = [cluster.start('cp1'), cluster.start('node1')]
  label('cp1', 1, { [CONTROL_PLANE]: '' })
  cluster.api.put(labelled('blue', BLUE, { color: 'blue' }))
  cluster.api.put(labelled('red', RED, { color: 'red' }))
  await cluster.clock.advance(2000)
})
afterEach(() => cluster.close())

function label(name: string, number: number, labels: Readonly<Record<string, string>>): void {
  const object = nodeObject(name, number)
  cluster.api.put({
    ...object,
    metadata: { ...object.metadata, labels: { 'kubernetes.io/hostname': name, ...labels } },
  })
}

function labelled(name: string, ip: string, labels: Readonly<Record<string, string>>): KubeObject {
  const object = serviceObject(name, { ip })
  return { ...object, metadata: { ...object.metadata, labels } }
}

async function policy(name: string, spec: Readonly<Record<string, unknown>>): Promise<void> {
  const object = policyObject(spec)
  cluster.api.put({ ...object, metadata: { ...object.metadata, name } })
  await cluster.clock.advance(1000)
}

/** Addresses that each node answers for. */
const told = (): readonly (readonly string[])[] => nodes.map(answers)

test('empty selectors mean all, as in the guide', async () => {
  await policy('lab-l2-policy', { nodeSelector: { matchLabels: {} }, serviceSelector: { matchLabels: {} } })
  assert.deepEqual(told().flat().toSorted(), [BLUE, RED])
})

test('a nodeSelector keeps addresses on workers, whatever there is to be had elsewhere', async () => {
  await policy('workers', { nodeSelector: WORKERS })
  assert.deepEqual(told(), [[], [BLUE, RED]])
  label('node1', 2, { [CONTROL_PLANE]: '' })
  await cluster.clock.advance(1000)
  assert.deepEqual(told(), [[], []])
  const { addresses = [] } = nodes[0].agent?.answers.l2() ?? {}
  assert.match(
    addresses[0]?.candidates[0]?.message ?? '',
    /policy workers does not match the node's labels: label the node so/,
  )
})

test('policies with serviceSelectors send Services to different nodes', async () => {
  await policy('blue', {
    serviceSelector: { matchLabels: { color: 'blue' } },
    nodeSelector: { matchLabels: { 'kubernetes.io/hostname': 'node1' } },
  })
  await policy('red', {
    serviceSelector: { matchExpressions: [{ key: 'color', operator: 'NotIn', values: ['blue'] }] },
    nodeSelector: { matchLabels: { 'kubernetes.io/hostname': 'cp1' } },
  })
  assert.deepEqual(told(), [[RED], [BLUE]])
  await cluster.api.delete(L2_POLICIES, { name: 'red' })
  await cluster.clock.advance(1000)
  assert.deepEqual(told(), [[], [BLUE]])
})

test('a serviceSelector sees the name and namespace of a Service as labels', async () => {
  await policy('one', {
    serviceSelector: {
      matchLabels: { 'io.kubernetes.service.namespace': 'default', 'io.kubernetes.service.name': 'red' },
    },
  })
  assert.deepEqual(told().flat(), [RED])
})

test('an address that two policies select answers where either of them says', async () => {
  for (const name of ['cp1', 'node1'])
    await policy(name, { nodeSelector: { matchLabels: { 'kubernetes.io/hostname': name } } })
  const eligible = nodes[0].agent?.answers.l2().addresses[0]?.candidates.map((candidate) => candidate.eligible)
  assert.deepEqual(eligible, [true, true])
  assert.deepEqual(told().flat().toSorted(), [BLUE, RED])
})
