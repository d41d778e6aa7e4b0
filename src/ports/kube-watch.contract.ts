import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { KubeApi, KubeObject, WatchEvent } from './kube-api.ts'
import { SERVICES } from './kube-resources.ts'
import { refuses, serviceNamed, type Widgets, WIDGETS } from './kube-widgets.contract.ts'

/** Watches: where they begin, what they show and how they end. */
export function kubeWatchContract({ api, make, unique, versionNow, age }: Widgets): void {
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
    await age()
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
