import assert from 'node:assert/strict'
import { test } from 'node:test'
import { L2_POLICIES } from '#ports/kube-resources.ts'
import { conditionOf, createOperatorWorld, type OperatorWorld, putNode } from './operator-world.ts'

async function worldWithNodes(): Promise<OperatorWorld> {
  const world = await createOperatorWorld()
  putNode(world, 'cp1-lab', ['eth0', 'wg0'])
  putNode(world, 'node1-lab', ['eth0'])
  await world.pass()
  return world
}

const policy = (spec: string): string => `
apiVersion: cilium.io/v2alpha1
kind: CiliumL2AnnouncementPolicy
metadata: {name: lab}
spec: ${spec}
`

async function validOf(spec: string): Promise<string> {
  const world = await worldWithNodes()
  try {
    await world.apply(policy(spec))
    const { status, message } = conditionOf(world.object(L2_POLICIES, 'lab'), 'balise.io/Valid') ?? assert.fail('none')
    return message === '' ? status : `${status} ${message}`
  } finally {
    await world.close()
  }
}

const VERDICTS: readonly { readonly name: string; readonly spec: string; readonly valid: string }[] = [
  { name: 'an interface that is there', spec: '{loadBalancerIPs: true, interfaces: [eth0]}', valid: 'True' },
  { name: 'no interfaces: all of them', spec: '{loadBalancerIPs: true}', valid: 'True' },
  {
    name: 'an interface that is on no node',
    spec: '{loadBalancerIPs: true, interfaces: [enp0s1]}',
    valid:
      'False spec.interfaces "enp0s1" matches no interface of the selected nodes: use one that exists: eth0, wg0 on cp1-lab, eth0 on node1-lab',
  },
  {
    name: 'an interface that only a node has that is not selected',
    spec: '{loadBalancerIPs: true, interfaces: [wg0], nodeSelector: {matchLabels: {kubernetes.io/hostname: node1-lab}}}',
    valid:
      'False spec.interfaces "wg0" matches no interface of the selected nodes: use one that exists: eth0 on node1-lab',
  },
  {
    name: 'a pattern that does not compile',
    spec: '{loadBalancerIPs: true, interfaces: ["eth[0"]}',
    valid:
      'False spec.interfaces[0] "eth[0" does not compile (unterminated character class): write the name of an interface, or a regular expression like ^eth[0-9]+$; close every ( and [, and put \\ before a sign meant as itself',
  },
  {
    name: 'a selector that fits no node',
    spec: '{loadBalancerIPs: true, nodeSelector: {matchLabels: {role: lb}}}',
    valid:
      'False spec.nodeSelector "role=lb" selects no node: label a node so, or change the selector; the nodes are cp1-lab, node1-lab',
  },
  {
    name: 'nothing to announce',
    spec: '{interfaces: [eth0]}',
    valid:
      'False spec announces nothing, for both loadBalancerIPs and externalIPs are false: set loadBalancerIPs to true for Services of type LoadBalancer',
  },
]
for (const { name, spec, valid } of VERDICTS) {
  test(`operator judges a policy: ${name}`, async () => assert.equal(await validOf(spec), valid))
}

test('operator judges a policy anew when the interface appears', async (t) => {
  const world = await worldWithNodes()
  t.after(() => world.close())
  await world.apply(policy('{loadBalancerIPs: true, interfaces: [enp0s1]}'))
  assert.equal(conditionOf(world.object(L2_POLICIES, 'lab'), 'balise.io/Valid')?.status, 'False')
  putNode(world, 'node2-lab', ['enp0s1'])
  await world.pass()
  assert.equal(conditionOf(world.object(L2_POLICIES, 'lab'), 'balise.io/Valid')?.status, 'True')
})

test('operator does not call a policy valid before an agent has reported', async (t) => {
  const world = await createOperatorWorld()
  t.after(() => world.close())
  world.api.put({ apiVersion: 'v1', kind: 'Node', metadata: { name: 'node1' } })
  await world.apply(policy('{loadBalancerIPs: true, interfaces: [enp0s1]}'))
  const { status, message } = conditionOf(world.object(L2_POLICIES, 'lab'), 'balise.io/Valid') ?? assert.fail('none')
  assert.equal(
    `${status} ${message}`,
    'Unknown No agent of a selected node has reported its interfaces: see whether the agents run',
  )
})

test('operator writes nothing when the Lease of a node is only renewed', async (t) => {
  const world = await worldWithNodes()
  t.after(() => world.close())
  await world.apply(policy('{loadBalancerIPs: true, interfaces: [eth0]}'))
  const patches = (): number => world.api.requests.filter(({ verb }) => verb === 'patch').length
  const before = patches()
  for (let renewal = 0; renewal < 5; renewal++) {
    putNode(world, 'node1-lab', ['eth0'])
    await world.pass()
  }
  assert.equal(patches(), before)
})
