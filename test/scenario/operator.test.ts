import assert from 'node:assert/strict'
import { test } from 'node:test'
import { POOLS, SERVICES } from '#ports/kube-resources.ts'
import { createOperatorWorld, eventsOf, poolYaml, serviceYaml } from './operator-world.ts'

const LAB = poolYaml('lab', '192.168.10.75', '192.168.10.78')

test('operator gives a waiting Service an address', async (t) => {
  const world = await createOperatorWorld()
  t.after(() => world.close())
  await world.apply(LAB)
  await world.apply(serviceYaml('web'))
  assert.equal(
    world.show(),
    `pool lab: total 4, available 3, used 1
service default/web: 192.168.10.75, satisfied`,
  )
  assert.deepEqual(eventsOf(world), ['Normal IPAllocated web: Assigned 192.168.10.75'])
})

test('operator says why a Service waits, and serves it when the pool arrives', async (t) => {
  const world = await createOperatorWorld()
  t.after(() => world.close())
  await world.apply(serviceYaml('web'))
  assert.equal(
    world.show(),
    `service default/web: <pending>, no_pool
  There is no pool to take an IPv4 address from: create a CiliumLoadBalancerIPPool with free addresses of your network in spec.blocks`,
  )
  await world.apply(LAB)
  assert.equal(world.show().split('\n').at(-1), 'service default/web: 192.168.10.75, satisfied')
})

test('operator frees the address of a Service that is deleted, and serves the next', async (t) => {
  const world = await createOperatorWorld()
  t.after(() => world.close())
  await world.apply(poolYaml('one', '192.168.10.75', '192.168.10.75'))
  await world.apply(serviceYaml('first'))
  await world.apply(serviceYaml('second'))
  assert.equal(
    world.show(),
    `pool one: total 1, available 0, used 1
service default/first: 192.168.10.75, satisfied
service default/second: <pending>, out_of_ips
  No IPv4 address is free. Pool one is full. Add addresses to a pool, or delete a Service of type LoadBalancer`,
  )
  await world.remove(SERVICES, 'first', 'default')
  assert.equal(world.show().split('\n').at(-1), 'service default/second: 192.168.10.75, satisfied')
})

test('operator restarted keeps every address and writes nothing', async (t) => {
  const world = await createOperatorWorld()
  t.after(() => world.close())
  await world.apply(LAB + serviceYaml('a') + serviceYaml('b') + serviceYaml('c'))
  await world.remove(SERVICES, 'a', 'default')
  await world.pass(10_000)
  const before = world.show()
  const patches = (): number => world.api.requests.filter(({ verb }) => verb === 'patch').length
  const written = patches()
  await world.restart()
  assert.equal(world.operator().status().leading, true)
  assert.equal(world.show(), before)
  assert.equal(patches(), written)
})

test('operator takes its traces off a Service that is no longer of type LoadBalancer', async (t) => {
  const world = await createOperatorWorld()
  t.after(() => world.close())
  await world.apply(LAB + serviceYaml('web'))
  await world.apply(serviceYaml('web').replace('type: LoadBalancer', 'type: ClusterIP'))
  assert.equal(
    world.show(),
    `pool lab: total 4, available 4, used 0
service default/web: <pending>, no condition`,
  )
})

test('operator leaves conditions of other writers alone', async (t) => {
  const world = await createOperatorWorld()
  t.after(() => world.close())
  const foreign =
    '{type: example.com/Other, status: "True", reason: r, message: m, lastTransitionTime: "2026-01-01T00:00:00Z"}'
  await world.apply(`${serviceYaml('web').replace('---', '')}\nstatus: {conditions: [${foreign}]}\n`)
  await world.apply(LAB)
  const status = world.object(SERVICES, 'web')?.['status'] as { conditions: readonly { type: string }[] } | undefined
  assert.deepEqual(
    status?.conditions.map(({ type }) => type),
    ['example.com/Other', 'cilium.io/IPAMRequestSatisfied'],
  )
})

test('operator without any pool leaves a Service of another controller alone', async (t) => {
  const world = await createOperatorWorld()
  t.after(() => world.close())
  await world.apply(`${serviceYaml('web').replace('---', '')}\nstatus: {loadBalancer: {ingress: [{ip: 10.9.9.9}]}}\n`)
  assert.equal(world.show(), 'service default/web: 10.9.9.9, no condition')
})

test('operator deletes no address with the pool of another', async (t) => {
  const world = await createOperatorWorld()
  t.after(() => world.close())
  await world.apply(LAB + poolYaml('spare', '192.168.10.90', '192.168.10.91'))
  await world.apply(serviceYaml('web'))
  await world.remove(POOLS, 'spare')
  assert.equal(world.show().split('\n').at(-1), 'service default/web: 192.168.10.75, satisfied')
  await world.remove(POOLS, 'lab')
  assert.match(world.show(), /^service default\/web: <pending>, no_pool/)
})
