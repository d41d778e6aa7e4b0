import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createFakeClock, type FakeClock, settle } from '#ports/clock.fake.ts'
import { createFakeKubeApi, type FakeKubeApi } from '#ports/kube-api.fake.ts'
import type { KubeObject } from '#ports/kube-api.ts'
import { SERVICES } from '#ports/kube-resources.ts'
import type { Failure } from './failure.ts'
import { createInformer, type Informer } from './informer.ts'

interface Held {
  readonly size: unknown
}

interface World {
  readonly api: FakeKubeApi
  readonly clock: FakeClock
  readonly informer: Informer<Held>
  readonly rings: () => number
  readonly failures: readonly Failure[]
  readonly stop: AbortController
}

function service(name: string, size: number, more: object = {}): KubeObject {
  return { apiVersion: 'v1', kind: 'Service', metadata: { name, namespace: 'default' }, spec: { size, ...more } }
}

/** Objects of size 0 are not held. */
function trim(object: KubeObject): Held | undefined {
  const { size } = object['spec'] as { readonly size: unknown }
  return size === 0 ? undefined : { size }
}

async function open(api: FakeKubeApi = createFakeKubeApi({ pageSize: 2 })): Promise<World> {
  const clock = createFakeClock()
  const stop = new AbortController()
  const failures: Failure[] = []
  let rings = 0
  const informer = createInformer(
    { api, resource: SERVICES, trim, clock, random: () => 0, onFailure: (failure) => failures.push(failure) },
    stop.signal,
  )
  informer.onChange(() => (rings += 1))
  await settle()
  return { api, clock, informer, rings: () => rings, failures, stop }
}

function sizes(informer: Informer<Held>): Readonly<Record<string, unknown>> {
  return Object.fromEntries([...informer.items()].map(([key, { size }]) => [key, size]))
}

function count(api: FakeKubeApi, verb: 'list' | 'watch'): number {
  return api.requests.filter((request) => request.verb === verb).length
}

test('createInformer() holds the first list, over several pages, and says so once', async () => {
  const api = createFakeKubeApi({ pageSize: 2 })
  for (const name of ['a', 'b', 'c', 'd', 'e']) api.put(service(name, 1))
  const { informer, rings, stop } = await open(api)
  await informer.synced
  assert.deepEqual(Object.keys(sizes(informer)), ['default/a', 'default/b', 'default/c', 'default/d', 'default/e'])
  assert.equal(rings(), 1)
  stop.abort()
})

test('createInformer() rings after an empty first list', async () => {
  const { informer, rings, stop } = await open()
  await informer.synced
  assert.equal(rings(), 1)
  stop.abort()
})

test('createInformer() follows what is added, changed and deleted', async () => {
  const { api, informer, stop } = await open()
  api.put(service('a', 1))
  api.put(service('b', 1))
  api.put(service('a', 2))
  await api.delete(SERVICES, { namespace: 'default', name: 'b' })
  await settle()
  assert.deepEqual(sizes(informer), { 'default/a': 2 })
  stop.abort()
})

test('createInformer() does not ring for what is not held', async () => {
  const { api, rings, stop } = await open()
  api.put(service('a', 1))
  await settle()
  const before = rings()
  api.put(service('a', 1, { colour: 'red' }))
  api.put(service('b', 0))
  await settle()
  assert.equal(rings(), before)
  stop.abort()
})

test('createInformer() lets go of what trim no longer wants', async () => {
  const { api, informer, stop } = await open()
  api.put(service('a', 1))
  await settle()
  api.put(service('a', 0))
  await settle()
  assert.deepEqual(sizes(informer), {})
  stop.abort()
})

test('createInformer() keeps its state while the API is away and goes on without a list', async () => {
  const { api, clock, informer, failures, stop } = await open()
  api.put(service('a', 1))
  await settle()
  api.goAway()
  await clock.advance(60_000)
  assert.deepEqual(sizes(informer), { 'default/a': 1 })
  assert.equal(informer.status().connected, false)
  assert.equal(informer.status().lastFailure?.code, 'Unreachable')
  assert.ok(failures.length > 3 && failures.length < 18, `${failures.length} failures`)
  api.put(service('a', 2))
  api.comeBack()
  await clock.advance(5_000)
  assert.deepEqual(sizes(informer), { 'default/a': 2 })
  assert.equal(informer.status().connected, true)
  assert.equal(informer.status().lastFailure, undefined)
  assert.equal(count(api, 'list'), 1)
  stop.abort()
})

test('createInformer() waits for an API that is not there at first', async () => {
  const api = createFakeKubeApi()
  api.put(service('a', 1))
  api.goAway()
  const { clock, informer, stop } = await open(api)
  await clock.advance(5_000)
  assert.equal(informer.status().synced, false)
  api.comeBack()
  await clock.advance(30_000)
  await informer.synced
  assert.deepEqual(sizes(informer), { 'default/a': 1 })
  stop.abort()
})

test('createInformer() lists again when its version is gone, and drops what went meanwhile', async () => {
  const { api, clock, informer, rings, stop } = await open()
  api.put(service('a', 1))
  api.put(service('b', 1))
  await settle()
  api.goAway()
  await settle()
  api.comeBack()
  const before = rings()
  await api.delete(SERVICES, { namespace: 'default', name: 'a' })
  api.forget()
  await clock.advance(2_000)
  assert.deepEqual(sizes(informer), { 'default/b': 1 })
  assert.equal(count(api, 'list'), 2)
  assert.equal(rings(), before + 1)
  stop.abort()
})

test('createInformer() goes on from a bookmark: what was forgotten before it is not missed', async () => {
  const { api, clock, informer, stop } = await open()
  api.put(service('a', 1))
  await settle()
  api.forget()
  api.bookmark()
  await clock.advance(60_000)
  api.endWatches()
  await clock.advance(1_000)
  api.put(service('b', 1))
  await settle()
  assert.deepEqual(sizes(informer), { 'default/a': 1, 'default/b': 1 })
  assert.equal(count(api, 'list'), 1)
  stop.abort()
})

test('createInformer() watches again at once when a watch ends in its time', async () => {
  const { api, clock, stop } = await open()
  await clock.advance(300_000)
  api.endWatches()
  await settle()
  assert.equal(count(api, 'watch'), 2)
  assert.equal(clock.sleepers(), 0)
  stop.abort()
})

test('createInformer() backs off from a server that ends every watch at once', async () => {
  const { api, clock, informer, stop } = await open()
  for (let round = 0; round < 600; round++) {
    api.endWatches()
    await clock.advance(100)
  }
  assert.ok(count(api, 'watch') < 18, `${count(api, 'watch')} watches in a minute`)
  assert.equal(informer.status().lastFailure?.code, 'ShortWatch')
  stop.abort()
})

test('createInformer() starts its backoff anew after a watch that lasted', async () => {
  const { api, clock, stop } = await open()
  api.goAway()
  await clock.advance(60_000)
  api.comeBack()
  await clock.advance(60_000)
  const before = count(api, 'watch')
  api.endWatches({ code: 'Unreachable', message: 'cut' })
  await clock.advance(250)
  assert.equal(count(api, 'watch'), before + 1)
  stop.abort()
})

test('createInformer() waits as long as the server asks it to', async () => {
  const api = createFakeKubeApi()
  api.inject({
    verbs: ['list'],
    times: 1,
    outcome: { code: 'TooManyRequests', message: 'slowly', retryAfterMs: 7_000 },
  })
  const { clock, stop } = await open(api)
  await clock.advance(6_999)
  assert.equal(count(api, 'list'), 1)
  await clock.advance(1)
  assert.equal(count(api, 'list'), 2)
  stop.abort()
})

test('createInformer() tells the ring taken off no more', async () => {
  const { api, informer, stop } = await open()
  let rings = 0
  const off = informer.onChange(() => (rings += 1))
  api.put(service('a', 1))
  await settle()
  off()
  api.put(service('b', 1))
  await settle()
  assert.equal(rings, 1)
  stop.abort()
})

test('close() ends the loop, keeps what is held and fails a synced that never came', async () => {
  const api = createFakeKubeApi()
  api.goAway()
  const { informer, clock } = await open(api)
  await informer.close()
  assert.equal(clock.sleepers(), 0)
  await assert.rejects(informer.synced)
})

test('createInformer() ends with its signal', async () => {
  const { informer, api, stop } = await open()
  stop.abort()
  await informer.close()
  api.put(service('a', 1))
  await settle()
  assert.deepEqual(sizes(informer), {})
  assert.equal(informer.status().connected, false)
})
