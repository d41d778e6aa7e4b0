import assert from 'node:assert/strict'
import { test } from 'node:test'
import { LEASES } from './kube-resources.ts'
import { refuses, typeOf, type Widgets, WIDGETS } from './kube-widgets.contract.ts'

/** Requests that change nothing: get, list and pages. */
export function kubeReadContract({ api, make, unique }: Widgets): void {
  test('get() of what is not there is NotFound', async () => {
    await refuses('NotFound', api().get(WIDGETS, { name: 'absent' }))
  })

  test('get() of a resource that the server has not is NotFound', async () => {
    await refuses('NotFound', api().get({ ...WIDGETS, plural: 'absents' }, { name: 'absent' }))
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
    for await (const page of api().pages(WIDGETS, { labelSelector: `group=${group}` }, new AbortController().signal)) {
      names.push(...page.items.map((item) => item.metadata.name))
      versions.add(page.resourceVersion)
    }
    assert.equal(new Set(names).size, 5)
    assert.equal(names.length, 5)
    assert.equal(versions.size, 1)
  })

  test('every request ends with the reason of its signal', async () => {
    const signal = AbortSignal.abort(new Error('enough'))
    await assert.rejects(api().get(WIDGETS, { name: 'absent' }, signal), { message: 'enough' })
    await assert.rejects(api().list(WIDGETS, {}, signal), { message: 'enough' })
  })
}
