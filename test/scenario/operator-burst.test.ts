import assert from 'node:assert/strict'
import { test } from 'node:test'
import { EVENTS } from '#ports/kube-resources.ts'
import { createOperatorWorld, poolYaml, serviceYaml } from './operator-world.ts'

const SERVICES = 200

test('operator gives all Services of a burst their addresses before it writes Events', async (t) => {
  const world = await createOperatorWorld()
  t.after(() => world.close())
  const manifests = Array.from({ length: SERVICES }, (_, index) => serviceYaml(`web-${index}`))
  await world.apply(poolYaml('lab', '10.0.0.1', '10.0.3.254') + manifests.join(''))
  await world.pass(30_000)
  const writes = world.api.requests.filter(({ verb }) => verb === 'patch' || verb === 'create')
  const kinds = writes.map(({ resource }) => resource.plural)
  const addresses = kinds.flatMap((plural, index) => (plural === 'services' ? [index] : []))
  assert.ok(addresses.length >= SERVICES)
  assert.ok(kinds.indexOf('events') > (addresses[SERVICES - 1] ?? 0))
  assert.ok(world.api.objects(EVENTS).length >= SERVICES)
})
