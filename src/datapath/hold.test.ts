import assert from 'node:assert/strict'
import test from 'node:test'
import { emptyApplied } from './applied.ts'
import { desiredOf, NOTHING_DESIRED } from './desired.ts'
import type { Frontend } from './frontend.ts'
import { heldCount, holdServing, servingOf, servingOfMaps } from './hold.ts'
import { CONTEXT, sampleEndpoint, sampleService, sampleSlice } from './sample-services.ts'

const KEY = '192.168.10.75:80/TCP'

function frontends(ready: readonly boolean[]): ReadonlyMap<string, Frontend> {
  const endpoints = ready.map((isReady, index) => sampleEndpoint(`10.244.1.${index + 1}`, { ready: isReady }))
  return desiredOf(
    { services: [sampleService()], slicesOf: () => [sampleSlice(endpoints)], context: CONTEXT },
    NOTHING_DESIRED,
  ).frontends
}

test('holdServing() lets a frontend that lost all backends go on with its last ones', () => {
  const last = servingOf(frontends([true, true]))
  const held = holdServing(frontends([false, false]), last, new Map())
  assert.deepEqual(
    held.get(KEY)?.serving.map(({ key, state }) => `${key} ${state}`),
    ['10.244.1.1:8080/TCP active', '10.244.1.2:8080/TCP active'],
  )
  assert.deepEqual(held.get(KEY)?.idle, [])
  assert.equal(heldCount(held), 2)
})

test('holdServing() takes the list at its word where one backend is ready', () => {
  const held = holdServing(frontends([true, false]), servingOf(frontends([true, true])), new Map())
  assert.equal(held.get(KEY)?.serving.length, 1)
  assert.equal(heldCount(held), 0)
})

test('holdServing() brings back no frontend that is gone', () => {
  assert.equal(holdServing(new Map(), servingOf(frontends([true])), new Map()).size, 0)
})

test('holdServing() gives the very same object again as long as nothing changes', () => {
  const last = servingOf(frontends([true]))
  const desired = frontends([false])
  const first = holdServing(desired, last, new Map())
  assert.equal(holdServing(desired, last, first).get(KEY), first.get(KEY))
})

test('servingOfMaps() reads the counted slots after a restart', () => {
  const applied = emptyApplied()
  const where = frontends([true]).get(KEY)
  assert.ok(where !== undefined)
  const [backend] = where.serving
  assert.ok(backend !== undefined)
  const head = { backendOrAffinity: 0, frontendId: 1, count: 1, qcount: 1, flags: 0, algorithm: 'random' } as const
  applied.frontends.set(KEY, { where, head, slots: [4, 5] })
  applied.backends.set(4, { ...backend, zone: 0, weight: 100 })
  assert.deepEqual(
    servingOfMaps(applied)
      .get(KEY)
      ?.map(({ key }) => key),
    ['10.244.1.1:8080/TCP'],
  )
})

test('holdServing() gives up the pods of this node once a Local policy has ready ones elsewhere, and only then', () => {
  const local = (here: boolean, there: boolean): ReadonlyMap<string, Frontend> => {
    const endpoints = [
      sampleEndpoint('10.244.0.1', { nodeName: 'cp1', ready: here }),
      sampleEndpoint('10.244.1.1', { ready: there }),
    ]
    const services = [sampleService({ externalTrafficPolicy: 'Local' })]
    return desiredOf({ services, slicesOf: () => [sampleSlice(endpoints)], context: CONTEXT }, NOTHING_DESIRED)
      .frontends
  }
  const last = servingOf(local(true, true))
  assert.equal(holdServing(local(false, true), last, new Map()).get(KEY)?.serving.length, 0)
  assert.equal(holdServing(local(false, false), last, new Map()).get(KEY)?.serving.length, 1)
})
