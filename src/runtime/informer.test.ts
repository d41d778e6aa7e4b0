import assert from 'node:assert/strict'
import { getEventListeners } from 'node:events'
import { test } from 'node:test'
import { createFakeClock, type FakeClock, settle } from '#ports/clock.fake.ts'
import { createFakeKubeApi, type FakeKubeApi } from '#ports/kube-api.fake.ts'
import { KubeError, type KubeFailure, type KubeObject } from '#ports/kube-api.ts'
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

const GONE: KubeFailure = { code: 'Gone', message: 'too old' }

test('createInformer() lists again after an error that says Gone in the middle of a watch', async () => {
  const { api, clock, informer, stop } = await open()
  api.put(service('a', 1))
  await settle()
  api.endWatches(GONE)
  await settle()
  await api.delete(SERVICES, { namespace: 'default', name: 'a' })
  api.put(service('b', 1))
  api.forget()
  await clock.advance(1_000)
  assert.deepEqual(sizes(informer), { 'default/b': 1 })
  assert.deepEqual([count(api, 'list'), informer.status().connected], [2, true])
  stop.abort()
})

test('createInformer() lists again when the server can make nothing of its version', async () => {
  const { api, clock, informer, stop } = await open()
  api.inject({ verbs: ['watch'], times: 1, outcome: { code: 'Invalid', message: 'resourceVersion: Invalid value' } })
  api.endWatches()
  await clock.advance(2_000)
  assert.deepEqual([count(api, 'list'), informer.status().connected], [2, true])
  stop.abort()
})

test('createInformer() comes through a time in which every request is Gone, without a storm of lists', async () => {
  const { api, clock, informer, failures, stop } = await open()
  api.put(service('a', 1))
  await settle()
  const end = api.inject({ outcome: GONE })
  api.endWatches(GONE)
  await clock.advance(60_000)
  assert.deepEqual(sizes(informer), { 'default/a': 1 })
  assert.ok(count(api, 'list') > 5 && count(api, 'list') < 20, `${count(api, 'list')} lists in a minute`)
  assert.equal(failures.at(-1)?.code, 'Gone')
  api.put(service('a', 2))
  end()
  await clock.advance(5_000)
  assert.deepEqual(sizes(informer), { 'default/a': 2 })
  stop.abort()
})

test('createInformer() begins anew when the token of a page has expired, and until then holds what it held', async () => {
  const api = createFakeKubeApi({ pageSize: 2 })
  for (const name of ['a', 'b', 'c']) api.put(service(name, 1))
  const { pages } = api
  let left = 0
  api.pages = async function* (...request) {
    for await (const page of pages.apply(api, request)) {
      if (left > 0 && page.items.length === 1) {
        left -= 1
        throw new KubeError(GONE)
      }
      yield page
    }
  }
  const { clock, informer, rings, stop } = await open(api)
  left = 2
  api.goAway()
  await settle()
  api.comeBack()
  await api.delete(SERVICES, { namespace: 'default', name: 'a' })
  api.put(service('b', 2))
  api.put(service('d', 1))
  api.forget()
  const before = rings()
  await clock.advance(200)
  await clock.advance(400)
  assert.deepEqual([left, count(api, 'list'), rings()], [1, 2, before])
  assert.deepEqual(sizes(informer), { 'default/a': 1, 'default/b': 1, 'default/c': 1 })
  await clock.advance(5_000)
  assert.deepEqual([left, count(api, 'list'), rings()], [0, 4, before + 1])
  assert.deepEqual(sizes(informer), { 'default/b': 2, 'default/c': 1, 'default/d': 1 })
  stop.abort()
})

test('createInformer() waits as long as the server asks it to before it watches again', async () => {
  const { api, clock, stop } = await open()
  await clock.advance(10_000)
  api.inject({
    verbs: ['watch'],
    times: 1,
    outcome: { code: 'TooManyRequests', message: 'slowly', retryAfterMs: 7_000 },
  })
  api.endWatches()
  await clock.advance(6_999)
  assert.equal(count(api, 'watch'), 2)
  await clock.advance(1)
  assert.deepEqual([count(api, 'watch'), count(api, 'list')], [3, 1])
  stop.abort()
})

test('createInformer() does not take a watch that hung before it failed for one that lasted', async () => {
  const { api, clock, failures, informer, stop } = await open()
  await clock.advance(10_000)
  const { watch } = api
  const next = async (): Promise<never> => {
    await clock.sleep(15_000, stop.signal)
    throw new KubeError({ code: 'TimedOut', message: 'no answer' })
  }
  api.watch = () => ({ [Symbol.asyncIterator]: () => ({ next }) })
  api.endWatches()
  await clock.advance(200_000)
  assert.ok(failures.length > 5)
  assert.equal(informer.status().failuresInARow, failures.length)
  api.watch = watch
  await clock.advance(30_000)
  assert.equal(informer.status().connected, true)
  stop.abort()
})

test('createInformer() leaves no listener behind in a day of watches that end, break, expire and are refused', async () => {
  const api = createFakeKubeApi()
  const { watch } = api
  let inner: AbortSignal | undefined
  api.watch = (...request) => {
    inner = request[2]
    return watch.apply(api, request)
  }
  const { clock, informer, stop } = await open(api)
  assert.ok(inner)
  const before = getEventListeners(inner, 'abort').length
  const ends = [undefined, GONE, { code: 'Unreachable', message: 'cut' } as const]
  for (let round = 0; round < 300; round++) {
    api.put(service('a', round + 1))
    if (round % 7 === 0) api.inject({ verbs: ['watch'], times: 2, outcome: { code: 'ServerError', message: 'no' } })
    api.endWatches(ends[round % ends.length])
    await clock.advance(288_000)
  }
  assert.ok(count(api, 'watch') > 300 && count(api, 'list') > 100)
  assert.deepEqual(sizes(informer), { 'default/a': 300 })
  assert.equal(getEventListeners(inner, 'abort').length, before)
  assert.equal(getEventListeners(stop.signal, 'abort').length, 1)
  await informer.close()
  assert.equal(getEventListeners(stop.signal, 'abort').length, 0)
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
