/** That the loop of the mirrors looks at the Services that a change concerns, and at each mirror when its time has come. */
import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { LEASES, SERVICES } from '#ports/kube-resources.ts'
import { createLoopWorld, type LoopWorld } from './loop-world.ts'
import { servedService } from './metallb-manifests.ts'
import { putNode } from './operator-world.ts'

const COUNT = 200
const INDEXES = Array.from({ length: COUNT }, (_, index) => index)
const addressOf = (index: number): string => `192.168.10.${index}`
const ALL = INDEXES.map((index) => `default/web-${index}`).toSorted()

/** Mirrors are made in two halves, the second a quarter of an hour after the first. */
async function begin(t: TestContext): Promise<LoopWorld> {
  const world = await createLoopWorld(['mirrors'])
  t.after(() => world.close())
  for (const index of INDEXES) world.api.put(servedService(`web-${index}`, [addressOf(index)]))
  await live(world, 900, INDEXES.slice(0, COUNT / 2))
  await live(world, 20)
  forget(world)
  return world
}

/** Time in which the agent of the one node goes on to renew its Lease. */
async function live(world: LoopWorld, seconds: number, held: readonly number[] = INDEXES): Promise<void> {
  for (let second = 0; second < seconds; second += 10) {
    putNode(world, 'cp1', ['eth0'], held.map(addressOf))
    await world.pass(Math.min(10, seconds) * 1_000)
  }
}

function forget(world: LoopWorld): void {
  world.takeLooks()
  world.takeWrites()
}

const mirrorOf = (name: string): string => `cilium-l2announce-${name.replace('/', '-')}`

/** The Services that were looked at by the name of their mirror, or at once. */
function looks(world: LoopWorld): readonly string[] {
  const seen = world.takeLooks()
  return ALL.filter((key) => seen.has(key))
}

/** Somebody edits it. */
function edit(world: LoopWorld, name: string): void {
  const { metadata, ...service } = world.object(SERVICES, name, 'default') ?? assert.fail()
  world.api.put({ ...service, metadata: { ...metadata, annotations: { 'example.org/note': 'edited' } } })
}

test('the loop of the mirrors looks at the one Service that changed or went, and at the mirror that somebody took away', async (t) => {
  const world = await begin(t)
  edit(world, 'web-7')
  await live(world, 5)
  assert.deepEqual(looks(world), ['default/web-7'])
  assert.deepEqual(world.takeWrites(), [])
  await world.remove(SERVICES, 'web-9', 'default')
  await live(world, 5)
  assert.deepEqual(looks(world), ['default/web-9'])
  assert.deepEqual(world.takeWrites(), [`delete leases ${mirrorOf('default/web-9')}`, 'delete services web-9'])
  await live(world, 10)
  forget(world)
  await world.remove(LEASES, mirrorOf('default/web-5'), 'kube-system')
  await live(world, 5)
  assert.deepEqual(looks(world), ['default/web-5'])
  const name = mirrorOf('default/web-5')
  assert.deepEqual(world.takeWrites(), [`create leases ${name}`, `delete leases ${name}`])
})

test('the loop of the mirrors looks at the Service whose node changed, and at all when a node tells something else', async (t) => {
  const world = await begin(t)
  await live(world, 5, INDEXES.slice(1))
  assert.deepEqual(looks(world), ['default/web-0'])
  assert.deepEqual(world.takeWrites(), [`delete leases ${mirrorOf('default/web-0')}`])
  putNode(world, 'cp1', ['eth0', 'eth1'], INDEXES.slice(1).map(addressOf))
  await world.pass(2_000)
  assert.deepEqual(looks(world), ALL)
})

test('the loop of the mirrors writes those again whose half of an hour has passed, and no others', async (t) => {
  const world = await begin(t)
  await live(world, 860)
  assert.deepEqual(world.takeWrites(), [])
  await live(world, 100)
  const firstHalf = INDEXES.slice(0, COUNT / 2).map((index) => `patch leases ${mirrorOf(`default/web-${index}`)}`)
  assert.deepEqual(world.takeWrites(), firstHalf.toSorted())
})

test('the loop of the mirrors looks again at a mirror that somebody else changed at the same time', async (t) => {
  const world = await begin(t)
  const name = mirrorOf('default/web-1')
  const outcome = { code: 'Conflict', message: 'It has changed' } as const
  world.api.inject({ verbs: ['patch'], plural: LEASES.plural, name, times: 1, outcome })
  const { metadata, ...lease } = world.object(LEASES, name, 'kube-system') ?? assert.fail()
  world.api.put({ ...lease, metadata: { ...metadata, annotations: {} } })
  await live(world, 2)
  assert.deepEqual(world.takeWrites(), [`patch leases ${name}`])
  edit(world, 'web-7')
  await live(world, 2)
  assert.deepEqual(world.takeWrites(), [`patch leases ${name}`])
})
