import assert from 'node:assert/strict'
import test, { afterEach, beforeEach } from 'node:test'
import {
  answers,
  type Cluster,
  createCluster,
  type EndpointOptions,
  policyObject,
  type ScenarioNode,
  serviceObject,
  sliceObject,
} from './agent-cluster.ts'

const VIP = '192.168.10.75'
/** Well below the settling of a Lease: an address moves by what all nodes see of endpoints. */
const ROUND_MS = 200

let cluster: Cluster
let nodes: readonly [ScenarioNode, ScenarioNode]

beforeEach(async () => {
  cluster = createCluster()
  nodes = [cluster.start('cp1'), cluster.start('node1')]
  cluster.api.put(policyObject())
  cluster.api.put(serviceObject('web', { ip: VIP, spec: { externalTrafficPolicy: 'Local' } }))
})
afterEach(() => cluster.close())

const pod = (nodeName: string, state: Partial<EndpointOptions> = {}): EndpointOptions => ({
  address: nodeName === 'cp1' ? '10.244.0.2' : '10.244.1.2',
  nodeName,
  ...state,
})
const LEAVING = { ready: false, serving: true, terminating: true }
const GONE = { ready: false, serving: false, terminating: true }

/** `cp1 10.244.0.2`: who answers for the address, and where he would send a client. */
function ways(): readonly string[] {
  return nodes
    .filter((node) => answers(node).includes(VIP))
    .map((node) => {
      const frontends = node.agent?.answers.services().frontends ?? []
      const frontend = frontends.find(({ address, scope }) => address === VIP && scope === 'external')
      const serving = frontend?.backends.filter((backend) => backend.serving).map(({ address }) => address) ?? []
      return [node.name, ...serving].join(' ')
    })
}

async function endpoints(...options: readonly EndpointOptions[]): Promise<void> {
  cluster.api.put(sliceObject('web', options))
  await cluster.clock.advance(ROUND_MS)
}

test('the node that answers always has a pod to send to, and only pods of its own', async () => {
  await endpoints(pod('cp1'), pod('node1'))
  await cluster.clock.advance(2000)
  const [way] = ways()
  assert.ok(way === 'cp1 10.244.0.2' || way === 'node1 10.244.1.2', way)
  assert.equal(ways().length, 1)
})

test('an owner whose last pod leaves hands the address on at once, and serves by that pod whoever still comes', async () => {
  await endpoints(pod('cp1'))
  await cluster.clock.advance(2000)
  assert.deepEqual(ways(), ['cp1 10.244.0.2'])
  await endpoints(pod('cp1', LEAVING), pod('node1'))
  assert.deepEqual(ways(), ['node1 10.244.1.2'])
  const left = nodes[0].agent?.answers
    .services()
    .frontends.find((one) => one.address === VIP && one.scope === 'external')
  assert.deepEqual(
    left?.backends.filter(({ serving }) => serving).map(({ address, state }) => [address, state]),
    [['10.244.0.2', 'terminating']],
  )
  await endpoints(pod('node1'))
  assert.deepEqual(ways(), ['node1 10.244.1.2'])
})

test('pods that terminate serve as long as no ready one is anywhere, and their node keeps the address', async () => {
  await endpoints(pod('node1'))
  await cluster.clock.advance(2000)
  await endpoints(pod('node1', LEAVING))
  assert.deepEqual(ways(), ['node1 10.244.1.2'])
  await endpoints(pod('node1', LEAVING), pod('cp1'))
  assert.deepEqual(ways(), ['cp1 10.244.0.2'])
})

test('nobody answers for an address that nobody could serve, each node says why, and the next pod brings it back', async () => {
  await endpoints(pod('node1'))
  await cluster.clock.advance(2000)
  await endpoints(pod('node1', GONE))
  assert.deepEqual(ways(), [])
  assert.deepEqual(
    nodes[0].agent?.answers.l2().addresses[0]?.candidates.map(({ node, message }) => [node, message]),
    ['cp1', 'node1'].map((name) => [name, 'externalTrafficPolicy is Local and no ready endpoint runs here']),
  )
  await endpoints(pod('cp1'))
  assert.deepEqual(ways(), ['cp1 10.244.0.2'])
})

test('pods that come and go in any order never leave an owner without a pod', async () => {
  const states = [undefined, {}, LEAVING, GONE] as const
  let looked = 0
  for (let step = 0; step < 64; step += 1) {
    const here = states[(step * 7) % 4]
    const there = states[(step * 11 + (step >> 2)) % 4]
    await endpoints(
      ...(here === undefined ? [] : [pod('cp1', here)]),
      ...(there === undefined ? [] : [pod('node1', there)]),
    )
    for (const way of ways()) {
      assert.match(way, /^(cp1 10\.244\.0\.2|node1 10\.244\.1\.2)$/, `step ${step}`)
      looked += 1
    }
  }
  assert.ok(looked > 20)
})
