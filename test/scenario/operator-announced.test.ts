import assert from 'node:assert/strict'
import { test } from 'node:test'
import { SERVICES } from '#ports/kube-resources.ts'
import {
  conditionOf,
  createOperatorWorld,
  eventsOf,
  type OperatorWorld,
  poolYaml,
  putNode,
  serviceYaml,
} from './operator-world.ts'

const LAB = poolYaml('lab', '192.168.10.75', '192.168.10.78')

const policy = (spec: string): string => `
apiVersion: cilium.io/v2alpha1
kind: CiliumL2AnnouncementPolicy
metadata: {name: l2}
spec: ${spec}
`
const GOOD = policy('{loadBalancerIPs: true, interfaces: [eth0]}')

async function worldWith(...manifests: readonly string[]): Promise<OperatorWorld> {
  const world = await createOperatorWorld()
  putNode(world, 'cp1', ['eth0'])
  putNode(world, 'node1', ['eth0'])
  for (const manifest of manifests) await world.apply(manifest)
  return world
}

/** `False NoNode: ...` of Service `web`. */
function announced(world: OperatorWorld): string | undefined {
  const condition = conditionOf(world.object(SERVICES, 'web'), 'balise.io/Announced')
  return condition === undefined ? undefined : `${condition.status} ${condition.reason}: ${condition.message}`
}

test('operator tells who answers for an address, and in an Event', async (t) => {
  const world = await worldWith(LAB, GOOD, serviceYaml('web'))
  t.after(() => world.close())
  assert.equal(announced(world), undefined)
  putNode(world, 'node1', ['eth0'], ['192.168.10.75'])
  await world.pass()
  assert.equal(announced(world), 'True Announced: node1 answers for 192.168.10.75')
  assert.deepEqual(eventsOf(world), [
    'Normal IPAllocated web: Assigned 192.168.10.75',
    'Normal Announced web: node1 answers for 192.168.10.75',
  ])
})

test('operator says on the Service that no policy announces it', async (t) => {
  const world = await worldWith(LAB, serviceYaml('web'))
  t.after(() => world.close())
  await world.pass(6_000)
  assert.equal(
    announced(world),
    'False NoPolicy: No node answers for 192.168.10.75: no policy selects a Service with this address: create a CiliumL2AnnouncementPolicy that does, with loadBalancerIPs: true (externalIPs: true for an external IP); a policy with mistakes is not in force, kubectl describe of it lists them',
  )
})

test('operator says on the Service that the interface of the policy is on no node, with the names that exist', async (t) => {
  const world = await worldWith(LAB, policy('{loadBalancerIPs: true, interfaces: [enp0s1]}'), serviceYaml('web'))
  t.after(() => world.close())
  await world.pass(6_000)
  assert.equal(
    announced(world),
    'False NoNode: No node answers for 192.168.10.75: cp1: interfaces of policy l2 match none of its devices (eth0); node1: interfaces of policy l2 match none of its devices (eth0)',
  )
  assert.match(
    eventsOf(world).at(-1) ?? '',
    /^Warning NotAnnounced web: No node answers for 192\.168\.10\.75: cp1: interfaces/,
  )
})

test('operator says it when no node takes an address that one may take, but not at once', async (t) => {
  const world = await worldWith(LAB, GOOD, serviceYaml('web'))
  t.after(() => world.close())
  await world.pass(3_000)
  assert.equal(announced(world), undefined)
  await world.pass(3_000)
  assert.equal(
    announced(world),
    'False NotYet: No node answers for 192.168.10.75: cp1 or node1 may, but does not yet: balise l2 list there says more',
  )
})

test('operator says of an IPv6 address that it is not announced, whatever policies there are', async (t) => {
  const world = await worldWith(
    poolYaml('six', 'fd00:10::70', 'fd00:10::7f'),
    GOOD,
    serviceYaml('web').replace('[IPv4]', '[IPv6]'),
  )
  t.after(() => world.close())
  await world.pass(6_000)
  assert.match(
    announced(world) ?? '',
    /^False NotServed: No node answers for fd00:10::70: IPv6 addresses of Services are neither/,
  )
})

test('operator does not take the word of a node whose Lease has run out', async (t) => {
  const world = await worldWith(LAB, GOOD, serviceYaml('web'))
  t.after(() => world.close())
  putNode(world, 'node1', ['eth0'], ['192.168.10.75'])
  await world.pass()
  for (let second = 0; second < 20; second++) {
    putNode(world, 'cp1', ['eth0'])
    await world.pass()
  }
  assert.equal(
    announced(world),
    'False NotYet: No node answers for 192.168.10.75: cp1 may, but does not yet: balise l2 list there says more',
  )
  putNode(world, 'cp1', ['eth0'], ['192.168.10.75'])
  await world.pass()
  assert.equal(announced(world), 'True Announced: cp1 answers for 192.168.10.75')
})

test('operator that is cut off from the API takes nobody for dead when it is back', async (t) => {
  const world = await worldWith(LAB, GOOD, serviceYaml('web'))
  t.after(() => world.close())
  putNode(world, 'node1', ['eth0'], ['192.168.10.75'])
  await world.pass()
  world.api.goAway()
  await world.pass(60_000)
  world.api.comeBack()
  // The agent has its own trouble to reach the API again.
  await world.pass(10_000)
  putNode(world, 'node1', ['eth0'], ['192.168.10.75'])
  for (let second = 0; second < 40; second++) {
    await world.pass()
    putNode(world, 'node1', ['eth0'], ['192.168.10.75'])
  }
  const told = eventsOf(world).filter((event) => event.includes('Announced'))
  assert.deepEqual(told, ['Normal Announced web: node1 answers for 192.168.10.75'])
})

test('operator writes nothing about announcements when a Lease is only renewed', async (t) => {
  const world = await worldWith(LAB, GOOD, serviceYaml('web'))
  t.after(() => world.close())
  putNode(world, 'node1', ['eth0'], ['192.168.10.75'])
  await world.pass()
  const patches = (): number => world.api.requests.filter(({ verb }) => verb === 'patch').length
  const before = patches()
  for (let second = 0; second < 30; second++) {
    for (const [name, holds] of [
      ['cp1', []],
      ['node1', ['192.168.10.75']],
    ] as const)
      putNode(world, name, ['eth0'], holds)
    await world.pass()
  }
  assert.equal(patches(), before)
})
