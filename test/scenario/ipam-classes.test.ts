import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import type { IpamSettings } from '#ipam/ownership.ts'
import { createScenario } from './harness.ts'
import { createOperatorWorld, type OperatorWorld, poolYaml, serviceYaml } from './operator-world.ts'

const LAB = poolYaml('lab', '192.168.10.75', '192.168.10.78')

async function worldWith(t: TestContext, ipam: Partial<IpamSettings>, yaml: string): Promise<OperatorWorld> {
  const world = await createOperatorWorld(createScenario(), ipam)
  t.after(() => world.close())
  await world.apply(yaml)
  return world
}

function services(world: OperatorWorld): string {
  return world
    .show()
    .split('\n')
    .filter((line) => !line.startsWith('pool'))
    .join('\n')
}

test('ipam leaves Services without a class alone where that is the default', async (t) => {
  const l2 = serviceYaml('l2', 'loadBalancerClass: io.cilium/l2-announcer')
  const world = await worldWith(t, { defaultIpam: 'none' }, LAB + serviceYaml('web') + l2)
  assert.equal(
    services(world),
    'service default/l2: 192.168.10.75, satisfied\nservice default/web: <pending>, no condition',
  )
})

test('ipam gives nothing and takes nothing where it is switched off', async (t) => {
  const scenario = createScenario()
  const on = await createOperatorWorld(scenario)
  await on.apply(LAB + serviceYaml('web'))
  await on.close()
  const world = await createOperatorWorld(scenario, { enabled: false })
  t.after(() => world.close())
  await world.apply(poolYaml('lab', '10.0.0.1', '10.0.0.2') + serviceYaml('new'))
  await world.pass(30_000)
  assert.equal(
    services(world),
    'service default/new: <pending>, no condition\nservice default/web: 192.168.10.75, satisfied',
  )
})

const node = (name: string, ip: string, zone: string): string => `
apiVersion: v1
kind: Node
metadata: {name: ${name}, labels: {zone: ${zone}}}
status:
  addresses: [{type: InternalIP, address: ${ip}}]
  conditions: [{type: Ready, status: "True"}]
---
`
const NODES = node('cp1', '192.168.10.215', 'a') + node('node1', '192.168.10.216', 'b')
const ofNodes = (name: string, more = '', annotations = ''): string =>
  serviceYaml(name, `loadBalancerClass: io.cilium/node\n  ${more}`, `annotations: {${annotations}}`)

test('ipam gives Services of class io.cilium/node the addresses of nodes, and follows them', async (t) => {
  const selector = 'io.cilium.nodeipam/match-node-labels: "zone in (b,c)"'
  const world = await worldWith(t, { nodeIpam: true }, NODES + ofNodes('all') + ofNodes('some', '', selector))
  const before = `service default/all: 192.168.10.215, 192.168.10.216, satisfied
service default/some: 192.168.10.216, satisfied`
  assert.equal(services(world), before)
  await world.restart()
  assert.equal(services(world), before)
  await world.apply(node('node1', '192.168.10.216', 'x'))
  assert.equal(
    services(world),
    `service default/all: 192.168.10.215, 192.168.10.216, satisfied
service default/some: <pending>, no_node
  No node has the labels zone in (b,c): change annotation io.cilium.nodeipam/match-node-labels, or label a node`,
  )
})

test('ipam gives the nodes that have a ready endpoint where the policy is Local', async (t) => {
  const slice = (nodeName: string): string => `
apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata: {name: web-1, namespace: default, labels: {kubernetes.io/service-name: web}}
addressType: IPv4
ports: [{port: 80, protocol: TCP, name: ""}]
endpoints: [{addresses: [10.244.0.5], nodeName: ${nodeName}, conditions: {ready: true}}]
---
`
  const world = await worldWith(t, { nodeIpam: true }, NODES + ofNodes('web', 'externalTrafficPolicy: Local'))
  assert.match(services(world), /web: <pending>, no_node\n {2}No selected node has a ready endpoint of this Service/)
  await world.apply(slice('node1'))
  assert.equal(services(world), 'service default/web: 192.168.10.216, satisfied')
  await world.apply(slice('cp1'))
  assert.equal(services(world), 'service default/web: 192.168.10.215, satisfied')
})

test('ipam leaves class io.cilium/node alone where node IPAM is off', async (t) => {
  const world = await worldWith(t, {}, NODES + ofNodes('web'))
  assert.equal(services(world), 'service default/web: <pending>, no condition')
})

test('ipam gives Services without a class the addresses of nodes where that is the default, and the announced class those of pools', async (t) => {
  const classes = serviceYaml('web') + serviceYaml('l2', 'loadBalancerClass: io.cilium/l2-announcer') + ofNodes('node')
  const world = await worldWith(t, { defaultIpam: 'nodeipam' }, NODES + LAB + classes)
  assert.equal(
    services(world),
    `service default/l2: 192.168.10.75, satisfied
service default/node: <pending>, no condition
service default/web: 192.168.10.215, 192.168.10.216, satisfied`,
  )
})
