/** Clusters that run on MetalLB's kinds, and go on with what `balise migrate metallb` prints for them. */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import test, { afterEach, beforeEach } from 'node:test'
import { startOperator } from '#agents/operator/operator.ts'
import { migrate } from '#cli/cmds/migrate/migrate.ts'
import { METALLB_NAMESPACE } from '#crd/metallb/kinds.ts'
import { DEFAULT_IPAM } from '#ipam/ownership.ts'
import { createFakeLog } from '#ports/log.fake.ts'
import type { KubeObject } from '#ports/kube-api.ts'
import { ADDRESS_POOLS, CONFIG_MAPS, L2_ADVERTISEMENTS, L2_POLICIES, POOLS, SERVICES } from '#ports/kube-resources.ts'
import { answers, type Cluster, createCluster, type ScenarioNode } from './agent-cluster.ts'
import { parseYaml } from './harness.ts'
import { addressesOf, conditionOf } from './operator-world.ts'

const SITE = readFileSync(join(import.meta.dirname, '../../src/cli/cmds/migrate/testdata/site.in.yaml'), 'utf8')
const environment = { BALISE_ENABLE_METALLB: 'true' }

let cluster: Cluster
let nodes: readonly ScenarioNode[]
let operator: AbortController

beforeEach(() => {
  cluster = createCluster()
  nodes = ['cp1', 'node1'].map((name) => cluster.start(name, { environment }))
  operator = new AbortController()
})
afterEach(async () => {
  operator.abort(new Error('The scenario is over'))
  await cluster.close()
})

/** The cluster with this configuration, its operator begun. */
async function begin(yaml: string): Promise<void> {
  for (const object of parseYaml(yaml)) cluster.api.put({ ...object, metadata: { generation: 1, ...object.metadata } })
  const { api, clock } = cluster
  const own = { log: createFakeLog(), random: () => 0.5, namespace: 'kube-system', identity: 'operator' }
  startOperator({ api, clock, ...own, ipam: DEFAULT_IPAM, metallbNamespace: METALLB_NAMESPACE }, operator.signal)
  await cluster.clock.advance(5_000)
}

interface Wish {
  readonly namespace?: string
  readonly labels?: Readonly<Record<string, string>>
  readonly annotations?: Readonly<Record<string, string>>
  readonly spec?: object
}

async function serve(name: string, { namespace = 'default', labels = {}, annotations = {}, spec = {} }: Wish = {}) {
  const before = cluster.api.objects(SERVICES).find(({ metadata }) => metadata.name === name)
  cluster.api.put({
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name, namespace, labels, annotations: { ...before?.metadata.annotations, ...annotations } },
    spec: {
      type: 'LoadBalancer',
      clusterIP: '10.43.0.10',
      clusterIPs: ['10.43.0.10'],
      ipFamilies: ['IPv4'],
      ports: [{ port: 80, protocol: 'TCP' }],
      ...spec,
    },
    ...(before === undefined ? {} : { status: before['status'] }),
  })
  await cluster.clock.advance(1_000)
}

const service = (name: string): KubeObject | undefined =>
  cluster.api.objects(SERVICES).find(({ metadata }) => metadata.name === name)
const addresses = (): Readonly<Record<string, string>> =>
  Object.fromEntries(cluster.api.objects(SERVICES).map((one) => [one.metadata.name, addressesOf(one).join()]))
const answered = (): Readonly<Record<string, readonly string[]>> =>
  Object.fromEntries(nodes.map((node) => [node.name, answers(node)]))

/** Applies what the command prints, and takes MetalLB's configuration away: step 4 of the guide. */
async function moveOn(): Promise<readonly string[]> {
  const configuration = [ADDRESS_POOLS, L2_ADVERTISEMENTS, CONFIG_MAPS, SERVICES]
  const found = configuration.flatMap((resource) => cluster.api.objects(resource))
  const namespaces = parseYaml(SITE).filter(({ kind }) => kind === 'Namespace')
  const { outcomes } = migrate([...found, ...namespaces].map((object) => ({ source: 'cluster', object })))
  for (const { manifests } of outcomes) for (const manifest of manifests) cluster.api.put({ ...manifest })
  await cluster.clock.advance(3_000)
  for (const resource of [L2_ADVERTISEMENTS, ADDRESS_POOLS, CONFIG_MAPS]) {
    for (const { metadata } of cluster.api.objects(resource)) {
      await cluster.api.delete(resource, { name: metadata.name, namespace: METALLB_NAMESPACE })
      await cluster.clock.advance(1_000)
    }
  }
  await cluster.clock.advance(5_000)
  return outcomes.flatMap(({ subject, notes }) =>
    notes.flatMap(({ kind, what }) => (kind === 'lost' || kind === 'notTakenOver' ? [`${subject}: ${what}`] : [])),
  )
}

const asks = (key: string, value: string): Wish => ({ annotations: { [`metallb.io/${key}`]: value } })

test('who moves from MetalLB keeps every address and every node that answers, asked for or given', async () => {
  await begin(SITE)
  await serve('plain')
  await serve('pooled', asks('address-pool', 'dmz'))
  await serve('fixed', asks('loadBalancerIPs', '192.168.10.99'))
  await serve('field', { spec: { loadBalancerIP: '192.168.10.98' } })
  const dns = { 'metallb.io/allow-shared-ip': 'dns', 'metallb.universe.tf/loadBalancerIPs': '192.168.10.53' }
  await serve('dns-tcp', { annotations: dns, spec: { ports: [{ port: 53, protocol: 'TCP' }] } })
  await serve('dns-udp', { annotations: dns, spec: { ports: [{ port: 53, protocol: 'UDP' }] } })
  await serve('tenant', { namespace: 'team-a' })
  await serve('tenant-b', { namespace: 'team-b' })
  await serve('both', { namespace: 'team-a', labels: { app: 'nginx' } })
  await serve('local', { spec: { externalTrafficPolicy: 'Local', selector: { app: 'x' } } })
  const before = addresses()
  assert.deepEqual(before, {
    plain: '192.168.10.64',
    pooled: '192.168.10.96',
    fixed: '192.168.10.99',
    field: '192.168.10.98',
    'dns-tcp': '192.168.10.53',
    'dns-udp': '192.168.10.53',
    tenant: '192.168.10.112',
    'tenant-b': '192.168.10.113',
    both: '192.168.10.128',
    local: '192.168.10.65',
  })
  const answeredBefore = answered()
  assert.deepEqual(answeredBefore['cp1'], [])
  assert.equal(answeredBefore['node1']?.length, 8)

  assert.deepEqual(await moveOn(), [])
  assert.deepEqual(cluster.api.objects(ADDRESS_POOLS), [])
  assert.equal(cluster.api.objects(POOLS).length, 5)
  assert.equal(cluster.api.objects(L2_POLICIES).length, 1)
  assert.deepEqual(addresses(), before)
  assert.deepEqual(answered(), answeredBefore)
  for (const one of cluster.api.objects(POOLS)) {
    assert.equal(conditionOf(one, 'cilium.io/PoolConflict')?.status, 'False', one.metadata.name)
    assert.equal(conditionOf(one, 'balise.io/Valid')?.status, 'True', one.metadata.name)
  }
})

test('the pools that a migration makes give to the same Services, in the same order', async () => {
  await begin(SITE)
  await moveOn()
  await serve('plain')
  await serve('pooled', asks('address-pool', 'dmz'))
  await serve('fixed', asks('loadBalancerIPs', '192.168.10.99'))
  await serve('tenant', { namespace: 'team-a' })
  await serve('both', { namespace: 'team-a', labels: { app: 'envoy' } })
  await serve('stranger', asks('address-pool', 'team-a'))
  assert.deepEqual(addresses(), {
    plain: '192.168.10.64',
    pooled: '192.168.10.96',
    fixed: '192.168.10.99',
    tenant: '192.168.10.112',
    both: '192.168.10.128',
    stranger: '',
  })
  for (let index = 0; index < 20; index++) await serve(`more${index}`)
  const given = Object.values(addresses())
  assert.ok(!given.some((ip) => ip === '192.168.10.53' || ip === '192.168.10.97'), given.join(' '))
})

const APART = `
apiVersion: metallb.io/v1beta1
kind: IPAddressPool
metadata: {name: first, namespace: metallb-system, labels: {net: a}}
spec: {addresses: [192.168.10.64/28]}
---
apiVersion: metallb.io/v1beta1
kind: IPAddressPool
metadata: {name: second, namespace: metallb-system}
spec: {addresses: [192.168.10.80/28], autoAssign: false}
---
apiVersion: metallb.io/v1beta1
kind: IPAddressPool
metadata: {name: shop, namespace: metallb-system}
spec: {addresses: [192.168.10.96/28], serviceAllocation: {namespaces: [shop]}}
---
apiVersion: metallb.io/v1beta1
kind: L2Advertisement
metadata: {name: a, namespace: metallb-system}
spec:
  ipAddressPoolSelectors: [{matchLabels: {net: a}}]
  nodeSelectors: [{matchLabels: {kubernetes.io/hostname: node1}}]
---
apiVersion: metallb.io/v1beta1
kind: L2Advertisement
metadata: {name: b, namespace: metallb-system}
spec:
  ipAddressPools: [second, shop]
  nodeSelectors: [{matchLabels: {kubernetes.io/hostname: cp1}}]
`

test('pools that nodes announce apart stay apart, once Services have the labels that the command asks for', async () => {
  await begin(APART)
  await serve('one')
  await serve('two', asks('address-pool', 'second'))
  await serve('three', { namespace: 'shop' })
  const before = addresses()
  assert.deepEqual(before, { one: '192.168.10.64', two: '192.168.10.80', three: '192.168.10.96' })
  const answeredBefore = { cp1: ['192.168.10.80', '192.168.10.96'], node1: ['192.168.10.64'] }
  assert.deepEqual(answered(), answeredBefore)

  await serve('one', { labels: { 'balise.io/pool': 'first' } })
  await serve('two', { labels: { 'balise.io/pool': 'second' } })
  assert.deepEqual(await moveOn(), [
    'L2Advertisement metallb-system/a: spec.ipAddressPools first',
    'L2Advertisement metallb-system/b: spec.ipAddressPools second',
  ])
  assert.deepEqual(addresses(), before)
  assert.deepEqual(answered(), answeredBefore)
})

test('without such a label a Service keeps its address, falls silent, and says so', async () => {
  await begin(APART)
  await serve('one')
  await moveOn()
  assert.deepEqual(addresses(), { one: '192.168.10.64' })
  assert.deepEqual(answered(), { cp1: [], node1: [] })
  assert.equal(conditionOf(service('one'), 'balise.io/Announced')?.status, 'False')
})

const LEGACY = `
apiVersion: v1
kind: ConfigMap
metadata: {name: config, namespace: metallb-system}
data:
  config: |
    peers:
    - {my-asn: 64500, peer-asn: 64501, peer-address: 10.0.0.1}
    bgp-communities: {no-advertise: 65535:65282}
    address-pools:
    - {name: lan_1, protocol: layer2, addresses: [192.168.10.64/28], avoid-buggy-ips: true}
    - {name: spare, protocol: layer2, addresses: [192.168.10.80 - 192.168.10.81], auto-assign: false}
    - {name: routed, protocol: bgp, addresses: [198.51.100.0/28], auto-assign: false}
`

test('who comes from the ConfigMap of old keeps addresses of both protocols; those of bgp are not announced, as said', async () => {
  await begin(LEGACY)
  await serve('one')
  await serve('named', { annotations: { 'metallb.universe.tf/address-pool': 'lan_1' } })
  await serve('two', { annotations: { 'metallb.universe.tf/address-pool': 'spare' } })
  await serve('three', { spec: { loadBalancerIP: '198.51.100.7' } })
  const before = addresses()
  assert.deepEqual(before, {
    one: '192.168.10.64',
    named: '192.168.10.65',
    two: '192.168.10.80',
    three: '198.51.100.7',
  })
  const all = () => Object.values(answered()).flat().toSorted()
  assert.deepEqual(all(), ['192.168.10.64', '192.168.10.65', '192.168.10.80'])

  for (const [name, pool] of [
    ['one', 'lan-1'],
    ['named', 'lan-1'],
    ['two', 'spare'],
  ] as const) {
    await serve(name, {
      labels: { 'balise.io/pool': pool },
      annotations: name === 'named' ? { 'metallb.universe.tf/address-pool': 'lan-1' } : {},
    })
  }
  const lost = await moveOn()
  assert.ok(lost.includes('ConfigMap metallb-system/config: data.config.peers[0]'), lost.join('\n'))
  assert.deepEqual(addresses(), before)
  assert.deepEqual(all(), ['192.168.10.64', '192.168.10.65', '192.168.10.80'])
})
