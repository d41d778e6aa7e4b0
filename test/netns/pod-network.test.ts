import assert from 'node:assert/strict'
import { existsSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { after, before, test } from 'node:test'
import { ENDPOINT_SLICES, L2_POLICIES, NODES, SERVICES } from '#ports/kube-resources.ts'
import { policyObject, serviceObject, sliceObject } from '#test/scenario/agent-cluster.ts'
import { tail, until } from './agent-lab.ts'
import { PodNetworkLab, type PodNode } from './pod-network-lab.ts'

const CLIENT = '192.168.10.50'
const CLIENT6 = 'fd00:192::50'
const VIP = '192.168.10.75'

let lab: PodNetworkLab
let n1: PodNode
let n2: PodNode
/** n2 before anything of Balise was on it. */
let fresh: Readonly<Record<string, string>>

before(async () => {
  lab = await PodNetworkLab.open(['n1', 'n2'])
  const [first, second] = lab.nodes
  assert.ok(first !== undefined && second !== undefined)
  ;[n1, n2] = [first, second]
  lab.exec('client', 'ip', 'address', 'add', `${CLIENT6}/64`, 'dev', 'eth0', 'nodad')
  fresh = lab.snapshot(n2)
  for (const node of lab.nodes) lab.start(node)
  await until('both nodes have their network configuration', () =>
    lab.nodes.every(({ confDir }) => existsSync(join(confDir, '05-balise.conflist'))),
  ).catch((error: unknown) => {
    for (const node of lab.nodes) process.stderr.write(`${node.name}\n${tail(node)}\n`)
    throw error
  })
})

after(() => lab.close())

function routes(node: PodNode): readonly string[] {
  return ['-4', '-6'].flatMap((family) =>
    lab
      .exec(node.name, 'ip', family, 'route', 'show', 'proto', '155')
      .split('\n')
      .map((line) => line.trim())
      .filter((line) => line !== ''),
  )
}

test('the configuration names the podCIDRs, the MTU of the wire and the state folder', () => {
  const conflist = JSON.parse(readFileSync(join(n1.confDir, '05-balise.conflist'), 'utf8')) as object
  assert.deepEqual(conflist, {
    cniVersion: '1.0.0',
    cniVersions: ['0.4.0', '1.0.0', '1.1.0'],
    name: 'balise',
    plugins: [
      {
        type: 'balise-cni',
        mode: 'full',
        podCidrs: n1.podCidrs,
        mtu: 1500,
        stateDir: `${n1.stateDir}/cni`,
        capabilities: { portMappings: true },
      },
    ],
  })
  assert.equal(readFileSync(join(n1.binDir, 'balise-cni'), 'utf8'), 'plugin of n1')
  assert.equal(readFileSync(join(n1.binDir, 'loopback'), 'utf8'), 'plugin of n1')
})

test('the kernel forwards, and router advertisements are heard all the same', () => {
  const setting = (name: string): string => lab.exec(n1.name, 'sysctl', '-n', name).trim()
  assert.deepEqual(
    ['net.ipv4.ip_forward', 'net.ipv6.conf.all.forwarding', 'net.ipv6.conf.eth0.accept_ra'].map(setting),
    ['1', '1', '2'],
  )
})

test('pods of the two nodes reach each other by routes, IPv4 and IPv6, with their own addresses', async () => {
  assert.match(routes(n1).join('\n'), /^10\.244\.1\.0\/24 via 192\.168\.10\.216 dev eth0/m)
  await until('a pod reaches the other by IPv4', () => lab.pings('pod-n1', n2.podAddress))
  await until('a pod reaches the other by IPv6', () => lab.pings('pod-n1', n2.podAddress6))
  const said = lab.exec('pod-n1', 'curl', '-s', '--max-time', '2', `http://${n2.podAddress}/`)
  assert.equal(said.trim(), `n2 ${n1.podAddress}`)
})

test('what pods send out of the cluster bears the address of their node', async () => {
  // the client knows no way to a pod: it can only answer a node
  await until('a pod reaches the client by IPv4', () => lab.pings('pod-n1', CLIENT))
  await until('a pod reaches the client by IPv6', () => lab.pings('pod-n1', CLIENT6))
})

test('a load balancer beside the masquerade: the backend sees the client, here and on the other node', async () => {
  await lab.lab.apply(L2_POLICIES, policyObject())
  await lab.lab.apply(SERVICES, serviceObject('web', { ip: VIP, spec: { externalTrafficPolicy: 'Cluster' } }))
  const seen: string[] = []
  for (const backend of lab.nodes) {
    await lab.lab.apply(ENDPOINT_SLICES, sliceObject('web', [{ address: backend.podAddress, nodeName: backend.name }]))
    await until(`${backend.name} answers for the Service`, () => curl().startsWith(backend.name))
    seen.push(curl())
  }
  // on the node that answers for the address its own pod sees the client; the other node's pod sees that node
  const isExpected = (owner: PodNode): boolean =>
    lab.nodes.every(({ name }, index) => seen[index] === `${name} ${name === owner.name ? CLIENT : owner.address}`)
  assert.ok(lab.nodes.some(isExpected), seen.join())
  const answered = Array.from({ length: 20 }, () => curl())
  assert.ok(
    answered.every((said) => said !== ''),
    answered.join(),
  )
})

function curl(): string {
  try {
    return lab.exec('client', 'curl', '-s', '--max-time', '1', `http://${VIP}`).trim()
  } catch {
    return ''
  }
}

test('a route of ours that is removed comes back, and routes of others stay', async () => {
  lab.exec(n1.name, 'ip', 'route', 'add', '10.250.0.0/16', 'via', n2.address, 'proto', 'bgp')
  lab.exec(n1.name, 'ip', 'route', 'delete', n2.podCidrs[0] ?? '')
  lab.exec(n1.name, 'ip', '-6', 'route', 'delete', n2.podCidrs[1] ?? '')
  await until('both routes are back', () => routes(n1).length === 2, 5000)
  assert.match(lab.exec(n1.name, 'ip', 'route', 'show', '10.250.0.0/16'), /proto bgp/)
  lab.exec(n1.name, 'ip', 'route', 'delete', '10.250.0.0/16')
})

test('routes that went with the link are back when the link is', async () => {
  lab.lab.setLink(n2, 'down')
  await until('the routes are gone with the link', () => routes(n2).length === 0)
  lab.exec(n2.name, 'ip', 'link', 'set', 'eth0', 'up')
  lab.exec(n2.name, 'ip', 'address', 'replace', `${n2.address6}/64`, 'dev', 'eth0', 'nodad')
  await until('the routes are back', () => routes(n2).length === 2)
  await until('pods reach each other', () => lab.pings('pod-n1', n2.podAddress) && lab.pings('pod-n1', n2.podAddress6))
})

test('rules that somebody changes or takes away are set anew', async () => {
  lab.exec(n1.name, 'nft', 'flush', 'chain', 'inet', 'balise', 'postrouting')
  assert.equal(lab.pings('pod-n1', CLIENT), false)
  await until('the client is reached again', () => lab.pings('pod-n1', CLIENT))
  lab.exec(n1.name, 'nft', 'flush', 'ruleset')
  await until('the client is reached again', () => lab.pings('pod-n1', CLIENT))
})

test('an agent that is killed leaves traffic and configuration, and its successor changes nothing', async () => {
  await lab.lab.stopAgent(n1, 'SIGKILL')
  assert.equal(routes(n1).length, 2)
  assert.ok(lab.pings('pod-n1', n2.podAddress) && lab.pings('pod-n1', CLIENT))
  const before = statSync(join(n1.confDir, '05-balise.conflist')).mtimeMs
  lab.start(n1)
  await until('the successor is up', async () => (await lab.status(n1)).podNetwork.confFile !== null)
  assert.equal(statSync(join(n1.confDir, '05-balise.conflist')).mtimeMs, before)
  assert.deepEqual((await lab.status(n1)).podNetwork.routing.routes, 2)
})

test('a node that goes loses its routes on the others', async () => {
  const gone = { ...n2, name: 'n9', address: '192.168.10.239', address6: 'fd00:192::239' }
  await lab.putNode(gone, ['10.244.99.0/24', 'fd00:244:99::/64'])
  await until('the routes are there', () => routes(n1).length === 4)
  await lab.lab.api.delete(NODES, { name: 'n9' })
  await until('the routes are gone', () => routes(n1).length === 2)
})

test('connections out of the cluster outlive a change of the rules', async () => {
  const server = lab.lab.spawn('client', [process.execPath, join(import.meta.dirname, 'agent-lab-server.ts'), 'client'])
  try {
    await until(
      'the client serves',
      () => lab.exec('pod-n1', 'curl', '-s', '--max-time', '1', `http://${CLIENT}`) !== '',
    )
    const flags = ['-s', '--limit-rate', '30M', '--max-time', '30', '-o', '/dev/null', '-w', '%{size_download}']
    const download = lab.lab.spawn('pod-n1', ['curl', ...flags, `http://${CLIENT}/big`])
    const said = text(download.stdout ?? process.stdin)
    const rules = (): string => lab.exec(n1.name, 'nft', 'list', 'table', 'inet', 'balise')
    const gone = { ...n2, name: 'n9', address: '192.168.10.239', address6: 'fd00:192::239' }
    await lab.putNode(gone, ['10.244.98.0/24'])
    await until('the rules are others', () => rules().includes('10.244.98.0/24'))
    await lab.lab.api.delete(NODES, { name: 'n9' })
    await until('the rules are as before', () => !rules().includes('10.244.98.0/24'))
    assert.equal(download.exitCode, null, 'the download was over before the rules changed')
    assert.equal(await said, String(100 << 20))
  } finally {
    server.kill()
  }
})

test('through the overlay pods reach each other, IPv4 and IPv6, and big packets find their size', async () => {
  for (const node of lab.nodes) {
    await lab.lab.stopAgent(node)
    lab.start(node, { BALISE_ROUTING_MODE: 'tunnel' })
  }
  for (const node of lab.nodes)
    await until(`${node.name} tunnels`, async () => (await lab.status(node)).podNetwork.routing.tunnels === 2)
  await until('a pod reaches the other by IPv4', () => lab.pings('pod-n1', n2.podAddress))
  await until('a pod reaches the other by IPv6', () => lab.pings('pod-n1', n2.podAddress6))
  assert.equal((await lab.status(n1)).podNetwork.mtuBytes, 1450)
  assert.match(routes(n1).join('\n'), /10\.244\.1\.0\/24 dev balise_vxlan .*src 10\.244\.0\.1/)
  assert.equal(
    lab.exec(
      'pod-n1',
      'curl',
      '-s',
      '--max-time',
      '5',
      '-o',
      '/dev/null',
      '-w',
      '%{size_download}',
      `http://${n2.podAddress}/big`,
    ),
    String(100 << 20),
  )
  assert.ok(lab.pings(n1.name, n2.podAddress), 'the node itself reaches the pods of the other')
})

test('back to routes the overlay goes', async () => {
  for (const node of lab.nodes) {
    await lab.lab.stopAgent(node)
    lab.start(node)
  }
  await until('the overlay is gone', () =>
    lab.nodes.every((node) => !lab.exec(node.name, 'ip', '-br', 'link').includes('balise_vxlan')),
  )
  await until('pods reach each other', () => lab.pings('pod-n1', n2.podAddress) && lab.pings('pod-n1', n2.podAddress6))
})

for (const mechanism of ['tcx', 'clsact']) {
  test(`after the clean-up the node is as it was, where programs hung by ${mechanism}`, async () => {
    await lab.lab.stopAgent(n2)
    lab.start(n2, { BALISE_ROUTING_MODE: 'tunnel', BALISE_TC_MECHANISM: mechanism })
    await until('there is all that can be', async () => {
      const { podNetwork, datapath } = await lab.status(n2)
      const isOnOverlay = datapath.attachments.some(({ hook }) => hook.startsWith('balise_vxlan'))
      return podNetwork.routing.tunnels === 2 && podNetwork.confFile !== null && isOnOverlay
    })
    assert.throws(() => lab.cleanup(n2), /An agent runs on this node/)
    await lab.lab.stopAgent(n2)
    const planned = lab.cleanup(n2, '--dry-run')
    for (const deed of [
      'delete balise_vxlan',
      `detach and unpin .*\\(${mechanism}\\)`,
      'set net.ipv4.ip_forward to 0 again',
    ])
      assert.match(planned, new RegExp(`^would ${deed}`, 'm'))
    assert.match(lab.cleanup(n2), /steps done/)
    assert.deepEqual(lab.snapshot(n2), fresh)
    assert.match(lab.cleanup(n2), /Nothing of Balise is on this node/)
  })
}
