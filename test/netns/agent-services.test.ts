import assert from 'node:assert/strict'
import { once } from 'node:events'
import { after, before, test } from 'node:test'
import type { L2Answer, ServicesAnswer, StatusAnswer } from '#api/agent.ts'
import { ENDPOINT_SLICES, EVENTS, L2_POLICIES, NODES, SERVICES } from '#ports/kube-resources.ts'
import {
  type EndpointOptions,
  nodeObject,
  policyObject,
  serviceObject,
  sliceObject,
} from '#test/scenario/agent-cluster.ts'
import { AgentLab, type LabNode, tail, until } from './agent-lab.ts'
import { askAgent } from './ask-agent.ts'

const VIP = '192.168.10.75'
const EXTERNAL = '192.168.10.80'
const CLIENT = '192.168.10.50'
const NODE_PORT = 30_080
const UDP_NODE_PORT = 30_053
const HEALTH = 31_000
const ENVIRONMENT = { BALISE_LEASE_DURATION_SECONDS: '6', BALISE_HEALTH_PORT: '0' }
const PORTS = [
  { name: 'http', port: 80, protocol: 'TCP', nodePort: NODE_PORT },
  { name: 'dns', port: 53, protocol: 'UDP', nodePort: UDP_NODE_PORT },
]

/** Answers every datagram with the node's name and the address that it came from. */
const UDP_SERVER = `
const socket = require('node:dgram').createSocket('udp4')
socket.on('message', (_, from) => socket.send(process.argv[1] + ' ' + from.address, from.port, from.address)).bind(53)`
const UDP_CLIENT = `
const socket = require('node:dgram').createSocket('udp4')
const [host, port] = process.argv.slice(1)
socket.on('message', (text, from) => { process.stdout.write(text + ' by ' + from.address); process.exit() })
socket.send('?', Number(port), host)
setTimeout(() => process.exit(1), 2000)`

let lab: AgentLab
let nodes: readonly [LabNode, LabNode]

before(async () => {
  lab = await AgentLab.open(['n1', 'n2'])
  const [n1, n2] = lab.nodes
  assert.ok(n1 !== undefined && n2 !== undefined)
  nodes = [n1, n2]
  for (const { name } of nodes) lab.spawn(`pod-${name}`, [process.execPath, '-e', UDP_SERVER, name])
  lab.exec('n2', 'sysctl', '-qw', 'net.ipv4.ip_local_port_range=15000 64000')
  await lab.apply(L2_POLICIES, policyObject({ externalIPs: true }))
  await setService({})
  await setEndpoints(...nodes.map((node) => pod(node)))
  for (const [index, node] of nodes.entries()) {
    await lab.apply(NODES, nodeObject(node.name, index + 1))
    lab.startAgent(node, ENVIRONMENT)
  }
  for (const { name, podAddress } of nodes)
    await until(`the pod of ${name} listens`, () => curl(podAddress, name) !== '')
  await until('both are well and the Service answers', async () => (await areWell()) && curl(VIP) !== '').catch(
    (error: unknown) => {
      for (const node of nodes) process.stderr.write(`${node.name}\n${tail(node)}\n`)
      throw error
    },
  )
})

after(() => lab.close())

async function areWell(): Promise<boolean> {
  const states = await Promise.all(nodes.map(({ socket }) => askAgent<StatusAnswer>(socket, '/v1/status')))
  return states.every(({ state }) => state === 'ok')
}

async function setService(spec: Readonly<Record<string, unknown>>): Promise<void> {
  const object = serviceObject('web', { ip: VIP, spec: { ports: PORTS, externalIPs: [EXTERNAL], ...spec } })
  await lab.apply(SERVICES, object)
}

const pod = ({ name, podAddress }: LabNode, state: Partial<EndpointOptions> = {}): EndpointOptions => ({
  address: podAddress,
  nodeName: name,
  ...state,
})

async function setEndpoints(...endpoints: readonly EndpointOptions[]): Promise<void> {
  const slice = sliceObject('web', endpoints)
  const ports = [
    { name: 'http', port: 80, protocol: 'TCP' },
    { name: 'dns', port: 53, protocol: 'UDP' },
  ]
  await lab.apply(ENDPOINT_SLICES, { ...slice, ports })
}

/** What an address answers over HTTP; empty when nothing does. */
function curl(address: string, from = 'client', cgroup?: string): string {
  const command = `exec curl -s --max-time 2 http://${address}`
  try {
    const entered = cgroup === undefined ? command : `echo $$ > ${cgroup}/cgroup.procs; ${command}`
    return lab.exec(from, 'sh', '-c', entered).trim()
  } catch {
    return ''
  }
}

function askUdp(host: string, from: string, cgroup?: string): string {
  const argv = [process.execPath, '-e', UDP_CLIENT, host, String(UDP_NODE_PORT)]
  if (cgroup === undefined) return lab.exec(from, ...argv)
  return lab.exec(from, 'sh', '-c', `echo $$ > ${cgroup}/cgroup.procs; exec "$@"`, 'sh', ...argv)
}

const many = (ask: () => string, count = 24): readonly string[] =>
  [...new Set(Array.from({ length: count }, ask))].toSorted()

async function servingOn(node: LabNode): Promise<readonly string[]> {
  const { frontends } = await askAgent<ServicesAnswer>(node.socket, '/v1/services')
  const frontend = frontends.find(({ address, port, scope }) => address === VIP && port === 80 && scope === 'external')
  return frontend?.backends.filter(({ serving }) => serving).map(({ address }) => address) ?? []
}

async function ownerOf(address: string): Promise<string | null | undefined> {
  const { addresses } = await askAgent<L2Answer>(nodes[0].socket, '/v1/l2')
  return addresses.find((one) => one.address === address)?.owner
}

test('a client reaches a node port at every node, whose own pod sees its address', () => {
  const [n1, n2] = nodes
  for (const [node, other] of [
    [n1, n2],
    [n2, n1],
  ] as const) {
    const said = many(() => curl(`${node.address}:${NODE_PORT}`))
    assert.deepEqual(said, [`${node.name} ${CLIENT}`, `${other.name} ${node.address}`].toSorted())
  }
})

test('a client reaches a UDP node port, and is answered by the address that it sent to', () => {
  const [n1] = nodes
  for (const said of many(() => askUdp(n1.address, 'client'))) {
    assert.match(said, new RegExp(`^(n1 ${CLIENT}|n2 ${n1.address}) by ${n1.address}$`))
  }
})

test('pods and processes of a node reach node ports at its address, processes at its loopback too', () => {
  for (const { name, address, cgroup } of nodes) {
    for (const from of [name, `pod-${name}`]) {
      assert.match(curl(`${address}:${NODE_PORT}`, from, cgroup), /^n[12] /, from)
      assert.match(askUdp(address, from, cgroup), new RegExp(`^n[12] .* by ${address}$`), from)
    }
    assert.match(curl(`127.0.0.1:${NODE_PORT}`, name, cgroup), /^n[12] /)
    assert.match(askUdp('127.0.0.1', name, cgroup), /^n[12] .* by 127\.0\.0\.1$/)
    assert.equal(curl(`127.0.0.1:${NODE_PORT}`, `pod-${name}`, cgroup), '', "a pod's loopback is its own")
  }
})

test('pods and processes of a node reach node ports of another node', () => {
  const [n1, n2] = nodes
  for (const from of [n1.name, `pod-${n1.name}`]) {
    assert.match(curl(`${n2.address}:${NODE_PORT}`, from, n1.cgroup), /^n[12] /, from)
  }
})

test('node ports are reserved where connections of the node could take them, and nowhere else', () => {
  const reserved = ({ name }: LabNode): string =>
    lab.exec(name, 'sysctl', '-n', 'net.ipv4.ip_local_reserved_ports').trim()
  assert.deepEqual(nodes.map(reserved), ['', '30000-32767'])
})

test('a port of the range that no Service has is refused by the node itself', () => {
  assert.throws(() => lab.exec('client', 'curl', '-s', '--max-time', '2', `http://${nodes[0].address}:30999`), {
    status: 7,
  })
})

test('an external IP is announced where the policy says so, served, and explained where it is not', async () => {
  assert.match(curl(EXTERNAL), /^n[12] /)
  for (const { name, cgroup } of nodes) assert.match(curl(EXTERNAL, `pod-${name}`, cgroup), /^n[12] /)
  assert.notEqual(await ownerOf(EXTERNAL), null)
  await lab.apply(L2_POLICIES, policyObject({ externalIPs: false }))
  await until('nobody answers for it', async () => (await ownerOf(EXTERNAL)) === null)
  const { addresses } = await askAgent<L2Answer>(nodes[0].socket, '/v1/l2')
  const { candidates = [] } = addresses.find(({ address }) => address === EXTERNAL) ?? {}
  assert.match(candidates[0]?.message ?? '', /policy lab-l2-policy leaves this kind of address out/)
  assert.notEqual(await ownerOf(VIP), null)
  await lab.apply(L2_POLICIES, policyObject({ externalIPs: true }))
  await until('it is answered for again', () => curl(EXTERNAL) !== '')
})

test('with Local the client keeps its address at load balancer address and node port, and nodes without a pod serve none', async () => {
  const [n1, n2] = nodes
  await setService({ externalTrafficPolicy: 'Local', healthCheckNodePort: HEALTH })
  await setEndpoints(pod(n2))
  await until('n2 has the address', async () => (await ownerOf(VIP)) === n2.name)
  await until('it answers', () => curl(VIP) !== '')
  assert.deepEqual(
    many(() => curl(VIP)),
    [`n2 ${CLIENT}`],
  )
  assert.deepEqual(
    many(() => curl(`${n2.address}:${NODE_PORT}`)),
    [`n2 ${CLIENT}`],
  )
  assert.equal(curl(`${n1.address}:${NODE_PORT}`), '')
  assert.match(curl(`127.0.0.1:${NODE_PORT}`, n1.name, n1.cgroup), /^n2 /, 'clients on a node reach all pods')
})

test('the health check node port tells a load balancer elsewhere where pods are', () => {
  const [n1, n2] = nodes
  const check = ({ address }: LabNode): string =>
    lab.exec('client', 'curl', '-s', '-w', ' %{http_code}', `http://${address}:${HEALTH}/healthz`)
  const said = (count: number, code: number): string =>
    `{"service":{"namespace":"default","name":"web"},"localEndpoints":${count},"serviceProxyHealthy":true}\n ${code}`
  assert.deepEqual([check(n1), check(n2)], [said(0, 503), said(1, 200)])
})

/** What curl says when a connection that is open breaks (its RST); a black hole would be 28, a refusal 7. */
const CURL_BROKEN = 'failed 56'

test('the last local pod of the owner leaves in good order: no request is refused or waits in vain', async () => {
  const [n1, n2] = nodes
  const asking = lab.spawn('client', [
    'sh',
    '-c',
    `i=0; while [ $i -lt 300 ]; do curl -s --max-time 5 http://${VIP} || echo "failed $?"; i=$((i+1)); done`,
  ])
  let said = ''
  asking.stdout?.on('data', (piece: Buffer) => (said += String(piece)))
  const ended = once(asking, 'exit')
  await until('requests pass', () => said.split('\n').length > 30)
  await setEndpoints(pod(n1), pod(n2, { ready: false, serving: true, terminating: true }))
  await until('n1 has the address', async () => (await ownerOf(VIP)) === n1.name)
  assert.deepEqual(await servingOn(n2), [n2.podAddress], 'who still comes to n2 is served there')
  await setEndpoints(pod(n1))
  await ended
  const lines = said.trim().split('\n')
  assert.equal(lines.length, 300)
  // The one that is open while the address moves has its next segment come to a node that does not know it.
  assert.ok(lines.filter((line) => line === CURL_BROKEN).length <= 1)
  const answers = new Set(lines.filter((line) => line !== CURL_BROKEN))
  assert.deepEqual([...answers].toSorted(), [`n1 ${CLIENT}`, `n2 ${CLIENT}`])
  assert.equal(lines.at(-1), `n1 ${CLIENT}`)
})

test('an owner whose only pod is gone at once is followed by the node that has one', async () => {
  const [, n2] = nodes
  await setEndpoints(pod(n2))
  await until('n2 serves', () => curl(VIP) === `n2 ${CLIENT}`)
})

test('with internalTrafficPolicy Local sockets of a node reach its own pods, or are refused', async () => {
  const [n1, n2] = nodes
  await setService({ internalTrafficPolicy: 'Local' })
  await setEndpoints(pod(n2))
  await until('n1 refuses', () => curl('10.43.0.10', `pod-${n1.name}`, n1.cgroup) === '')
  assert.deepEqual(
    many(() => curl('10.43.0.10', `pod-${n2.name}`, n2.cgroup), 8),
    [`n2 ${n2.podAddress}`],
  )
  assert.match(curl(VIP), /^n2 /, 'clients outside reach all pods')
})

test('beside kube-proxy an agent leaves cluster IPs and node ports alone, and serves the address as before', async () => {
  const [n1, n2] = nodes
  await setService({})
  await setEndpoints(pod(n1), pod(n2))
  for (const node of nodes) {
    await lab.stopAgent(node)
    lab.startAgent(node, { ...ENVIRONMENT, BALISE_KUBE_PROXY_REPLACEMENT: 'false' })
  }
  await until('both are well and it answers', async () => (await areWell()) && curl(VIP) !== '')
  assert.equal(curl('10.43.0.10', `pod-${n1.name}`, n1.cgroup), '')
  assert.equal(curl(`${n1.address}:${NODE_PORT}`), '')
  const { frontends } = await askAgent<ServicesAnswer>(n1.socket, '/v1/services')
  assert.deepEqual([...new Set(frontends.map(({ type }) => type))].toSorted(), ['ExternalIPs', 'LoadBalancer'])
  const { items } = await lab.api.list(EVENTS, { namespace: 'default' })
  // The API server has something to say of its own Service now and then.
  const ours = items.filter(({ reportingComponent }) => String(reportingComponent).startsWith('balise-'))
  assert.deepEqual(
    ours.map(({ metadata, message }) => [metadata.name, message]),
    [],
    'nothing of this was an error',
  )
})
