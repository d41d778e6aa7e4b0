/** That loops look at the Services that a change concerns, and at all of them when it concerns all: never at fewer. */
import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { METALLB_NAMESPACE } from '#crd/metallb/kinds.ts'
import type { KubeObject } from '#ports/kube-api.ts'
import { SERVICE_L2_STATUSES, SERVICES } from '#ports/kube-resources.ts'
import { createLoopWorld, type LoopName, type LoopWorld } from './loop-world.ts'
import { advertisementYaml, servedService } from './metallb-manifests.ts'
import { addressPoolYaml, allocatedFrom, statusOf } from './metallb-world.ts'
import { eventsOf, putNode } from './operator-world.ts'

const COUNT = 300
const BLUE = addressPoolYaml('blue', '10.0.0.0/22')
const INDEXES = Array.from({ length: COUNT }, (_, index) => index)
const addressOf = (index: number): string => `10.0.${index >> 8}.${index & 255}`
const ALL = INDEXES.map((index) => `default/web-${index}`)

async function begin(t: TestContext, loop: LoopName): Promise<LoopWorld> {
  const world = await createLoopWorld([loop])
  t.after(() => world.close())
  renew(world)
  for (const index of INDEXES) world.api.put(servedService(`web-${index}`, [addressOf(index)]))
  await world.apply(BLUE + advertisementYaml())
  await world.pass(10_000)
  // Which Service has which address is found out when that is asked for the first time.
  putNode(world, 'cp1', ['eth0'], INDEXES.slice(1).map(addressOf))
  await world.pass(1_000)
  renew(world)
  await world.pass(1_000)
  forget(world)
  return world
}

/** The node's agent renews its Lease, and says what it said. */
function renew(world: LoopWorld): void {
  putNode(world, 'cp1', ['eth0'], INDEXES.map(addressOf))
}

function forget(world: LoopWorld): void {
  world.takeLooks()
  world.takeWrites()
}

/** The Services among those that were looked at. */
const looks = (world: LoopWorld): readonly string[] =>
  [...world.takeLooks()].filter((key) => key.startsWith('default/')).toSorted()

function serviceOf(world: LoopWorld, name: string): KubeObject {
  const service = world.object(SERVICES, name, 'default')
  assert.ok(service !== undefined)
  return service
}

/** Replaces its annotations, with which the mark of its pool goes, if it has one. */
function edit(world: LoopWorld, name: string): void {
  const { metadata, ...service } = serviceOf(world, name)
  world.api.put({ ...service, metadata: { ...metadata, annotations: { 'example.org/note': 'edited' } } })
}

test('the loop of MetalLB looks at the one Service that changed, and at none for what it writes into pools', async (t) => {
  const world = await begin(t, 'metallb')
  assert.deepEqual(statusOf(world, 'blue'), status(COUNT))
  edit(world, 'web-7')
  await world.pass(3_000)
  assert.deepEqual(looks(world), ['default/web-7'])
  assert.deepEqual(world.takeWrites(), ['patch services web-7'])
  assert.equal(allocatedFrom(serviceOf(world, 'web-7')), 'blue')
  await world.remove(SERVICES, 'web-9', 'default')
  world.api.put(servedService('new', ['10.0.3.1']))
  world.api.put(servedService('twin', ['10.0.3.1']))
  await world.pass(3_000)
  assert.deepEqual(looks(world), ['default/new', 'default/twin', 'default/web-9'])
  assert.deepEqual(statusOf(world, 'blue'), status(COUNT))
  await world.remove(SERVICES, 'twin', 'default')
  await world.remove(SERVICES, 'web-11', 'default')
  await world.pass(3_000)
  assert.deepEqual(statusOf(world, 'blue'), status(COUNT - 1))
  assert.deepEqual(looks(world), ['default/twin', 'default/web-11'])
})

function status(assigned: number): unknown {
  return { assignedIPv4: assigned, assignedIPv6: 0, availableIPv4: 1024 - assigned, availableIPv6: 0 }
}

test('the loop of MetalLB looks at all Services when a pool changes, and after a minute', async (t) => {
  const world = await begin(t, 'metallb')
  await world.apply(addressPoolYaml('blue', '10.0.0.0/23'))
  await world.pass(3_000)
  assert.deepEqual(looks(world), ALL.toSorted())
  assert.deepEqual(world.takeWrites(), ['patch ipaddresspools blue'])
  await world.pass(50_000)
  assert.deepEqual(looks(world), [])
  await world.pass(15_000)
  assert.deepEqual(looks(world), ALL.toSorted())
})

test('the loop of announcers looks at the Service that changed, and at the status that somebody took away', async (t) => {
  const world = await begin(t, 'announcers')
  assert.equal(world.api.objects(SERVICE_L2_STATUSES).length, COUNT)
  edit(world, 'web-7')
  await world.pass(3_000)
  assert.deepEqual(looks(world), ['default/web-7'])
  assert.deepEqual(world.takeWrites(), [])
  const [first] = world.api.objects(SERVICE_L2_STATUSES)
  const name = first?.metadata.name ?? ''
  await world.remove(SERVICE_L2_STATUSES, name, METALLB_NAMESPACE)
  await world.pass(3_000)
  assert.deepEqual([...world.takeLooks()], [`${METALLB_NAMESPACE}/${name}`])
  assert.deepEqual(world.takeWrites(), [
    `create servicel2statuses ${name}`,
    `delete servicel2statuses ${name}`,
    `patch servicel2statuses ${name}`,
  ])
  renew(world)
  await world.remove(SERVICES, 'web-9', 'default')
  await world.pass(3_000)
  assert.equal(world.api.objects(SERVICE_L2_STATUSES).length, COUNT - 1)
  assert.deepEqual(looks(world), ['default/web-9'])
})

test('the loop of announcers looks at the Service whose node changed', async (t) => {
  const world = await begin(t, 'announcers')
  putNode(world, 'cp1', ['eth0'], INDEXES.slice(1).map(addressOf))
  await world.pass(3_000)
  assert.deepEqual(looks(world), ['default/web-0'])
  assert.equal(world.api.objects(SERVICE_L2_STATUSES).length, COUNT - 1)
})

test('the loop of announcers looks at all Services when a node comes, and when an advertisement changes', async (t) => {
  const world = await begin(t, 'announcers')
  putNode(world, 'node1', ['eth0'], [addressOf(0)])
  await world.pass(3_000)
  assert.deepEqual(looks(world), ALL.toSorted())
  assert.equal(world.api.objects(SERVICE_L2_STATUSES).length, COUNT + 1)
  await world.apply(advertisementYaml('{interfaces: [eth7]}'))
  renew(world)
  await world.pass(5_000)
  assert.deepEqual(looks(world), ALL.toSorted())
  assert.deepEqual(world.api.objects(SERVICE_L2_STATUSES), [])
})

for (const loop of ['metallb', 'announcers'] as const) {
  test(`the loop of ${loop} that breaks off looks at all Services again, and loses none that went meanwhile`, async (t) => {
    const world = await begin(t, loop)
    const assigned = (name: string) => eventsOf(world).filter((line) => line.includes(` ${name}: `)).length
    let failures = 0
    world.onEvent(() => {
      if (failures++ === 0) throw new Error('A mistake of our own')
    })
    putNode(world, 'cp1', ['eth0'], [...INDEXES.map(addressOf), '10.0.3.1', '10.0.3.2'])
    await world.remove(SERVICES, 'web-9', 'default')
    for (const [name, ip] of Object.entries({ first: '10.0.3.1', second: '10.0.3.2' }))
      world.api.put(servedService(name, [ip], { 'metallb.universe.tf/address-pool': 'blue' }))
    await world.pass(5_000)
    assert.ok(failures > 1)
    assert.equal(assigned('second'), 1)
    assert.ok(looks(world).length > COUNT)
    assert.deepEqual(world.api.objects(SERVICE_L2_STATUSES).length, loop === 'announcers' ? COUNT + 1 : 0)
    assert.deepEqual(statusOf(world, 'blue'), loop === 'metallb' ? status(COUNT + 1) : undefined)
    forget(world)
    edit(world, 'web-7')
    await world.pass(3_000)
    assert.deepEqual(looks(world), ['default/web-7'])
  })
}
