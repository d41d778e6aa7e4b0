import assert from 'node:assert/strict'
import { after, before, suite, test } from 'node:test'
import {
  type KubeApi,
  KubeError,
  type KubeFailure,
  type KubeObject,
  type KubeResource,
  type WatchEvent,
} from './kube-api.ts'
import { LEASES, SERVICES } from './kube-resources.ts'

/** A resource of the suite's own: cluster-wide, with a status subresource; `spec` and `status` take anything, conditions are a map by `type`. */
export const WIDGETS: KubeResource = {
  group: 'test.balise.io',
  version: 'v1',
  plural: 'widgets',
  kind: 'Widget',
  namespaced: false,
}

export interface KubeApiWorld {
  readonly api: KubeApi
  /** Makes version 1 too old for a watch. */
  readonly age: () => Promise<void>
  readonly close: () => Promise<void>
}

/** What the in-memory API and the real client on a real server both keep to. */
export function kubeApiContract(name: string, open: () => Promise<KubeApiWorld>): void {
  suite(`KubeApi contract: ${name}`, () => {
    let world: KubeApiWorld
    let count = 0
    const unique = (): string => `widget-${++count}`
    const api = (): KubeApi => world.api
    const make = (fields: object = {}, labels: Readonly<Record<string, string>> = {}): Promise<KubeObject> =>
      api().create(WIDGETS, undefined, {
        ...typeOf(WIDGETS),
        metadata: { name: unique(), labels },
        spec: { size: 1 },
        ...fields,
      })
    const get = (object: KubeObject): Promise<KubeObject> => api().get(WIDGETS, { name: object.metadata.name })
    const versionNow = async (): Promise<string> => (await api().list(WIDGETS, {})).resourceVersion

    before(async () => {
      world = await open()
    })
    after(async () => {
      await world.close()
    })

    test('create() answers with the object as stored', async () => {
      const made = await make()
      assert.notEqual(made.metadata.uid, undefined)
      assert.notEqual(made.metadata.resourceVersion, undefined)
      assert.equal(made.metadata.generation, 1)
      assert.match(made.metadata.creationTimestamp ?? '', /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/)
      assert.deepEqual((await get(made))['spec'], { size: 1 })
    })

    test('create() refuses a name that is taken', async () => {
      const { name } = (await make()).metadata
      await refuses('AlreadyExists', api().create(WIDGETS, undefined, { ...typeOf(WIDGETS), metadata: { name } }))
    })

    test('create() leaves the status to its subresource', async () => {
      const made = await make({ status: { ready: true } })
      assert.equal((await get(made))['status'], undefined)
    })

    test('get() of what is not there is NotFound', async () => {
      await refuses('NotFound', api().get(WIDGETS, { name: 'absent' }))
    })

    test('get() of a resource that the server has not is NotFound', async () => {
      await refuses('NotFound', api().get({ ...WIDGETS, plural: 'absents' }, { name: 'absent' }))
    })

    test('replace() refuses a stale version', async () => {
      const made = await make()
      const ref = { name: made.metadata.name }
      const second = await api().replace(WIDGETS, ref, { ...made, spec: { size: 2 } })
      assert.notEqual(second.metadata.resourceVersion, made.metadata.resourceVersion)
      await refuses('Conflict', api().replace(WIDGETS, ref, { ...made, spec: { size: 3 } }))
      assert.deepEqual((await get(made))['spec'], { size: 2 })
    })

    test('replace() of what is not there is NotFound', async () => {
      const made = await make()
      await api().delete(WIDGETS, made.metadata)
      await refuses('NotFound', api().replace(WIDGETS, made.metadata, made))
    })

    test('replace() counts the generation for the spec, not for labels', async () => {
      const made = await make()
      const labelled = await api().replace(WIDGETS, made.metadata, {
        ...made,
        metadata: { ...made.metadata, labels: { a: 'b' } },
      })
      assert.equal(labelled.metadata.generation, 1)
      const grown = await api().replace(WIDGETS, made.metadata, { ...labelled, spec: { size: 2 } })
      assert.equal(grown.metadata.generation, 2)
    })

    test('replace() leaves the status alone', async () => {
      const made = await make()
      await patchStatus(api(), made, { ready: true })
      const current = await get(made)
      await api().replace(WIDGETS, made.metadata, { ...current, spec: { size: 2 }, status: { ready: false } })
      assert.deepEqual((await get(made))['status'], { ready: true })
    })

    test('replace() that changes nothing makes no new version', async () => {
      const made = await make()
      const again = await api().replace(WIDGETS, made.metadata, made)
      assert.equal(again.metadata.resourceVersion, made.metadata.resourceVersion)
    })

    test('patch() of the status touches nothing else and leaves the generation', async () => {
      const made = await make()
      const patch = { kind: 'merge', body: { spec: { size: 9 }, status: { ready: true } } } as const
      const patched = await api().patch(WIDGETS, made.metadata, patch, { subresource: 'status' })
      assert.deepEqual(
        [patched['spec'], patched['status'], patched.metadata.generation],
        [{ size: 1 }, { ready: true }, 1],
      )
    })

    test('patch() by merge takes away what is null and keeps the rest', async () => {
      const made = await make({ spec: { size: 1, colour: 'red', list: [1, 2] } })
      const patch = { kind: 'merge', body: { spec: { colour: null, list: [3] } } } as const
      const patched = await api().patch(WIDGETS, made.metadata, patch)
      assert.deepEqual(patched['spec'], { size: 1, list: [3] })
      assert.equal(patched.metadata.generation, 2)
    })

    test('patch() by merge with a stale version is a Conflict', async () => {
      const made = await make()
      const { resourceVersion } = made.metadata
      await patchStatus(api(), made, { ready: true })
      const body = { metadata: { resourceVersion }, spec: { size: 5 } }
      await refuses('Conflict', api().patch(WIDGETS, made.metadata, { kind: 'merge', body }))
    })

    test('patch() by JSON patch changes what its test allows', async () => {
      const made = await make({ spec: { size: 1, 'a/b': 'c', list: ['x'] } })
      const body = [
        { op: 'test', path: '/spec/size', value: 1 },
        { op: 'replace', path: '/spec/size', value: 2 },
        { op: 'remove', path: '/spec/a~1b' },
        { op: 'add', path: '/spec/list/-', value: 'y' },
      ]
      const patched = await api().patch(WIDGETS, made.metadata, { kind: 'json', body })
      assert.deepEqual(patched['spec'], { size: 2, list: ['x', 'y'] })
    })

    test('patch() by JSON patch with a test that fails is Invalid and changes nothing', async () => {
      const made = await make()
      const body = [
        { op: 'replace', path: '/spec/size', value: 2 },
        { op: 'test', path: '/spec/size', value: 1 },
      ]
      await refuses('Invalid', api().patch(WIDGETS, made.metadata, { kind: 'json', body }))
      assert.deepEqual((await get(made))['spec'], { size: 1 })
    })

    test('patch() of what is not there is NotFound', async () => {
      await refuses('NotFound', api().patch(WIDGETS, { name: 'absent' }, { kind: 'merge', body: {} }))
    })

    test('patch() by apply creates, and takes away what its manager no longer names', async () => {
      const name = unique()
      const apply = (spec: object): Promise<KubeObject> =>
        api().patch(WIDGETS, { name }, applied('one', { metadata: { name }, spec }))
      assert.deepEqual((await apply({ size: 1, colour: 'red' }))['spec'], { size: 1, colour: 'red' })
      assert.deepEqual((await apply({ size: 2 }))['spec'], { size: 2 })
    })

    test('patch() by apply keeps what other managers own, item by item of a map list', async () => {
      const made = await make()
      const apply = (manager: string, type: string, status: string): Promise<KubeObject> => {
        const body = { metadata: { name: made.metadata.name }, status: { conditions: [{ type, status }] } }
        return api().patch(WIDGETS, made.metadata, applied(manager, body), { subresource: 'status' })
      }
      await apply('one', 'Ready', 'True')
      await apply('two', 'Valid', 'True')
      const patched = await apply('one', 'Ready', 'False')
      assert.deepEqual(patched['status'], {
        conditions: [
          { type: 'Ready', status: 'False' },
          { type: 'Valid', status: 'True' },
        ],
      })
    })

    test('patch() by apply of a field that another manager owns is a Conflict unless forced', async () => {
      const name = unique()
      const body = (size: number): object => ({ metadata: { name }, spec: { size } })
      await api().patch(WIDGETS, { name }, applied('one', body(1)))
      await refuses('Conflict', api().patch(WIDGETS, { name }, { ...applied('two', body(2)), force: false }))
      const forced = await api().patch(WIDGETS, { name }, { ...applied('two', body(2)), force: true })
      assert.deepEqual(forced['spec'], { size: 2 })
    })

    test('patch() of the status of a resource that has none is NotFound', async () => {
      const lease = { ...typeOf(LEASES), metadata: { name: unique() }, spec: { holderIdentity: 'me' } }
      const made = await api().create(LEASES, 'default', lease)
      const ref = { name: made.metadata.name, namespace: 'default' }
      const patch = { kind: 'merge', body: { status: {} } } as const
      await refuses('NotFound', api().patch(LEASES, ref, patch, { subresource: 'status' }))
    })

    test('delete() takes away, and what is not there too', async () => {
      const made = await make()
      await api().delete(WIDGETS, made.metadata)
      await refuses('NotFound', get(made))
      await api().delete(WIDGETS, made.metadata)
    })

    test('list() takes label and field selectors', async () => {
      const group = unique()
      const a = await make({}, { group, tier: 'a' })
      const b = await make({}, { group, tier: 'b' })
      const none = await make({}, { group })
      const names = async (labelSelector: string): Promise<readonly string[]> =>
        (await api().list(WIDGETS, { labelSelector: `group=${group},${labelSelector}` })).items.map(
          (item) => item.metadata.name,
        )
      assert.deepEqual(await names('tier=a'), [a.metadata.name])
      assert.deepEqual(await names('tier!=a'), [b.metadata.name, none.metadata.name].sort())
      assert.deepEqual(await names('tier in (a,b)'), [a.metadata.name, b.metadata.name].sort())
      assert.deepEqual(await names('!tier'), [none.metadata.name])
      const byName = await api().list(WIDGETS, { fieldSelector: `metadata.name=${b.metadata.name}` })
      assert.deepEqual(
        byName.items.map((item) => item.metadata.name),
        [b.metadata.name],
      )
    })

    test('list() refuses a selector that is none', async () => {
      await refuses('Invalid', api().list(WIDGETS, { labelSelector: 'a b c' }))
      await refuses('Invalid', api().list(WIDGETS, { fieldSelector: 'spec.nothing=1' }))
    })

    test('list() of a namespace has that namespace alone', async () => {
      const name = unique()
      await api().create(LEASES, 'default', { ...typeOf(LEASES), metadata: { name } })
      await api().create(LEASES, 'kube-system', { ...typeOf(LEASES), metadata: { name } })
      const select = { fieldSelector: `metadata.name=${name}` }
      const inOne = await api().list(LEASES, { ...select, namespace: 'kube-system' })
      assert.deepEqual(
        inOne.items.map((item) => item.metadata.namespace),
        ['kube-system'],
      )
      assert.equal((await api().list(LEASES, select)).items.length, 2)
    })

    test('pages() has every object once, all pages at one version', async () => {
      const group = unique()
      for (let made = 0; made < 5; made++) await make({}, { group })
      const names: string[] = []
      const versions = new Set<string>()
      for await (const page of api().pages(
        WIDGETS,
        { labelSelector: `group=${group}` },
        new AbortController().signal,
      )) {
        names.push(...page.items.map((item) => item.metadata.name))
        versions.add(page.resourceVersion)
      }
      assert.equal(new Set(names).size, 5)
      assert.equal(names.length, 5)
      assert.equal(versions.size, 1)
    })

    test('watch() says first that it is accepted, then what changes, in order', async () => {
      const from = await versionNow()
      const seen = watching(api(), { resourceVersion: from })
      assert.deepEqual(await seen.next(), { type: 'BOOKMARK', resourceVersion: from })
      const made = await make()
      await api().replace(WIDGETS, made.metadata, { ...made, spec: { size: 2 } })
      await api().delete(WIDGETS, made.metadata)
      const events = [await seen.next(), await seen.next(), await seen.next()]
      assert.deepEqual(
        events.map((event) => event.type),
        ['ADDED', 'MODIFIED', 'DELETED'],
      )
      assert.deepEqual(
        events.map((event) => event.type !== 'BOOKMARK' && event.object['spec']),
        [{ size: 1 }, { size: 2 }, { size: 2 }],
      )
      await seen.end()
    })

    test('watch() goes on from the version of any event', async () => {
      const made = await make()
      const second = await api().replace(WIDGETS, made.metadata, { ...made, spec: { size: 2 } })
      const seen = watching(api(), { resourceVersion: made.metadata.resourceVersion ?? '' })
      await seen.next()
      const event = await seen.next()
      assert.equal(event.type, 'MODIFIED')
      assert.equal(event.type === 'MODIFIED' && event.object.metadata.resourceVersion, second.metadata.resourceVersion)
      await seen.end()
    })

    test('watch() with a selector shows an object enter and leave its view', async () => {
      const group = unique()
      const made = await make()
      const seen = watching(api(), { resourceVersion: await versionNow(), labelSelector: `group=${group}` })
      await seen.next()
      const label = (value: string | null): Promise<KubeObject> =>
        api().patch(WIDGETS, made.metadata, { kind: 'merge', body: { metadata: { labels: { group: value } } } })
      await label(group)
      await label(null)
      assert.deepEqual([(await seen.next()).type, (await seen.next()).type], ['ADDED', 'DELETED'])
      await seen.end()
    })

    test('watch() shows no other resource', async () => {
      const seen = watching(api(), { resourceVersion: await versionNow() })
      await seen.next()
      await api().create(SERVICES, 'default', serviceNamed(unique()))
      const made = await make()
      const event = await seen.next()
      assert.equal(event.type === 'ADDED' && event.object.metadata.name, made.metadata.name)
      await seen.end()
    })

    test('watch() from a version that is too old is Gone', async () => {
      await make()
      await world.age()
      const seen = watching(api(), { resourceVersion: '1' })
      await refuses(
        'Gone',
        (async () => {
          for (;;) await seen.next()
        })(),
      )
    })

    test('watch() ends with the reason of its signal', async () => {
      const stop = new AbortController()
      const events = api()
        .watch(WIDGETS, { resourceVersion: await versionNow() }, stop.signal)
        [Symbol.asyncIterator]()
      await events.next()
      const next = events.next()
      stop.abort(new Error('enough'))
      await assert.rejects(next, { message: 'enough' })
    })

    test('every request ends with the reason of its signal', async () => {
      const signal = AbortSignal.abort(new Error('enough'))
      await assert.rejects(api().get(WIDGETS, { name: 'absent' }, signal), { message: 'enough' })
      await assert.rejects(api().list(WIDGETS, {}, signal), { message: 'enough' })
    })

    test('a Service has a status subresource', async () => {
      const name = unique()
      await api().create(SERVICES, 'default', serviceNamed(name))
      const status = { loadBalancer: { ingress: [{ ip: '192.0.2.1', ipMode: 'VIP' }] } }
      const ref = { name, namespace: 'default' }
      const patched = await api().patch(SERVICES, ref, { kind: 'merge', body: { status } }, { subresource: 'status' })
      assert.deepEqual((patched['status'] as { readonly loadBalancer: unknown }).loadBalancer, status.loadBalancer)
    })
  })
}

function typeOf({ group, version, kind }: KubeResource): { readonly apiVersion: string; readonly kind: string } {
  return { apiVersion: group === '' ? version : `${group}/${version}`, kind }
}

function serviceNamed(name: string): object {
  const ports = [{ name: 'http', port: 80, protocol: 'TCP', targetPort: 80 }]
  return { ...typeOf(SERVICES), metadata: { name }, spec: { type: 'LoadBalancer', ports } }
}

function applied(
  fieldManager: string,
  body: object,
): { readonly kind: 'apply'; readonly body: object; readonly fieldManager: string; readonly force: boolean } {
  return { kind: 'apply', body: { ...typeOf(WIDGETS), ...body }, fieldManager, force: false }
}

function patchStatus(api: KubeApi, object: KubeObject, status: object): Promise<KubeObject> {
  return api.patch(WIDGETS, object.metadata, { kind: 'merge', body: { status } }, { subresource: 'status' })
}

async function refuses(code: KubeFailure['code'], promise: Promise<unknown>): Promise<void> {
  await assert.rejects(promise, (error) => {
    assert.ok(error instanceof KubeError, String(error))
    assert.equal(error.failure.code, code, error.message)
    assert.notEqual(error.failure.message, '')
    return true
  })
}

interface Watching {
  next(): Promise<WatchEvent>
  end(): Promise<void>
}

/** Bookmarks after the first are left out: when they come is the server's own affair. */
function watching(
  api: KubeApi,
  options: { readonly resourceVersion: string; readonly labelSelector?: string },
): Watching {
  const stop = new AbortController()
  const events = api.watch(WIDGETS, options, stop.signal)[Symbol.asyncIterator]()
  let started = false
  return {
    async next() {
      for (;;) {
        const { value, done } = await events.next()
        assert.notEqual(done, true, 'the watch ended')
        const isFirst = !started
        started = true
        if (isFirst || (value as WatchEvent).type !== 'BOOKMARK') return value as WatchEvent
      }
    },
    async end() {
      stop.abort()
      await events.next().catch(() => undefined)
    },
  }
}
