import assert from 'node:assert/strict'
import { once } from 'node:events'
import { get } from 'node:http'
import { after, before, test } from 'node:test'
import type { L2Answer, ServicesAnswer, StatusAnswer } from '#api/agent.ts'
import { ENDPOINT_SLICES, L2_POLICIES, LEASES, NODES, SERVICES } from '#ports/kube-resources.ts'
import { nodeObject, policyObject, serviceObject, sliceObject } from '#test/scenario/agent-cluster.ts'
import { AgentLab, type LabNode, tail, until } from './agent-lab.ts'

const VIP = '192.168.10.75'
const LEASE_SECONDS = 6
const ENVIRONMENT = { BALISE_LEASE_DURATION_SECONDS: String(LEASE_SECONDS), BALISE_HEALTH_PORT: '0' }
const MEGABYTES = 100

let lab: AgentLab
let nodes: readonly [LabNode, LabNode]

before(async () => {
  lab = await AgentLab.open(['n1', 'n2'])
  const [n1, n2] = lab.nodes
  assert.ok(n1 !== undefined && n2 !== undefined)
  nodes = [n1, n2]
  await lab.apply(L2_POLICIES, policyObject())
  await lab.apply(SERVICES, serviceObject('web', { ip: VIP }))
  await setEndpoints(nodes)
  for (const [index, node] of nodes.entries()) {
    await lab.apply(NODES, nodeObject(node.name, index + 1))
    lab.startAgent(node, ENVIRONMENT)
  }
  await ready().catch((error: unknown) => {
    for (const node of nodes) process.stderr.write(`${node.name}\n${tail(node)}\n`)
    throw error
  })
})

after(() => lab.close())

/** Pods listen, and both agents have decided. */
async function ready(): Promise<void> {
  for (const { name, podAddress } of nodes) {
    await until(
      `the pod of ${name} answers`,
      () => lab.exec(name, 'curl', '-s', '--max-time', '1', `http://${podAddress}`) !== '',
    )
  }
  for (const node of nodes) {
    await until(
      `${node.name} knows the owner`,
      async () => typeof (await ask<L2Answer>(node, '/v1/l2')).addresses[0]?.owner === 'string',
    )
  }
  await until('the Service answers', () => curl() !== '')
}

async function setEndpoints(on: readonly LabNode[]): Promise<void> {
  await lab.apply(
    ENDPOINT_SLICES,
    sliceObject(
      'web',
      on.map(({ name, podAddress }) => ({ address: podAddress, nodeName: name })),
    ),
  )
}

/** What the Service answers the client on the LAN; empty when nothing does. */
function curl(path = '/'): string {
  try {
    return lab.exec('client', 'curl', '-s', '--max-time', '1', `http://${VIP}${path}`).trim()
  } catch {
    return ''
  }
}

async function ask<T>(node: LabNode, path: string): Promise<T> {
  const { promise, resolve, reject } = Promise.withResolvers<T>()
  get({ socketPath: node.socket, path }, (response) => {
    let text = ''
    response.setEncoding('utf8')
    response.on('data', (piece: string) => (text += piece))
    response.on('end', () => resolve(JSON.parse(text) as T))
  }).on('error', reject)
  return await promise
}

/** The MAC that answers an ARP request of the client now, without its cache. */
function arpOwner(): string {
  const said = lab.exec('client', 'arping', '-c', '1', '-w', '1', '-I', 'eth0', VIP)
  return /\[([0-9A-Fa-f:]{17})\]/.exec(said)?.[1]?.toLowerCase() ?? /from ([0-9a-f:]{17})/.exec(said)?.[1] ?? said
}

function ownerAndOther(): readonly [LabNode, LabNode] {
  const mac = arpOwner()
  const owner = nodes.find((node) => node.mac === mac)
  const other = nodes.find((node) => node.mac !== mac)
  assert.ok(owner !== undefined && other !== undefined, `nobody has ${mac}`)
  return [owner, other]
}

test('one node answers ARP for the address, and the agents agree who', async () => {
  const [owner] = ownerAndOther()
  for (const node of nodes) {
    const { addresses } = await ask<L2Answer>(node, '/v1/l2')
    assert.deepEqual(
      addresses.map(({ address, owner: said, ownerMac }) => [address, said, ownerMac]),
      [[VIP, owner.name, owner.mac]],
    )
  }
})

test('the client reaches the pods of both nodes, and the pod of the owner sees its address', () => {
  const [owner, other] = ownerAndOther()
  const answers = new Set(Array.from({ length: 40 }, () => curl()))
  assert.deepEqual(
    [...answers].toSorted(),
    [`${owner.name} 192.168.10.50`, `${other.name} ${owner.address}`].toSorted(),
  )
})

test('a process of a node reaches cluster IP and load balancer address by the socket hooks', () => {
  for (const { name, cgroup } of nodes) {
    for (const address of ['10.43.0.10', VIP]) {
      const command = `echo $$ > ${cgroup}/cgroup.procs; exec curl -s --max-time 2 http://${address}`
      assert.match(lab.exec(name, 'sh', '-c', command), /^n[12] /)
    }
  }
})

test('the agent says in its answers what it does', async () => {
  const [owner] = ownerAndOther()
  const status = await ask<StatusAnswer>(owner, '/v1/status')
  assert.deepEqual([status.state, status.problems], ['ok', []])
  assert.equal(status.l2.announcing, 1)
  assert.deepEqual(status.datapath.devices, ['eth0'])
  const { frontends } = await ask<ServicesAnswer>(owner, '/v1/services')
  const web = frontends.find(({ address }) => address === VIP)
  assert.deepEqual([web?.type, web?.realized, web?.backends.length], ['LoadBalancer', true, 2])
})

test('an agent killed with -9 and started again while 100 MB pass loses nothing', async () => {
  const [owner] = ownerAndOther()
  await setEndpoints(nodes.filter((node) => node !== owner))
  await until('only the other node serves', async () =>
    (await ask<ServicesAnswer>(owner, '/v1/services')).frontends.every(
      ({ address, backends }) => address !== VIP || backends.length === 1,
    ),
  )
  const download = lab.spawn('client', [
    'curl',
    '-s',
    '--limit-rate',
    '40M',
    '-o',
    '/dev/null',
    '-w',
    '%{size_download} %{num_connects}',
    `http://${VIP}/big`,
  ])
  let said = ''
  download.stdout?.on('data', (piece: Buffer) => (said += String(piece)))
  await lab.stopAgent(owner, 'SIGKILL')
  assert.equal(arpOwner(), owner.mac)
  lab.startAgent(owner, ENVIRONMENT)
  await until('the agent is back', async () => (await ask<StatusAnswer>(owner, '/v1/status')).state === 'ok')
  if (download.exitCode === null) await once(download, 'exit')
  assert.equal(download.exitCode, 0)
  assert.equal(said, `${MEGABYTES * 2 ** 20} 1`)
  assert.equal(arpOwner(), owner.mac, 'it took over what it held')
  await setEndpoints(nodes)
})

test('addresses are answered for while the API cannot be reached, and afterwards by the same node', async (context) => {
  const [owner] = ownerAndOther()
  context.after(() => nodes.forEach((node) => lab.restoreApi(node)))
  for (const node of nodes) lab.cutApi(node)
  await until(
    'the agents notice',
    async () => (await ask<StatusAnswer>(owner, '/v1/status')).kubernetes.state === 'unreachable',
  )
  const end = performance.now() + 3 * LEASE_SECONDS * 1000
  let asked = 0
  while (performance.now() < end) {
    assert.match(curl(), /^n[12] /)
    assert.equal(arpOwner(), owner.mac)
    asked += 1
  }
  assert.ok(asked > 3)
  for (const node of nodes) lab.restoreApi(node)
  await until(
    'the agents are well again',
    async () => (await ask<StatusAnswer>(owner, '/v1/status')).state === 'ok',
    60_000,
  )
  assert.equal(arpOwner(), owner.mac)
})

test('an owner that alone is cut off from the API gives way when the other takes over, and never comes back by itself', async (context) => {
  const [owner, other] = ownerAndOther()
  lab.cutApi(owner)
  context.after(() => lab.restoreApi(owner))
  await until('the other answers', () => arpOwner() === other.mac, 5 * LEASE_SECONDS * 1000)
  await until(
    'the owner has yielded',
    async () => (await ask<L2Answer>(owner, '/v1/l2')).addresses[0]?.state === 'yielded',
  )
  for (let count = 0; count < 10; count += 1) assert.match(curl(), /^n[12] /)
  lab.restoreApi(owner)
  await until('the owner is well again', async () => (await ask<StatusAnswer>(owner, '/v1/status')).state === 'ok')
  await until('it stands by', async () => (await ask<L2Answer>(owner, '/v1/l2')).addresses[0]?.state === 'standby')
  assert.equal(arpOwner(), other.mac)
})

test('when the owner dies the other node takes the address, and keeps it when the owner is back', async (context) => {
  const [owner, other] = ownerAndOther()
  await setEndpoints([other])
  lab.setLink(owner, 'down')
  await lab.stopAgent(owner, 'SIGKILL')
  const began = performance.now()
  await until('the address answers again', () => curl().startsWith(other.name), 30_000)
  context.diagnostic(`moved within ${Math.round(performance.now() - began)} ms with Leases of ${LEASE_SECONDS} s`)
  assert.equal(arpOwner(), other.mac)
  lab.setLink(owner, 'up')
  lab.startAgent(owner, ENVIRONMENT)
  await until('the old owner is back', async () => (await ask<StatusAnswer>(owner, '/v1/status')).state === 'ok')
  const { addresses } = await ask<L2Answer>(owner, '/v1/l2')
  assert.deepEqual([addresses[0]?.owner, addresses[0]?.state], [other.name, 'standby'])
  assert.equal(arpOwner(), other.mac)
  await setEndpoints(nodes)
})

test('an agent that stands still for longer than its Lease is silent, and takes nothing back when it goes on', async () => {
  const [owner, other] = ownerAndOther()
  lab.signalAgent(owner, 'SIGSTOP')
  await until('the other answers', () => arpOwner() === other.mac)
  lab.signalAgent(owner, 'SIGCONT')
  const endMs = performance.now() + 3000
  while (performance.now() < endMs) assert.equal(arpOwner(), other.mac)
  await until('it stands by', async () => (await ask<L2Answer>(owner, '/v1/l2')).addresses[0]?.state === 'standby')
  assert.equal((await ask<L2Answer>(other, '/v1/l2')).addresses[0]?.state, 'announcing')
})

test('with externalTrafficPolicy Local the address follows the pod, the client keeps its address, and nodes reach it from everywhere', async () => {
  const [owner, other] = ownerAndOther()
  await lab.apply(SERVICES, serviceObject('web', { ip: VIP, spec: { externalTrafficPolicy: 'Local' } }))
  await setEndpoints([other])
  await until('the address has followed', () => arpOwner() === other.mac)
  await until('the pod answers', () => curl() !== '')
  for (let count = 0; count < 10; count += 1) assert.equal(curl(), `${other.name} 192.168.10.50`)
  const command = `echo $$ > ${owner.cgroup}/cgroup.procs; exec curl -s --max-time 2 http://${VIP}`
  assert.match(lab.exec(owner.name, 'sh', '-c', command), new RegExp(`^${other.name} `))
  await lab.apply(SERVICES, serviceObject('web', { ip: VIP, spec: { externalTrafficPolicy: 'Cluster' } }))
  await setEndpoints(nodes)
  await until(
    'any node will do again',
    async () => (await ask<L2Answer>(owner, '/v1/l2')).addresses[0]?.candidates[1]?.eligible === true,
  )
})

test('an interface that does not exist is named with those that do', async () => {
  const [node] = nodes
  await lab.apply(L2_POLICIES, policyObject({ interfaces: ['enp0s1'] }))
  await until('nobody owns the address', async () => (await ask<L2Answer>(node, '/v1/l2')).addresses[0]?.owner === null)
  const { policies, addresses } = await ask<L2Answer>(node, '/v1/l2')
  assert.deepEqual(policies[0]?.problems, ['spec.interfaces "enp0s1" matches no device of node n1: it has eth0'])
  assert.equal(
    addresses[0]?.candidates[0]?.message,
    'interfaces of policy lab-l2-policy match none of its devices (eth0)',
  )
  await lab.apply(L2_POLICIES, policyObject())
  await until('it is owned again', () => curl() !== '')
})

test('an agent without rights names the rules that are missing', async () => {
  const [node] = nodes
  await lab.stopAgent(node)
  lab.startAgent(node, { ...ENVIRONMENT, KUBECONFIG: lab.server.strangersKubeconfig() })
  await until('it says so', async () => (await ask<StatusAnswer>(node, '/v1/status')).kubernetes.state === 'forbidden')
  const { problems } = await ask<StatusAnswer>(node, '/v1/status')
  const messages = problems.map(({ message }) => message).join('\n')
  assert.match(
    messages,
    /RBAC does not let stranger get leases\.coordination\.k8s\.io in namespace kube-system: add to its Role/,
  )
  assert.match(
    messages,
    /RBAC does not let stranger list endpointslices\.discovery\.k8s\.io in all namespaces: add to its/,
  )
  assert.match(tail(node), /LeaseForbidden/)
  await lab.stopAgent(node)
})

test('an address that Leases and responder hold is kept when the agent is stopped and started in good order', async () => {
  const [n1] = nodes
  lab.startAgent(n1, ENVIRONMENT)
  await until('n1 is back', async () => (await ask<StatusAnswer>(n1, '/v1/status')).state === 'ok')
  const [owner] = ownerAndOther()
  await lab.stopAgent(owner)
  assert.match(curl(), /^n[12] /)
  lab.startAgent(owner, ENVIRONMENT)
  await until('the owner is back', async () => (await ask<StatusAnswer>(owner, '/v1/status')).state === 'ok')
  assert.equal(arpOwner(), owner.mac)
  const { items } = await lab.api.list(LEASES, { namespace: 'kube-system', labelSelector: 'balise.io/kind=node' })
  assert.deepEqual(
    items.map(({ metadata }) => metadata.name),
    nodes.map(({ name }) => `balise-node-${name}`),
  )
})
