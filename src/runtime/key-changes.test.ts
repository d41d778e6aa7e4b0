import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { KubeObject } from '#ports/kube-api.ts'
import { createInformerStore } from './informer-store.ts'
import { createKeyChangeBoard } from './key-changes.ts'

const object = (name: string, value = ''): KubeObject => ({ metadata: { name, namespace: 'n' }, value })

test('keyChanges tell each follower once of what came, changed or went, also in a full list', () => {
  const board = createKeyChangeBoard()
  const store = createInformerStore(
    (one) => one['value'] as string,
    undefined,
    (key) => board.note(key),
  )
  store.put(object('a'))
  const early = board.follow(store.items().keys())
  assert.deepEqual([...early.take()], ['n/a'])
  assert.deepEqual([...early.take()], [])
  store.put(object('b', '1'))
  store.put(object('b', '2'))
  store.put(object('a'))
  assert.deepEqual([...early.take()], ['n/b'], 'what stays the same is no change')
  const late = board.follow(store.items().keys())
  store.remove(object('b'))
  store.remove(object('x'))
  assert.deepEqual([...early.take()], ['n/b'])
  assert.deepEqual([...late.take()], ['n/a', 'n/b'])
  const filling = store.refill()
  filling.add(object('c'))
  filling.add(object('d'))
  assert.deepEqual([...early.take()], [], 'nothing counts before the list is complete')
  assert.equal(filling.finish(), true)
  assert.deepEqual([...early.take()].toSorted(), ['n/a', 'n/c', 'n/d'])
  const same = store.refill()
  same.add(object('c'))
  same.add(object('d'))
  assert.equal(same.finish(), false)
  assert.deepEqual([...early.take()], [])
})
