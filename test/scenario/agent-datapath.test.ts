import assert from 'node:assert/strict'
import test, { afterEach, beforeEach } from 'node:test'
import { createFaultyBpfMaps, type FailRule } from '#ports/bpf-maps.faulty.fake.ts'
import type { BpfMaps } from '#ports/bpf-maps.ts'
import type { FakeKubeApi } from '#ports/kube-api.fake.ts'
import { ENDPOINT_SLICES, SERVICES } from '#ports/kube-resources.ts'
import {
  type Cluster,
  createCluster,
  type EndpointOptions,
  lanDevice,
  nodeObject,
  type ScenarioNode,
  serviceObject,
  sliceObject,
} from './agent-cluster.ts'

const VIP = '192.168.10.75'
const PODS: readonly EndpointOptions[] = [
  { address: '10.244.0.2', nodeName: 'cp1' },
  { address: '10.244.1.2', nodeName: 'node1' },
]
const SERVED = ['10.244.0.2:80 active', '10.244.1.2:80 active']

let cluster: Cluster

beforeEach(() => {
  cluster = createCluster()
})
afterEach(() => cluster.close())

/** Backends in the slots of a frontend, as the agent says; undefined when it has no such frontend. */
function serving(node: ScenarioNode, address = VIP): readonly string[] | undefined {
  const frontend = node.agent?.answers.services().frontends.find((candidate) => candidate.address === address)
  return frontend?.backends
    .filter((backend) => backend.serving)
    .map((backend) => `${backend.address}:${backend.port} ${backend.state}`)
}

/** All octets in the maps of the load balancer, so that two states can be compared. */
function dump(maps: BpfMaps): readonly string[] {
  return (['lb4_services', 'lb4_backends', 'lb4_reverse_nat'] as const)
    .flatMap((name) =>
      maps
        .map(name)
        .entries()
        .map(({ key, value }) => `${name} ${String(key)} ${String(value)}`),
    )
    .toSorted()
}

async function served(): Promise<ScenarioNode> {
  cluster.api.put(serviceObject('web', { ip: VIP }))
  cluster.api.put(sliceObject('web', PODS))
  const node = cluster.start('cp1')
  await cluster.clock.advance(1000)
  return node
}

async function crash(node: ScenarioNode): Promise<void> {
  const end = node.agent?.close()
  await cluster.clock.advance(0)
  await end
  node.agent = undefined
}

test('Service and slice, in any order of arrival, lead to the same frontends', async () => {
  const node = cluster.start('cp1')
  await cluster.clock.advance(500)
  cluster.api.put(sliceObject('web', PODS))
  await cluster.clock.advance(100)
  cluster.api.put(serviceObject('web', { ip: VIP }))
  await cluster.clock.advance(100)
  assert.deepEqual(serving(node), SERVED)
})

test('a Service removed and added again is served again, and nothing of it stays between', async () => {
  const node = await served()
  await cluster.api.delete(SERVICES, { namespace: 'default', name: 'web' })
  await cluster.api.delete(ENDPOINT_SLICES, { namespace: 'default', name: 'web-abc' })
  await cluster.clock.advance(100)
  assert.deepEqual(dump(node.maps), [])
  cluster.api.put(serviceObject('web', { ip: VIP }))
  cluster.api.put(sliceObject('web', PODS))
  await cluster.clock.advance(100)
  assert.deepEqual(serving(node), SERVED)
})

test('a restart in the middle leaves every octet as it was: ids are taken over', async () => {
  const node = await served()
  const before = dump(node.maps)
  await crash(node)
  const changes = node.maps.changes.length
  cluster.restart(node)
  await cluster.clock.advance(1000)
  assert.deepEqual(dump(node.maps), before)
  const written = node.maps.changes.slice(changes).filter(({ map }) => map.startsWith('lb4'))
  assert.deepEqual(written, [])
})

test('what changed while no agent ran is put right after the restart', async () => {
  const node = await served()
  await crash(node)
  cluster.api.put(sliceObject('web', [{ address: '10.244.1.3', nodeName: 'node1' }]))
  cluster.restart(node)
  await cluster.clock.advance(1000)
  assert.deepEqual(serving(node), ['10.244.1.3:80 active'])
})

test('nothing is pruned before every source has been listed', async () => {
  const node = await served()
  await crash(node)
  const before = dump(node.maps)
  const end = cluster.api.inject({ plural: 'endpointslices', outcome: { code: 'ServerError', message: 'not now' } })
  cluster.restart(node)
  await cluster.clock.advance(5000)
  assert.deepEqual(dump(node.maps), before)
  end()
  await cluster.clock.advance(60_000)
  assert.deepEqual(serving(node), SERVED)
})

for (const times of [1, 2]) {
  test(`each single operation on the maps may fail ${times} times: it is done again, and the end is the same`, () =>
    failEach(times))
}

/** From nothing to a Service, to other pods and another address, to nothing again. */
const STAGES: readonly ((api: FakeKubeApi) => unknown)[] = [
  (api) => [api.put(serviceObject('web', { ip: VIP })), api.put(sliceObject('web', PODS))],
  (api) => [
    api.put(serviceObject('web', { ip: '192.168.10.76' })),
    api.put(sliceObject('web', [{ address: '10.244.1.9', nodeName: 'node1' }])),
  ],
  (api) => api.delete(SERVICES, { namespace: 'default', name: 'web' }),
]

/** Plays all stages with maps whose writes fail as the rule says; answers with what was in them after each. */
async function playStages(rule: FailRule): Promise<readonly (readonly string[])[]> {
  cluster = createCluster()
  const node = cluster.start('cp1', { faultyMaps: (maps) => createFaultyBpfMaps(maps, rule) })
  const dumps: (readonly string[])[] = []
  for (const stage of STAGES) {
    stage(cluster.api)
    await cluster.clock.advance(10_000)
    dumps.push(dump(node.maps))
    const problems = node.agent?.answers.status().problems.filter(({ component }) => component === 'datapath')
    assert.deepEqual(problems, [])
  }
  await cluster.close()
  return dumps
}

/** Of the load balancer's maps. */
function isWrite(map: string, operation: string): boolean {
  return map.startsWith('lb4') && /^(update|delete)/.test(operation)
}

/** Twice is more than the attempt and its repetition one by one. */
async function failEach(times: number): Promise<void> {
  await cluster.close()
  let writes = 0
  const want = await playStages((_call, map, operation) => {
    if (isWrite(map, operation)) writes += 1
    return false
  })
  assert.equal(want[2]?.length, 0)
  assert.ok(writes > 8)
  for (let failing = 1; failing <= writes; failing += 1) {
    let seen = 0
    const dumps = await playStages((_call, map, operation) => {
      if (!isWrite(map, operation)) return false
      seen += 1
      return seen >= failing && seen < failing + times
    })
    assert.deepEqual(dumps, want, `write ${failing} failed`)
  }
  cluster = createCluster()
}

test('after an outage of the API frontends whose endpoints all went unready keep them for 30 s, and say so', async () => {
  const node = await served()
  cluster.api.goAway()
  await cluster.clock.advance(60_000)
  assert.deepEqual(serving(node), SERVED)
  cluster.api.put(
    sliceObject(
      'web',
      PODS.map((pod) => ({ ...pod, ready: false })),
    ),
  )
  cluster.api.comeBack()
  await cluster.clock.advance(31_000)
  assert.deepEqual(serving(node), SERVED)
  const held = node.agent?.answers.status().problems.find(({ code }) => code === 'BackendsHeld')
  assert.match(held?.message ?? '', /keep their last ones/)
  assert.match(node.agent?.answers.services().frontends[0]?.note ?? '', /held while nodes report/)
  await cluster.clock.advance(60_000)
  assert.deepEqual(serving(node), [])
  assert.deepEqual(
    node.agent?.answers.status().problems.map(({ code }) => code),
    ['Unowned'],
  )
})

test('endpoints that become ready again within the hold serve without a gap', async () => {
  const node = await served()
  cluster.api.goAway()
  await cluster.clock.advance(60_000)
  cluster.api.put(
    sliceObject(
      'web',
      PODS.map((pod) => ({ ...pod, ready: false })),
    ),
  )
  cluster.api.comeBack()
  await cluster.clock.advance(12_000)
  cluster.api.put(sliceObject('web', PODS))
  await cluster.clock.advance(60_000)
  assert.deepEqual(serving(node), SERVED)
})

test('without an outage a Service scaled to zero loses its backends at once', async () => {
  const node = await served()
  await cluster.clock.advance(60_000)
  cluster.api.put(sliceObject('web', []))
  await cluster.clock.advance(100)
  assert.deepEqual(serving(node), [])
})

test('the audit puts right what someone else changed in the maps, and counts it', async () => {
  const node = await served()
  const want = dump(node.maps)
  const services = node.maps.map('lb4_services')
  const [entry] = services.entries()
  assert.ok(entry !== undefined)
  services.delete(entry.key)
  node.maps.map('lb4_backends').update(new Uint8Array([9, 9, 0, 0]), new Uint8Array(16).fill(255))
  await cluster.clock.advance(5100)
  assert.deepEqual(dump(node.maps), want)
  const { audit } = node.agent?.answers.status().datapath ?? {}
  assert.equal(audit?.repaired, 2)
  await cluster.clock.advance(5100)
  assert.deepEqual(node.agent?.answers.status().datapath.audit.differences, [])
})

test('what a Service asks for in vain is said by name, and the rest of it is served', async () => {
  const node = await served()
  cluster.api.put(
    serviceObject('web', {
      ip: VIP,
      spec: { sessionAffinity: 'ClientIP', sessionAffinityConfig: { clientIP: { timeoutSeconds: 10 } } },
    }),
  )
  await cluster.clock.advance(100)
  assert.deepEqual(
    node.agent?.answers.services().notDone.map(({ service, code }) => [service, code]),
    [['default/web', 'SessionAffinity']],
  )
  assert.deepEqual(serving(node), SERVED)
})

test('an object that is no Service at all stops no other', async () => {
  const node = await served()
  cluster.api.put({
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name: 'bad', namespace: 'default' },
    spec: { type: 7, ports: 'x', clusterIPs: {} },
  })
  cluster.api.put(serviceObject('web2', { ip: '192.168.10.76', spec: { clusterIPs: ['10.43.0.11'] } }))
  await cluster.clock.advance(200)
  assert.deepEqual(serving(node, '192.168.10.76'), [])
  assert.deepEqual(serving(node), SERVED)
})

test('a device and a cgroup on which programs cannot be hung are named, and tried again', async () => {
  const node = cluster.start('cp1', { prepare: ({ programs }) => programs.removeDevice(2) })
  await cluster.clock.advance(1000)
  const said = (): readonly string[] => node.agent?.answers.status().problems.map(({ code }) => code) ?? []
  assert.deepEqual(said(), ['AttachFailed'])
  assert.equal(node.agent?.answers.health().state, 'degraded')
  node.programs.addDevice({ name: 'eth0', ifindex: 2 })
  node.programs.failNext()
  await cluster.clock.advance(31_000)
  await cluster.clock.advance(31_000)
  assert.deepEqual(said(), [])
  const hooks = node.agent?.answers.status().datapath.attachments.map(({ hook }) => hook)
  assert.deepEqual(hooks?.slice(0, 2), ['/sys/fs/cgroup', '/sys/fs/cgroup'])
  assert.ok(hooks?.includes('eth0 ingress'))
})

test('a device that comes later is listened on, and let go when its address is gone', async () => {
  const node = await served()
  const eth1 = lanDevice(7, { name: 'eth1', ifindex: 3 })
  node.programs.addDevice(eth1)
  node.net.set([lanDevice(1), eth1])
  await cluster.clock.advance(100)
  assert.deepEqual(node.agent?.answers.status().datapath.devices, ['eth0', 'eth1'])
  node.net.set([lanDevice(1), { ...eth1, addresses: [] }])
  await cluster.clock.advance(100)
  const { devices, attachments } = node.agent?.answers.status().datapath ?? {}
  assert.deepEqual(devices, ['eth0'])
  assert.deepEqual(
    attachments?.filter(({ hook }) => hook.startsWith('eth1')),
    [],
  )
})

test('a node without any device of the LAN says which devices there are', async () => {
  const node = cluster.start('cp1', { environment: { BALISE_DEVICES: '^enp0s1$' } })
  await cluster.clock.advance(1000)
  assert.deepEqual(
    node.agent?.answers.status().problems.map(({ message }) => message),
    ['BALISE_DEVICES ^enp0s1$ matches no device: there are eth0'],
  )
})

test('what cannot be used of Services, endpoints and Nodes is named, left out alone, and forgotten when it is mended', async () => {
  const web = { ip: VIP, spec: { externalIPs: ['192.168.010.9'], loadBalancerIP: 'none' } }
  cluster.api.put(serviceObject('web', web))
  cluster.api.put(sliceObject('web', [...PODS, { address: '10.244.0.300', nodeName: 'cp1' }]))
  cluster.api.put({ ...nodeObject('node1', 2), spec: { podCIDR: '10.244.1.0' } })
  const node = cluster.start('cp1')
  await cluster.clock.advance(1000)
  const said = (): readonly string[] => {
    const problems = node.agent?.answers.status().problems ?? []
    return problems.filter(({ code }) => code === 'ObjectMistakes').map(({ message }) => message)
  }
  assert.deepEqual(said(), [
    'Service default/web: spec.externalIPs[0] "192.168.010.9" is not an IP address: write an address like 192.168.10.75 or fd00::75; until then this is left out',
    'EndpointSlice default/web-abc: endpoints[2].addresses[0] "10.244.0.300" is not an IP address: write an address like 192.168.10.75 or fd00::75; until then this is left out',
    'Node node1: spec.podCIDR "10.244.1.0" is not a CIDR: add the length of the network: 10.244.1.0/32 for this one address; until then this is left out',
  ])
  assert.equal(node.agent?.answers.health().state, 'ok')
  assert.deepEqual(serving(node), SERVED)
  cluster.api.put(serviceObject('web', { ip: VIP }))
  cluster.api.put(sliceObject('web', PODS))
  cluster.api.put(nodeObject('node1', 2))
  await cluster.clock.advance(1000)
  assert.deepEqual(said(), [])
})
