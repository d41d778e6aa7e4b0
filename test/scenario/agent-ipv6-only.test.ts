import assert from 'node:assert/strict'
import test, { afterEach, beforeEach } from 'node:test'
import { formatRoute } from '#cni/plan.ts'
import { mustParseIp } from '#model/ip.ts'
import { EVENTS } from '#ports/kube-resources.ts'
import { type Cluster, createCluster, type ScenarioNode } from './agent-cluster.ts'

const PLUGIN = '/image/balise-cni'

let cluster: Cluster

beforeEach(() => {
  cluster = createCluster()
})
afterEach(() => cluster.close())

interface NodeOptions {
  readonly address?: string
  readonly podCidrs?: readonly string[]
}

function putNode(name: string, { address = '2001:db8::1', podCidrs = ['fd00::/64'] }: NodeOptions): void {
  cluster.api.put({
    apiVersion: 'v1',
    kind: 'Node',
    metadata: { name },
    spec: { podCIDRs: podCidrs },
    status: { addresses: [{ type: 'InternalIP', address }], conditions: [{ type: 'Ready', status: 'False' }] },
  })
}

/** A node whose device has no IPv4 address, and whose network we make. */
async function start(options: NodeOptions, environment: Readonly<Record<string, string>> = {}): Promise<ScenarioNode> {
  const addresses = [{ address: mustParseIp('2001:db8::1'), prefixLengthBits: 64 }]
  const node = cluster.start('n1', {
    device: { addresses },
    prepare({ files }) {
      putNode('n1', options)
      files.put(PLUGIN, 'plugin')
      files.makeFolder('/etc/cni/net.d')
      for (const setting of ['net/ipv4/ip_forward', 'net/ipv6/conf/all/forwarding'])
        files.put(`/proc/sys/${setting}`, '0\n')
    },
    environment: { BALISE_CNI_MODE: 'auto', BALISE_CNI_PLUGIN: PLUGIN, ...environment },
  })
  await cluster.clock.advance(5000)
  return node
}

function problems(node: ScenarioNode): readonly string[] {
  return node.agent?.answers.status().problems.map(({ code }) => code) ?? []
}

function said(node: ScenarioNode): number {
  return node.log.lines.filter(({ level, sentence }) => level === 'info' && sentence.includes('IPv6 only')).length
}

test('a node of IPv6 alone is well, gives its pods their network, and says once what it does not do', async () => {
  putNode('n2', { address: '2001:db8::2', podCidrs: ['fd00:0:0:2::/64'] })
  const node = await start({})
  await cluster.clock.advance(120_000)
  const status = node.agent?.answers.status()
  assert.deepEqual([status?.state, status?.problems], ['ok', []])
  assert.deepEqual([status?.podNetwork.mode, status?.podNetwork.confFile], ['full', '05-balise.conflist'])
  assert.deepEqual(node.network.state().routes.map(formatRoute), ['fd00:0:0:2::/64 via 2001:db8::2 dev eth0'])
  assert.deepEqual(cluster.api.objects(EVENTS), [])
  assert.equal(said(node), 1)
})

test('a node that is to have IPv4 and has none says so', async () => {
  const node = await start({ podCidrs: ['10.244.1.0/24', 'fd00::/64'] })
  assert.deepEqual(problems(node).toSorted(), ['NoDevice', 'NoNodeAddress'])
  assert.equal(said(node), 0)
  putNode('n1', {})
  await cluster.clock.advance(2000)
  assert.deepEqual([problems(node), said(node)], [[], 1])
})

test('a name of a device that is not there is said on a node of IPv6 alone as well', async () => {
  const node = await start({}, { BALISE_DEVICES: 'bond0' })
  assert.deepEqual(problems(node), ['NoDevice'])
})
