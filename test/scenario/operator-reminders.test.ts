import assert from 'node:assert/strict'
import { test } from 'node:test'
import { SERVICES } from '#ports/kube-resources.ts'
import { createOperatorWorld, eventsOf, type OperatorWorld, poolYaml, putNode, serviceYaml } from './operator-world.ts'

const MINUTE_MS = 60_000
/** kube-apiserver --event-ttl */
const FORGOTTEN_MS = 60 * MINUTE_MS

const full = (world: OperatorWorld): readonly string[] =>
  eventsOf(world).filter((event) => event.includes('AllocationFailed b'))

test('what is wrong with a Service is told again before the API server forgets it, for as long as it is so', async () => {
  await using world = await createWorld()
  assert.equal(full(world).length, 1)
  await world.pass(FORGOTTEN_MS)
  assert.equal(full(world).length, 2)
  assert.equal(new Set(full(world)).size, 1, 'in the same words')
  await world.pass(FORGOTTEN_MS)
  assert.equal(full(world).length, 3)
  await world.apply(poolYaml('more', '192.168.10.80', '192.168.10.80'))
  await world.pass(2 * FORGOTTEN_MS)
  assert.equal(full(world).length, 3, 'it has its address')
})

test('a Service that nobody announces is told so again; one in order has nothing repeated', async () => {
  await using world = await createWorld()
  const silent = (): number => eventsOf(world).filter((event) => event.includes('NotAnnounced a')).length
  await world.pass(10_000)
  assert.equal(silent(), 1)
  await world.pass(FORGOTTEN_MS)
  assert.equal(silent(), 2)
  assert.equal(eventsOf(world).filter((event) => event.includes('IPAllocated')).length, 1)
})

test('an operator that begins tells of what was wrong before, not at once but within the hour', async () => {
  await using world = await createWorld()
  await world.restart()
  await world.pass(MINUTE_MS)
  assert.equal(full(world).length, 1)
  await world.pass(FORGOTTEN_MS)
  assert.equal(full(world).length, 2)
})

test('a Service that is deleted is told of no more', async () => {
  await using world = await createWorld()
  await world.remove(SERVICES, 'b', 'default')
  await world.pass(2 * FORGOTTEN_MS)
  assert.equal(full(world).length, 1)
})

/** One address for two Services, and nobody to announce it. */
async function createWorld(): Promise<OperatorWorld & AsyncDisposable> {
  const world = await createOperatorWorld()
  putNode(world, 'cp1', ['eth0'])
  await world.apply(poolYaml('lab', '192.168.10.75', '192.168.10.75') + serviceYaml('a') + serviceYaml('b'))
  return { ...world, [Symbol.asyncDispose]: world.close }
}
