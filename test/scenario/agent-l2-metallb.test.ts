/** Agents that read MetalLB's objects, beside the policies of Cilium. */
import assert from 'node:assert/strict'
import test, { afterEach, beforeEach } from 'node:test'
import { METALLB_NAMESPACE } from '#crd/metallb/kinds.ts'
import type { KubeObject, KubeRef, KubeResource } from '#ports/kube-api.ts'
import { ADDRESS_POOLS, CONFIG_MAPS, L2_ADVERTISEMENTS, L2_POLICIES, NODES } from '#ports/kube-resources.ts'
import {
  answers,
  type Cluster,
  createCluster,
  nodeObject,
  policyObject,
  type ScenarioNode,
  serviceObject,
  sliceObject,
} from './agent-cluster.ts'

const BLUE = '192.168.10.75'
const RED = '192.168.10.90'
/** Of no pool of MetalLB. */
const OTHER = '192.168.10.120'
const ROUND_MS = 200

let cluster: Cluster

beforeEach(() => {
  cluster = createCluster()
})
afterEach(() => cluster.close())

const environment = { BALISE_ENABLE_METALLB: 'true' }

function startTwo(): readonly [ScenarioNode, ScenarioNode] {
  return [cluster.start('cp1', { environment }), cluster.start('node1', { environment })]
}

function poolObject(name: string, range: string, labels: Readonly<Record<string, string>> = {}): KubeObject {
  return metallbObject('IPAddressPool', name, { addresses: [range] }, labels)
}

function advertisementObject(spec: Readonly<Record<string, unknown>> = {}, name = 'ad'): KubeObject {
  return metallbObject('L2Advertisement', name, spec)
}

function metallbObject(
  kind: string,
  name: string,
  spec: object,
  labels: Readonly<Record<string, string>> = {},
): KubeObject {
  return {
    apiVersion: 'metallb.io/v1beta1',
    kind,
    metadata: { name, namespace: METALLB_NAMESPACE, generation: 1, labels },
    spec,
  }
}

/** Two agents, two pools of MetalLB, and a Service with an address of each; none of Cilium's objects. */
async function world(...objects: readonly KubeObject[]): Promise<readonly ScenarioNode[]> {
  const nodes = startTwo()
  cluster.api.put(poolObject('blue', '192.168.10.64/28'))
  cluster.api.put(poolObject('red', '192.168.10.80-192.168.10.95', { tier: 'web' }))
  cluster.api.put(serviceObject('blue', { ip: BLUE }))
  cluster.api.put(serviceObject('red', { ip: RED }))
  cluster.api.put(serviceObject('other', { ip: OTHER }))
  for (const object of objects) cluster.api.put(object)
  await cluster.clock.advance(2000)
  return nodes
}

const answered = (nodes: readonly ScenarioNode[]): readonly string[] => nodes.flatMap(answers).toSorted()
const put = async (object: KubeObject): Promise<void> => {
  cluster.api.put(object)
  await cluster.clock.advance(ROUND_MS)
}

const remove = async (resource: KubeResource, ref: KubeRef): Promise<void> => {
  await cluster.api.delete(resource, ref)
  await cluster.clock.advance(ROUND_MS)
}

test('without an L2Advertisement nobody answers for the address of a pool, and l2 list says what to write', async () => {
  const nodes = await world()
  assert.deepEqual(answered(nodes), [])
  const [entry] = nodes[0]?.agent?.answers.l2().addresses ?? []
  assert.match(
    entry?.candidates[0]?.message ?? '',
    /^no L2Advertisement is about pool metallb-system\/blue, .*spec\.ipAddressPools: \[blue\]$/,
  )
})

test('an L2Advertisement without a spec announces all pools of its namespace, and no other address', async () => {
  const nodes = await world(advertisementObject())
  assert.deepEqual(answered(nodes), [BLUE, RED])
})

test('ipAddressPools and ipAddressPoolSelectors narrow an L2Advertisement, several of them add up', async () => {
  const nodes = await world(advertisementObject({ ipAddressPools: ['blue'] }))
  assert.deepEqual(answered(nodes), [BLUE])
  await put(advertisementObject({ ipAddressPoolSelectors: [{ matchLabels: { tier: 'web' } }] }, 'second'))
  assert.deepEqual(answered(nodes), [BLUE, RED])
  await remove(L2_ADVERTISEMENTS, { name: 'ad', namespace: METALLB_NAMESPACE })
  assert.deepEqual(answered(nodes), [RED])
})

test('nodeSelectors choose the node, and one more of them another', async () => {
  const on = (name: string) => ({ matchLabels: { 'kubernetes.io/hostname': name } })
  const [cp1, node1] = await world(advertisementObject({ nodeSelectors: [on('node1')] }))
  assert.ok(cp1 !== undefined && node1 !== undefined)
  assert.deepEqual([answers(cp1), answers(node1)], [[], [BLUE, RED]])
  await put(advertisementObject({ nodeSelectors: [on('cp1')] }))
  assert.deepEqual([answers(cp1), answers(node1)], [[BLUE, RED], []])
})

test('a node that is excluded from load balancers answers only where no other can, as far as MetalLB is concerned', async () => {
  const [cp1, node1] = await world(advertisementObject())
  assert.ok(cp1 !== undefined && node1 !== undefined)
  const label = 'node.kubernetes.io/exclude-from-external-load-balancers'
  const exclude = async (...names: readonly string[]): Promise<void> => {
    for (const [index, name] of ['cp1', 'node1'].entries()) {
      const object = nodeObject(name, index + 1)
      const labels = { ...object.metadata.labels, ...(names.includes(name) ? { [label]: '' } : {}) }
      cluster.api.put({ ...object, metadata: { ...object.metadata, labels } })
    }
    await cluster.clock.advance(2000)
  }
  await exclude('cp1')
  assert.deepEqual([answers(cp1), answers(node1)], [[], [BLUE, RED]])
  await exclude('node1')
  assert.deepEqual([answers(cp1), answers(node1)], [[BLUE, RED], []])
  const [entry] = cp1.agent?.answers.l2().addresses ?? []
  assert.match(entry?.candidates[1]?.message ?? '', /^it has the label .*, so it answers only where no other node can/)
  await exclude('cp1', 'node1')
  assert.deepEqual(answered([cp1, node1]), [BLUE, RED])
})

test('interfaces are exact names, and the mistake of one that no node has shows in l2 list', async () => {
  const nodes = await world(advertisementObject({ interfaces: ['eth'] }))
  assert.deepEqual(answered(nodes), [])
  assert.deepEqual(
    nodes[0]?.agent?.answers.l2().policies.map(({ kind, policy, problems }) => [kind, policy, problems]),
    [['L2Advertisement', 'metallb-system/ad', ['spec.interfaces "eth" matches no device of node cp1: it has eth0']]],
  )
  await put(advertisementObject({ interfaces: ['eth0'] }))
  assert.deepEqual(answered(nodes), [BLUE, RED])
})

test('an L2Advertisement with a mistake in what narrows it announces nothing; the rest stays in force', async () => {
  const nodes = await world(
    advertisementObject({ ipAddressPools: ['blue'] }),
    advertisementObject({ nodeSelectors: 'x' }, 'bad'),
  )
  assert.deepEqual(answered(nodes), [BLUE])
  const problems = nodes[0]?.agent?.answers.l2().policies.map(({ policy, problems: all }) => [policy, ...all])
  assert.deepEqual(problems, [
    ['metallb-system/ad'],
    ['metallb-system/bad', 'spec.nodeSelectors "x" is not a list: write a list, each element with a dash before it'],
  ])
})

test('a mistake in a pool takes no address off the wire, whether it is in its audience or in its addresses', async () => {
  const nodes = await world(advertisementObject({ ipAddressPools: ['blue'] }))
  const wrong = { addresses: ['192.168.10.64/28'], serviceAllocation: { namespaces: 'shop' } }
  await put(metallbObject('IPAddressPool', 'blue', wrong))
  assert.deepEqual(answered(nodes), [BLUE])
  const service = serviceObject('blue', { ip: BLUE })
  const from = { 'metallb.io/ip-allocated-from-pool': 'blue' }
  await put({ ...service, metadata: { ...service.metadata, annotations: from } })
  await put(poolObject('blue', '192.168.10.64/280'))
  assert.deepEqual(answered(nodes), [BLUE])
  await put(poolObject('blue', '192.168.11.64/28'))
  assert.deepEqual(answered(nodes), [])
})

test('a shared address is answered for if one of its Services is selected', async () => {
  const nodes = await world(advertisementObject({ serviceSelectors: [{ matchLabels: { tier: 'web' } }] }))
  const service = serviceObject('partner', { ip: BLUE })
  await put({ ...service, metadata: { ...service.metadata, labels: { tier: 'web' } } })
  assert.deepEqual(answered(nodes), [BLUE])
  assert.deepEqual(nodes[0]?.agent?.answers.l2().addresses[0]?.services, ['default/blue', 'default/partner'])
})

test('a pool that is not there is named in l2 list, with those that are', async () => {
  const nodes = await world(advertisementObject({ ipAddressPools: ['blu'] }))
  assert.deepEqual(answered(nodes), [])
  assert.deepEqual(nodes[1]?.agent?.answers.l2().policies[0]?.problems, [
    'spec.ipAddressPools "blu" is no pool of namespace metallb-system: the pools there are blue, red',
  ])
})

test('a pool that is moved or goes takes its addresses off the wire, and one that comes brings them', async () => {
  const nodes = await world(advertisementObject())
  await put(poolObject('blue', '10.0.0.0/24'))
  assert.deepEqual(answered(nodes), [RED])
  await remove(ADDRESS_POOLS, { name: 'red', namespace: METALLB_NAMESPACE })
  assert.deepEqual(answered(nodes), [])
  await put(poolObject('all', '192.168.10.64/26'))
  assert.deepEqual(answered(nodes), [BLUE, OTHER, RED].toSorted())
})

test('both dialects side by side: a policy of Cilium announces what an L2Advertisement does not, whichever pool it is of', async () => {
  const nodes = await world(advertisementObject({ ipAddressPools: ['blue'] }))
  await put(policyObject({ serviceSelector: { matchLabels: { 'io.kubernetes.service.name': 'red' } } }))
  assert.deepEqual(answered(nodes), [BLUE, RED])
  await put(policyObject())
  assert.deepEqual(answered(nodes), [OTHER, BLUE, RED].toSorted())
  await remove(L2_POLICIES, { name: 'lab-l2-policy' })
  assert.deepEqual(answered(nodes), [BLUE])
})

test('the same address by both dialects is answered for once, on the devices of both, and stays while one is left', async () => {
  const eth1 = { name: 'eth1', ifindex: 3 }
  const nodes = [cluster.start('cp1', { environment, device: eth1 })]
  cluster.api.put(poolObject('blue', '192.168.10.64/28'))
  cluster.api.put(serviceObject('blue', { ip: BLUE }))
  cluster.api.put(policyObject({ interfaces: ['eth0'] }))
  cluster.api.put(advertisementObject({ interfaces: ['eth1'] }))
  await cluster.clock.advance(2000)
  assert.deepEqual(answered(nodes), [BLUE])
  assert.deepEqual(nodes[0]?.agent?.answers.l2().addresses[0]?.devices, ['eth1'])
  await remove(L2_ADVERTISEMENTS, { name: 'ad', namespace: METALLB_NAMESPACE })
  assert.deepEqual(answered(nodes), [])
})

test('externalTrafficPolicy Local binds an advertised address to a node with a ready endpoint, and moves with it', async () => {
  const [cp1, node1] = startTwo()
  cluster.api.put(poolObject('blue', '192.168.10.64/28'))
  cluster.api.put(advertisementObject())
  cluster.api.put(serviceObject('web', { ip: BLUE, spec: { externalTrafficPolicy: 'Local' } }))
  cluster.api.put(sliceObject('web', [{ address: '10.244.1.2', nodeName: 'node1' }]))
  await cluster.clock.advance(2000)
  assert.deepEqual([answers(cp1), answers(node1)], [[], [BLUE]])
  await put(sliceObject('web', [{ address: '10.244.0.2', nodeName: 'cp1' }]))
  assert.deepEqual([answers(cp1), answers(node1)], [[BLUE], []])
})

test('externalTrafficPolicy Local of a Service that both dialects select needs one node that suits endpoint and either selector', async () => {
  const on = (name: string) => ({ matchLabels: { 'kubernetes.io/hostname': name } })
  const nodes = await world(advertisementObject({ nodeSelectors: [on('cp1')] }))
  cluster.api.put(serviceObject('blue', { ip: BLUE, spec: { externalTrafficPolicy: 'Local' } }))
  await put(sliceObject('blue', [{ address: '10.244.1.2', nodeName: 'node1' }]))
  assert.deepEqual(answered(nodes), [RED])
  await put(
    policyObject({
      nodeSelector: on('node1'),
      serviceSelector: { matchLabels: { 'io.kubernetes.service.name': 'blue' } },
    }),
  )
  assert.deepEqual(nodes.map(answers), [[RED], [BLUE]])
})

test('serviceSelectors narrow an L2Advertisement by the labels of Services', async () => {
  const nodes = await world(advertisementObject({ serviceSelectors: [{ matchLabels: { tier: 'web' } }] }))
  assert.deepEqual(answered(nodes), [])
  const service = serviceObject('red', { ip: RED })
  await put({ ...service, metadata: { ...service.metadata, labels: { tier: 'web' } } })
  assert.deepEqual(answered(nodes), [RED])
})

test('the ConfigMap of old announces its pools of protocol layer2, without any L2Advertisement', async () => {
  const pools = [
    { name: 'old', protocol: 'layer2', addresses: ['192.168.10.112/28'] },
    { name: 'routed', protocol: 'bgp', addresses: ['192.168.10.64/28'] },
  ]
  const nodes = startTwo()
  cluster.api.put(serviceObject('old', { ip: OTHER }))
  cluster.api.put(serviceObject('routed', { ip: BLUE }))
  const config = JSON.stringify({ 'address-pools': pools })
  await put({
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name: 'config', namespace: METALLB_NAMESPACE },
    data: { config },
  })
  await cluster.clock.advance(2000)
  assert.deepEqual(answered(nodes), [OTHER])
  await remove(CONFIG_MAPS, { name: 'config', namespace: METALLB_NAMESPACE })
  assert.deepEqual(answered(nodes), [])
})

test('a ConfigMap that is no YAML any more takes nothing off the wire that a pool of it gave out', async () => {
  const nodes = startTwo()
  const putFrom = async (name: string, ip: string, from: string): Promise<void> => {
    const service = serviceObject(name, { ip })
    await put({
      ...service,
      metadata: { ...service.metadata, annotations: { 'metallb.io/ip-allocated-from-pool': from } },
    })
  }
  const configMap = (config: string): KubeObject => ({
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name: 'config', namespace: METALLB_NAMESPACE },
    data: { config },
  })
  const good = JSON.stringify({
    'address-pools': [{ name: 'old', protocol: 'layer2', addresses: ['192.168.10.112/28'] }],
  })
  cluster.api.put(poolObject('blue', '192.168.10.64/28'))
  await putFrom('old', OTHER, 'old')
  await putFrom('blue', BLUE, 'blue')
  cluster.api.put(serviceObject('stranger', { ip: RED }))
  await put(configMap(good))
  await cluster.clock.advance(2000)
  assert.deepEqual(answered(nodes), [OTHER])
  for (const slip of ['address-pools: [', '- a list', '']) {
    await put(configMap(slip))
    await cluster.clock.advance(2000)
    assert.deepEqual(answered(nodes), [OTHER], slip)
  }
  await put(configMap('address-pools: []'))
  await cluster.clock.advance(2000)
  assert.deepEqual(answered(nodes), [])
})

test('an agent that is not told to read MetalLB does not ask for its kinds, and announces by policies alone', async () => {
  const nodes = [cluster.start('cp1')]
  cluster.api.put(poolObject('blue', '192.168.10.64/28'))
  cluster.api.put(advertisementObject())
  cluster.api.put(serviceObject('blue', { ip: BLUE }))
  await cluster.clock.advance(2000)
  assert.deepEqual(answered(nodes), [])
  assert.ok(cluster.api.requests.every(({ resource }) => resource.group !== 'metallb.io' && resource !== CONFIG_MAPS))
})

test("nobody answers for an address that is a node's own, although a policy selects the Service that shows it", async () => {
  const [cp1, node1] = startTwo()
  cluster.api.put(policyObject())
  cluster.api.put(serviceObject('nodes', { ip: '192.168.10.215' }))
  cluster.api.put(serviceObject('external', { spec: { externalIPs: ['192.168.10.216'] } }))
  cluster.api.put(serviceObject('web', { ip: OTHER }))
  await cluster.clock.advance(2000)
  assert.deepEqual(answered([cp1, node1]), [OTHER])
  assert.deepEqual(
    cp1.agent?.answers.l2().addresses.map(({ address }) => address),
    [OTHER],
  )
})

test('an address that becomes that of a node is let go, and taken when it is free again', async () => {
  const nodes = startTwo()
  cluster.api.put(policyObject())
  cluster.api.put(serviceObject('web', { ip: '192.168.10.217' }))
  await cluster.clock.advance(2000)
  assert.deepEqual(answered(nodes), ['192.168.10.217'])
  await put(nodeObject('node2', 3))
  assert.deepEqual(answered(nodes), [])
  await remove(NODES, { name: 'node2' })
  assert.deepEqual(answered(nodes), ['192.168.10.217'])
})
