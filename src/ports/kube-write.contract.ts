import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { KubeApi, KubeObject } from './kube-api.ts'
import { LEASES, SERVICES } from './kube-resources.ts'
import { refuses, serviceNamed, typeOf, type Widgets, WIDGETS } from './kube-widgets.contract.ts'

/** Requests that change objects: create, replace, patch and delete. */
export function kubeWriteContract({ api, make, get, unique }: Widgets): void {
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

  test('a Service has a status subresource', async () => {
    const name = unique()
    await api().create(SERVICES, 'default', serviceNamed(name))
    const status = { loadBalancer: { ingress: [{ ip: '192.0.2.1', ipMode: 'VIP' }] } }
    const ref = { name, namespace: 'default' }
    const patched = await api().patch(SERVICES, ref, { kind: 'merge', body: { status } }, { subresource: 'status' })
    assert.deepEqual((patched['status'] as { readonly loadBalancer: unknown }).loadBalancer, status.loadBalancer)
  })
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
