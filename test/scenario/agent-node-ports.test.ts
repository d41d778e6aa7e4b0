import assert from 'node:assert/strict'
import test, { afterEach, beforeEach } from 'node:test'
import { ENDPOINT_SLICES, SERVICES } from '#ports/kube-resources.ts'
import {
  type Cluster,
  createCluster,
  type EndpointOptions,
  type ScenarioNode,
  serviceObject,
  sliceObject,
  type StartOptions,
} from './agent-cluster.ts'

const HEALTH = 31_000
const PORTS = [{ port: 80, protocol: 'TCP', targetPort: 80, nodePort: 30_080 }]
const HERE: EndpointOptions = { address: '10.244.0.2', nodeName: 'cp1' }
const THERE: EndpointOptions = { address: '10.244.1.2', nodeName: 'node1' }
const LOCAL = { externalTrafficPolicy: 'Local', healthCheckNodePort: HEALTH, ports: PORTS }

let cluster: Cluster

beforeEach(() => {
  cluster = createCluster()
})
afterEach(() => cluster.close())

async function start(spec: Readonly<Record<string, unknown>>, options: StartOptions = {}): Promise<ScenarioNode> {
  cluster.api.put(serviceObject('web', { ip: '192.168.10.75', spec }))
  cluster.api.put(sliceObject('web', [HERE, THERE]))
  const node = cluster.start('cp1', options)
  await cluster.clock.advance(1000)
  return node
}

/** `192.168.10.215:30080/TCP NodePort 10.244.0.2,10.244.1.2`, in the maps. */
function frontends(node: ScenarioNode): readonly string[] {
  const listed = node.agent?.answers.services().frontends ?? []
  return listed.map((one) => {
    assert.ok(one.realized)
    const where = `${one.address}:${one.port}/${one.protocol}${one.scope === 'internal' ? '/i' : ''}`
    const to = one.backends.filter(({ serving }) => serving).map(({ address }) => address)
    return `${where} ${one.type} ${to.join()}`
  })
}

test('node ports are served at the addresses of the node and for its loopback, beside the rest', async () => {
  const node = await start({ ports: PORTS })
  assert.deepEqual(frontends(node), [
    '0.0.0.0:30080/TCP NodePort 10.244.0.2,10.244.1.2',
    '10.43.0.10:80/TCP ClusterIP 10.244.0.2,10.244.1.2',
    '192.168.10.75:80/TCP LoadBalancer 10.244.0.2,10.244.1.2',
    '192.168.10.215:30080/TCP NodePort 10.244.0.2,10.244.1.2',
  ])
  assert.deepEqual(node.agent?.answers.services().notDone, [])
})

test('node ports of externalTrafficPolicy Local have two scopes', async () => {
  const node = await start(LOCAL)
  assert.deepEqual(
    frontends(node).filter((text) => text.includes('NodePort')),
    [
      '0.0.0.0:30080/TCP NodePort 10.244.0.2',
      '0.0.0.0:30080/TCP/i NodePort 10.244.0.2,10.244.1.2',
      '192.168.10.215:30080/TCP NodePort 10.244.0.2',
      '192.168.10.215:30080/TCP/i NodePort 10.244.0.2,10.244.1.2',
    ],
  )
})

test('node ports come and go with the node address and the Service, without a restart', async () => {
  const node = await start({ ports: PORTS })
  cluster.api.put({
    apiVersion: 'v1',
    kind: 'Node',
    metadata: { name: 'cp1' },
    status: {
      addresses: [
        { type: 'InternalIP', address: '192.168.10.215' },
        { type: 'InternalIP', address: '10.9.0.1' },
      ],
    },
  })
  await cluster.clock.advance(1000)
  assert.ok(frontends(node).includes('10.9.0.1:30080/TCP NodePort 10.244.0.2,10.244.1.2'))
  await cluster.api.delete(SERVICES, { namespace: 'default', name: 'web' })
  await cluster.clock.advance(1000)
  assert.deepEqual(frontends(node), [])
})

test('beside kube-proxy only addresses for the outside are served, and no health check', async () => {
  const environment = { BALISE_KUBE_PROXY_REPLACEMENT: 'false' }
  const node = await start({ ...LOCAL, externalIPs: ['192.168.10.80'] }, { environment })
  assert.deepEqual(
    frontends(node).map((text) => text.split(' ')[1]),
    ['LoadBalancer', 'LoadBalancer', 'ExternalIPs', 'ExternalIPs'],
  )
  assert.deepEqual(node.statusPorts.listening(), [])
})

test('a restart without the replacement takes cluster IPs and node ports out of the maps', async () => {
  const node = await start({ ports: PORTS })
  await Promise.all([node.agent?.close(), cluster.clock.advance(1)])
  cluster.restart(node, { environment: { BALISE_KUBE_PROXY_REPLACEMENT: 'false' } })
  await cluster.clock.advance(1000)
  assert.deepEqual(frontends(node), ['192.168.10.75:80/TCP LoadBalancer 10.244.0.2,10.244.1.2'])
})

test('the health check node port counts the ready endpoints of the node, as they come and go', async () => {
  const node = await start(LOCAL)
  const say = (): unknown => {
    const answer = node.statusPorts.ask(HEALTH)
    return [answer?.status, answer?.json, answer?.headers['x-load-balancing-endpoint-weight']]
  }
  const json = (localEndpoints: number): unknown => ({
    service: { namespace: 'default', name: 'web' },
    localEndpoints,
    serviceProxyHealthy: true,
  })
  assert.deepEqual(say(), [200, json(1), '1'])
  cluster.api.put(sliceObject('web', [{ ...HERE, ready: false, serving: true, terminating: true }, THERE]))
  await cluster.clock.advance(1000)
  assert.deepEqual(say(), [503, json(0), '0'])
  await cluster.api.delete(ENDPOINT_SLICES, { namespace: 'default', name: 'web-abc' })
  await cluster.api.delete(SERVICES, { namespace: 'default', name: 'web' })
  await cluster.clock.advance(1000)
  assert.deepEqual(node.statusPorts.listening(), [])
})

test('a health check port that another process has is named, stops no other, and is had once it is free', async () => {
  const occupied = { prepare: (node: ScenarioNode) => node.statusPorts.occupy(HEALTH, true) }
  const node = await start(LOCAL, occupied)
  cluster.api.put(serviceObject('other', { spec: { ...LOCAL, healthCheckNodePort: HEALTH + 1 } }))
  await cluster.clock.advance(2000)
  assert.deepEqual(node.statusPorts.listening(), [HEALTH + 1])
  const failed = (): readonly string[] | undefined =>
    node.agent?.answers
      .status()
      .problems.filter(({ code }) => code === 'HealthCheckFailed')
      .map(({ message }) => message)
  assert.deepEqual(failed(), [
    'healthCheckNodePort 31000 of Service default/web is not answered, load balancers elsewhere take this node for dead: listen EADDRINUSE: address already in use :::31000',
  ])
  node.statusPorts.occupy(HEALTH, false)
  await cluster.clock.advance(11_000)
  assert.deepEqual(node.statusPorts.listening(), [HEALTH, HEALTH + 1])
  assert.deepEqual(failed(), [])
})

const RANGE = '/proc/sys/net/ipv4/ip_local_port_range'
const RESERVED = '/proc/sys/net/ipv4/ip_local_reserved_ports'

function kernelWith(range: string): StartOptions {
  return {
    prepare: ({ files }) => {
      files.put(RANGE, range)
      files.put(RESERVED, '\n')
    },
  }
}

test('node ports that connections of the node could take are reserved in the kernel', async () => {
  const node = await start({ ports: PORTS }, kernelWith('15000\t64000\n'))
  assert.equal(node.files.readText(RESERVED), '30000-32767')
})

test('a kernel whose connections keep clear of node ports is left as it is', async () => {
  const node = await start({ ports: PORTS }, kernelWith('32768\t60999\n'))
  assert.equal(node.files.readText(RESERVED), '\n')
})

test('beside kube-proxy nothing is reserved', async () => {
  const environment = { BALISE_KUBE_PROXY_REPLACEMENT: 'false' }
  const node = await start({ ports: PORTS }, { ...kernelWith('15000\t64000\n'), environment })
  assert.equal(node.files.readText(RESERVED), '\n')
})
