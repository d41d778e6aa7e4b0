import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ANNOUNCED_CONDITION } from '#l2/announced.ts'
import { EVENTS, SERVICES } from '#ports/kube-resources.ts'
import { policyObject } from './agent-cluster.ts'
import { conditionOf, createOperatorWorld, poolYaml, serviceYaml } from './operator-world.ts'

/** More than are looked at ahead of what is written. */
const COUNT = 600

test('operator gives all Services of a burst their addresses before it writes Events, and then tells of each who announces it', async (t) => {
  const world = await createOperatorWorld()
  t.after(() => world.close())
  const manifests = Array.from({ length: COUNT }, (_, index) => serviceYaml(`web-${index}`))
  await world.apply(poolYaml('lab', '10.0.0.1', '10.0.3.254') + manifests.join(''))
  await world.pass(30_000)
  const writes = world.api.requests.filter(({ verb }) => verb === 'patch' || verb === 'create')
  const kinds = writes.map(({ resource }) => resource.plural)
  const addresses = kinds.flatMap((plural, index) => (plural === 'services' ? [index] : []))
  assert.ok(addresses.length >= COUNT)
  assert.ok(kinds.indexOf('events') > (addresses[COUNT - 1] ?? 0))
  assert.ok(world.api.objects(EVENTS).length >= COUNT)
  const told = world.api.objects(SERVICES).filter((service) => conditionOf(service, ANNOUNCED_CONDITION) !== undefined)
  assert.equal(told.length, COUNT)
})

test('operator tells of each Service of many what a new policy makes of it', async (t) => {
  const world = await createOperatorWorld()
  t.after(() => world.close())
  const manifests = Array.from({ length: COUNT }, (_, index) => serviceYaml(`web-${index}`))
  await world.apply(poolYaml('lab', '10.0.0.1', '10.0.3.254') + manifests.join(''))
  await world.pass(30_000)
  const reasons = (): readonly (string | undefined)[] =>
    world.api.objects(SERVICES).map((service) => conditionOf(service, ANNOUNCED_CONDITION)?.reason)
  assert.deepEqual(new Set(reasons()), new Set(['NoPolicy']))
  world.api.put(policyObject())
  await world.pass(10_000)
  assert.deepEqual(new Set(reasons()), new Set(['NoNode']))
})
