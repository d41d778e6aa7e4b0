import assert from 'node:assert/strict'
import { test } from 'node:test'
import { settle } from './clock.fake.ts'
import { kubeApiContract } from './kube-api.contract.ts'
import { type KubeApiWorld, WIDGETS } from './kube-widgets.contract.ts'
import { createFakeKubeApi } from './kube-api.fake.ts'
import { FAKE_RESOURCES } from './kube-resources.fake.ts'
import { KubeError } from './kube-api.ts'
import { LEASES, SERVICES } from './kube-resources.ts'

const SIGNAL = new AbortController().signal
const SERVICE = {
  apiVersion: 'v1',
  kind: 'Service',
  metadata: { name: 'web', namespace: 'default' },
  spec: { type: 'LoadBalancer' },
  status: { loadBalancer: {} },
}

function openFake(): Promise<KubeApiWorld> {
  const widgets = { resource: WIDGETS, hasStatus: true, hasGeneration: true }
  const api = createFakeKubeApi({ resources: [...FAKE_RESOURCES, widgets], pageSize: 2 })
  return Promise.resolve({
    api,
    age: () => Promise.resolve(api.forget()),
    close: () => Promise.resolve(api.close()),
  })
}

kubeApiContract('in memory', openFake)

test('put() creates and replaces with the status', () => {
  const api = createFakeKubeApi()
  api.put(SERVICE)
  const second = api.put({ ...SERVICE, spec: { type: 'ClusterIP' } })
  assert.equal(second.metadata.resourceVersion, '3')
  assert.deepEqual(
    api.objects(SERVICES).map(({ spec, status }) => [spec, status]),
    [[{ type: 'ClusterIP' }, { loadBalancer: {} }]],
  )
})

test('goAway() breaks open watches and refuses requests until comeBack()', async () => {
  const api = createFakeKubeApi()
  const watch = api.watch(SERVICES, { resourceVersion: '0' }, SIGNAL)[Symbol.asyncIterator]()
  await watch.next()
  const next = watch.next()
  api.goAway()
  await assert.rejects(next, (error) => error instanceof KubeError && error.failure.code === 'Unreachable')
  await assert.rejects(api.list(SERVICES, {}), KubeError)
  api.comeBack()
  assert.deepEqual((await api.list(SERVICES, {})).items, [])
})

test('inject() meets only the requests it names, that many times', async () => {
  const api = createFakeKubeApi()
  api.inject({ verbs: ['list'], plural: 'leases', times: 1, outcome: { code: 'ServerError', message: 'oops' } })
  await api.list(SERVICES, {})
  await assert.rejects(api.list(LEASES, {}), { message: 'oops' })
  await api.list(LEASES, {})
})

test('inject() afterwards carries the request out and loses the answer', async () => {
  const api = createFakeKubeApi()
  api.inject({ times: 1, afterwards: true, outcome: { code: 'Unreachable', message: 'lost' } })
  await assert.rejects(api.create(SERVICES, 'default', SERVICE), { message: 'lost' })
  assert.equal(api.objects(SERVICES).length, 1)
})

test('inject() hang answers only to the signal', async () => {
  const api = createFakeKubeApi()
  api.inject({ outcome: 'hang' })
  const stop = new AbortController()
  let isOver = false
  const request = api.list(SERVICES, {}, stop.signal).finally(() => (isOver = true))
  await settle()
  assert.equal(isOver, false)
  stop.abort(new Error('enough'))
  await assert.rejects(request, { message: 'enough' })
})

test('bookmark() reaches the open watches', async () => {
  const api = createFakeKubeApi()
  const watch = api.watch(SERVICES, { resourceVersion: '0' }, SIGNAL)[Symbol.asyncIterator]()
  await watch.next()
  const next = watch.next()
  api.bookmark()
  assert.deepEqual((await next).value, { type: 'BOOKMARK', resourceVersion: '1' })
})

test('the fake forgets changes beyond its history', async () => {
  const api = createFakeKubeApi({ historyLimit: 2 })
  for (let count = 0; count < 4; count++) api.put({ ...SERVICE, spec: { count } })
  const watch = api.watch(SERVICES, { resourceVersion: '1' }, SIGNAL)[Symbol.asyncIterator]()
  await assert.rejects(watch.next(), (error) => error instanceof KubeError && error.failure.code === 'Gone')
})

test('what the fake answers with is a copy', async () => {
  const api = createFakeKubeApi()
  const put = api.put(SERVICE) as unknown as { spec: { type: string } }
  put.spec.type = 'ClusterIP'
  assert.deepEqual(api.objects(SERVICES)[0]?.['spec'], { type: 'LoadBalancer' })
})
