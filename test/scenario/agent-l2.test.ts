import assert from 'node:assert/strict'
import test, { afterEach, beforeEach } from 'node:test'
import type { KubeApi } from '#ports/kube-api.ts'
import { L2_POLICIES, LEASES, SERVICES } from '#ports/kube-resources.ts'
import {
  answers,
  type Cluster,
  createCluster,
  lanDevice,
  policyObject,
  type ScenarioNode,
  serviceObject,
  sliceObject,
} from './agent-cluster.ts'

const VIP = '192.168.10.75'
const LEASE_MS = 15_000
/** Enough for a change to go round: watch, election, responder. */
const ROUND_MS = 100

let cluster: Cluster

beforeEach(() => {
  cluster = createCluster()
})
afterEach(() => cluster.close())

function startTwo(): readonly [ScenarioNode, ScenarioNode] {
  return [cluster.start('cp1'), cluster.start('node1')]
}

async function announced(ips: readonly string[] = [VIP]): Promise<readonly [ScenarioNode, ScenarioNode]> {
  const nodes = startTwo()
  cluster.api.put(policyObject())
  for (const [index, ip] of ips.entries()) cluster.api.put(serviceObject(`web${index}`, { ip }))
  await cluster.clock.advance(2000)
  return nodes
}

const ownerOf = (nodes: readonly ScenarioNode[], ip = VIP): readonly string[] =>
  nodes.filter((node) => answers(node).includes(ip)).map(({ name }) => name)

const other = (nodes: readonly ScenarioNode[], one: ScenarioNode): ScenarioNode => {
  const found = nodes.find((node) => node !== one)
  assert.ok(found !== undefined)
  return found
}

const owner = (nodes: readonly ScenarioNode[], ip = VIP): ScenarioNode => {
  const found = nodes.find((node) => answers(node).includes(ip))
  assert.ok(found !== undefined, `nobody answers for ${ip}`)
  return found
}

async function crash(node: ScenarioNode): Promise<void> {
  const end = node.agent?.close()
  await cluster.clock.advance(0)
  await end
  node.agent = undefined
}

test('exactly one node answers for each address', async () => {
  const ips = ['192.168.10.75', '192.168.10.76', '192.168.10.77', '192.168.10.78']
  const nodes = await announced(ips)
  for (const ip of ips) assert.equal(ownerOf(nodes, ip).length, 1)
})

test('the owner answers before it tells the neighbours, in both forms of gratuitous ARP, six times in 5 s', async () => {
  const nodes = await announced()
  const { frames } = owner(nodes)
  await cluster.clock.advance(6000)
  assert.equal(frames.sent.length, 2 * 6)
  assert.equal(other(nodes, owner(nodes)).frames.sent.length, 0)
})

test('objects that come in any order lead to the same answer', async () => {
  const objects = [
    policyObject(),
    serviceObject('web', { ip: VIP }),
    sliceObject('web', [{ address: '10.244.0.2', nodeName: 'cp1' }]),
  ]
  for (const order of [objects, objects.toReversed()]) {
    const one = createCluster()
    for (const object of order) one.api.put(object)
    const nodes = [one.start('cp1'), one.start('node1')]
    await one.clock.advance(2000)
    assert.deepEqual(ownerOf(nodes).length, 1)
    await one.close()
  }
})

test('when the owner dies the other takes over as soon as its Lease runs out, and keeps the address when it is back', async () => {
  const nodes = await announced()
  const dead = owner(nodes)
  const heir = other(nodes, dead)
  await crash(dead)
  await cluster.clock.advance(LEASE_MS - 3500)
  assert.deepEqual(answers(heir), [])
  await cluster.clock.advance(4000)
  assert.deepEqual(answers(heir), [VIP])
  cluster.restart(dead)
  await cluster.clock.advance(2000)
  assert.deepEqual([answers(dead), answers(heir)], [[], [VIP]])
})

test('an agent that is back within its Lease goes on with what it held, without a gap and without new gratuitous ARP', async () => {
  const nodes = await announced()
  const node = owner(nodes)
  await cluster.clock.advance(6000)
  const sent = node.frames.sent.length
  await crash(node)
  await cluster.clock.advance(2000)
  assert.deepEqual(answers(node), [VIP])
  cluster.restart(node)
  await cluster.clock.advance(5000)
  assert.deepEqual(answers(node), [VIP])
  assert.equal(node.frames.sent.length, sent)
})

test('the owner whose carrier is lost gives the address to the other at once', async () => {
  const nodes = await announced()
  const node = owner(nodes)
  const number = nodes.indexOf(node) + 1
  node.net.set([lanDevice(number, { carrier: false })])
  await cluster.clock.advance(ROUND_MS)
  assert.deepEqual([answers(node), answers(other(nodes, node))], [[], [VIP]])
})

test('addresses stay where they are while the API is away, for hours, and when it is back', async () => {
  const nodes = await announced()
  const node = owner(nodes)
  cluster.api.goAway()
  for (let hour = 1; hour <= 3; hour++) {
    await cluster.clock.advance(3600_000)
    assert.deepEqual(ownerOf(nodes), [node.name])
    for (const { agent } of nodes) assert.equal(agent?.answers.health().state, 'degraded', 'no probe ends an agent')
  }
  assert.equal(nodes[0].agent?.answers.status().kubernetes.state, 'unreachable')
  cluster.api.comeBack()
  await cluster.clock.advance(60_000)
  assert.deepEqual(ownerOf(nodes), [node.name])
  assert.equal(nodes[0].agent?.answers.status().state, 'ok')
})

test('an owner that was cut off and keeps the address tells the neighbours anew', async () => {
  const nodes = await announced()
  const node = owner(nodes)
  await cluster.clock.advance(10_000)
  const sent = node.frames.sent.length
  cluster.api.goAway()
  await cluster.clock.advance(60_000)
  assert.equal(node.frames.sent.length, sent)
  cluster.api.comeBack()
  await cluster.clock.advance(60_000)
  assert.equal(node.frames.sent.length, sent + 2 * 6)
  assert.deepEqual(ownerOf(nodes), [node.name])
})

test('an owner that alone is cut off goes on until it sees that another claims the address', async () => {
  const nodes = await announced()
  const node = owner(nodes)
  const heir = other(nodes, node)
  const reconnect = cluster.api.inject({
    plural: 'leases',
    name: `balise-node-${node.name}`,
    outcome: { code: 'Unreachable', message: 'cut' },
  })
  await cluster.clock.advance(LEASE_MS + 4000)
  assert.deepEqual(ownerOf(nodes).toSorted(), ['cp1', 'node1'], 'the heir answers; the other does not know yet')
  claimSeen(node, heir)
  await cluster.clock.advance(2000)
  assert.deepEqual(ownerOf(nodes), [heir.name])
  assert.equal(node.agent?.answers.l2().addresses[0]?.state, 'yielded')
  reconnect()
  await cluster.clock.advance(10_000)
  assert.deepEqual(ownerOf(nodes), [heir.name])
  assert.notEqual(node.agent?.answers.l2().addresses[0]?.state, 'yielded')
})

test('an owner that has yielded takes nothing back before it has heard of the Leases of the others what there is, old news not counting', async () => {
  /** Each event of its Leases waits for the first of these. */
  const silences = new Map<string, PromiseWithResolvers<void>[]>()
  const late = (name: string, api: KubeApi): KubeApi => ({
    ...api,
    async *watch(resource, options, signal) {
      for await (const event of api.watch(resource, options, signal)) {
        const silence = resource === LEASES ? silences.get(name)?.shift() : undefined
        signal?.addEventListener('abort', () => silence?.resolve(), { once: true })
        await silence?.promise
        yield event
      }
    },
  })
  const nodes = ['cp1', 'node1'].map((name) => cluster.start(name, { faultyApi: (api) => late(name, api) }))
  cluster.api.put(policyObject())
  cluster.api.put(serviceObject('web', { ip: VIP }))
  await cluster.clock.advance(2000)
  const node = owner(nodes)
  const heir = other(nodes, node)
  const unreachable = { code: 'Unreachable', message: 'cut' } as const
  const reconnect = cluster.api.inject({ plural: 'leases', name: `balise-node-${node.name}`, outcome: unreachable })
  const [first, rest] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()]
  silences.set(node.name, [first, rest])
  await cluster.clock.advance(LEASE_MS + 4000)
  claimSeen(node, heir)
  await cluster.clock.advance(2000)
  reconnect()
  await cluster.clock.advance(10_000)
  assert.deepEqual(answers(node), [], 'its own Lease is confirmed, of the others it has heard nothing')
  first.resolve()
  await cluster.clock.advance(10_000)
  assert.deepEqual(answers(node), [], 'it has heard what was when it was cut off, not yet who took over')
  rest.resolve()
  await cluster.clock.advance(10_000)
  assert.deepEqual(ownerOf(nodes), [heir.name])
  assert.equal(node.agent?.answers.l2().addresses[0]?.state, 'standby')
})

test('an agent started anew while it is cut off takes nothing back from who took over meanwhile', async () => {
  const nodes = await announced()
  const node = owner(nodes)
  const heir = other(nodes, node)
  const unreachable = { code: 'Unreachable', message: 'cut' } as const
  const reconnect = cluster.api.inject({ plural: 'leases', name: `balise-node-${node.name}`, outcome: unreachable })
  await cluster.clock.advance(LEASE_MS + 4000)
  await crash(node)
  cluster.restart(node)
  await cluster.clock.advance(5000)
  assert.deepEqual(ownerOf(nodes).toSorted(), ['cp1', 'node1'], 'nobody has told it yet')
  reconnect()
  await cluster.clock.advance(10_000)
  assert.deepEqual(ownerOf(nodes), [heir.name])
})

test('who is back in reach of the API before the owner gives the owner a whole Lease to show itself', async () => {
  const nodes = await announced()
  const node = owner(nodes)
  cluster.api.goAway()
  await cluster.clock.advance(60_000)
  const unreachable = { code: 'Unreachable', message: 'cut' } as const
  cluster.api.comeBack()
  const reconnect = cluster.api.inject({
    plural: 'leases',
    verbs: ['patch'],
    name: `balise-node-${node.name}`,
    outcome: unreachable,
  })
  await cluster.clock.advance(LEASE_MS - 5000)
  assert.deepEqual(ownerOf(nodes), [node.name])
  reconnect()
  await cluster.clock.advance(30_000)
  assert.deepEqual(ownerOf(nodes), [node.name])
})

/** What the program in the kernel notes when it sees the other's gratuitous ARP. */
function claimSeen(node: ScenarioNode, by: ScenarioNode): void {
  const map = node.maps.map('l2_responder4')
  for (const { key, value } of map.entries()) {
    const seen = value.slice()
    new DataView(seen.buffer).setBigUint64(8, BigInt(Math.round(cluster.clock.monotonicMs())) * 1_000_000n, true)
    seen.set([2, 0, 0, 0, 0, by.name === 'cp1' ? 1 : 2], 16)
    map.update(key, seen)
  }
}

test('externalTrafficPolicy Local: only a node with a ready endpoint answers, and the address follows the pod', async () => {
  const nodes = startTwo()
  cluster.api.put(policyObject())
  cluster.api.put(serviceObject('web', { ip: VIP, spec: { externalTrafficPolicy: 'Local' } }))
  cluster.api.put(sliceObject('web', [{ address: '10.244.1.2', nodeName: 'node1' }]))
  await cluster.clock.advance(2000)
  assert.deepEqual(ownerOf(nodes), ['node1'])
  cluster.api.put(sliceObject('web', [{ address: '10.244.0.2', nodeName: 'cp1' }]))
  await cluster.clock.advance(ROUND_MS)
  assert.deepEqual(ownerOf(nodes), ['cp1'])
  cluster.api.put(sliceObject('web', []))
  await cluster.clock.advance(ROUND_MS)
  assert.deepEqual(ownerOf(nodes), [])
  assert.deepEqual(
    nodes[0].agent?.answers.l2().addresses[0]?.candidates.map(({ code }) => code),
    ['NoLocalEndpoint', 'NoLocalEndpoint'],
  )
})

test('a Service that goes, and a policy that goes, take the answers with them; both come back', async () => {
  const nodes = await announced()
  await cluster.api.delete(SERVICES, { namespace: 'default', name: 'web0' })
  await cluster.clock.advance(ROUND_MS)
  assert.deepEqual(ownerOf(nodes), [])
  cluster.api.put(serviceObject('web0', { ip: VIP }))
  await cluster.clock.advance(ROUND_MS)
  assert.equal(ownerOf(nodes).length, 1)
  await cluster.api.delete(L2_POLICIES, { name: 'lab-l2-policy' })
  await cluster.clock.advance(ROUND_MS)
  assert.deepEqual(ownerOf(nodes), [])
  const said = nodes[0].agent?.answers.l2().addresses[0]?.candidates[0]
  assert.deepEqual(
    [said?.code, said?.message],
    [
      'NoPolicy',
      'no policy selects a Service with this address: create a CiliumL2AnnouncementPolicy that does, with loadBalancerIPs: true (externalIPs: true for an external IP); a policy with mistakes is not in force, kubectl describe of it lists them',
    ],
  )
})

test('a policy without loadBalancerIPs says that it leaves the address out', async () => {
  const nodes = startTwo()
  cluster.api.put(policyObject({ loadBalancerIPs: false }))
  cluster.api.put(serviceObject('web', { ip: VIP }))
  await cluster.clock.advance(2000)
  assert.deepEqual(ownerOf(nodes), [])
  assert.match(
    nodes[0].agent?.answers.l2().addresses[0]?.candidates[0]?.message ?? '',
    /lab-l2-policy leaves this kind of address out/,
  )
})

test('entries of the responder that vanish or do not belong there are put right within a second', async () => {
  const nodes = await announced()
  const map = owner(nodes).maps.map('l2_responder4')
  const [entry] = map.entries()
  assert.ok(entry !== undefined)
  map.delete(entry.key)
  const foreign = entry.key.slice()
  foreign[3] = 99
  map.update(foreign, entry.value)
  await cluster.clock.advance(1100)
  assert.deepEqual(answers(owner(nodes)), [VIP])
})

test('an agent that was stopped for longer than the fence lets go before it stamps again', async () => {
  const nodes = await announced()
  const node = owner(nodes)
  await crash(node)
  await cluster.clock.advance(LEASE_MS + 5000)
  cluster.restart(node)
  assert.deepEqual(answers(node), [])
})

test('frames that cannot be sent stop nothing', async () => {
  const nodes = startTwo()
  for (const node of nodes) node.frames.breakDevice(2)
  cluster.api.put(policyObject())
  cluster.api.put(serviceObject('web', { ip: VIP }))
  await cluster.clock.advance(2000)
  assert.equal(ownerOf(nodes).length, 1)
})

test('a Lease that cannot be written for want of rights is named, and the node announces nothing', async () => {
  cluster.api.inject({
    plural: 'leases',
    verbs: ['patch', 'create', 'get'],
    outcome: { code: 'Forbidden', message: 'no' },
  })
  const nodes = await announced()
  await cluster.clock.advance(5000)
  assert.deepEqual(ownerOf(nodes), [])
  const problem = nodes[0].agent?.answers.status().problems.find(({ code }) => code === 'LeaseForbidden')
  assert.match(problem?.message ?? '', /"leases"\], verbs: \[get, list, watch, create, patch\]/)
})

test('facts that another version wrote keep that node out, with the reason, and nobody else', async () => {
  const nodes = await announced()
  await crash(nodes[1])
  const lease = cluster.api.objects(LEASES).find(({ metadata }) => metadata.name === 'balise-node-node1')
  assert.ok(lease !== undefined)
  cluster.api.put({
    ...lease,
    kind: 'Lease',
    apiVersion: 'coordination.k8s.io/v1',
    metadata: { ...lease.metadata, annotations: { 'balise.io/l2': '{"version":9}' } },
  })
  await cluster.clock.advance(ROUND_MS)
  assert.deepEqual(ownerOf([nodes[0]]), ['cp1'])
  const said = nodes[0].agent?.answers.l2().addresses[0]?.candidates.find(({ node }) => node === 'node1')
  assert.equal(said?.code, 'FactsUnreadable')
})

test('a node without announcements keeps its Lease, by which others know that it lives, and offers no device', async () => {
  const node = cluster.start('cp1', { environment: { BALISE_L2_ENABLED: 'false' } })
  cluster.api.put(policyObject())
  cluster.api.put(serviceObject('web', { ip: VIP }))
  await cluster.clock.advance(LEASE_MS)
  const lease = cluster.api.get(LEASES, { namespace: 'kube-system', name: 'balise-node-cp1' })
  assert.deepEqual(JSON.parse((await lease).metadata.annotations?.['balise.io/l2'] ?? ''), {
    version: 1,
    devices: [],
    holds: {},
  })
  assert.deepEqual(answers(node), [])
})

test('ten rounds of Leases without a change cost one patch each and no election', async () => {
  const [node] = await announced()
  await cluster.clock.advance(10_000)
  const before = cluster.api.requests.length
  await cluster.clock.advance(30_000)
  const verbs = cluster.api.requests.slice(before).map(({ verb, resource }) => `${verb} ${resource.plural}`)
  assert.deepEqual([...new Set(verbs)], ['patch leases'])
  assert.equal(verbs.length, 20)
  assert.ok(node.log.lines.length < 20)
})
