import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createFakeClock } from '#ports/clock.fake.ts'
import { createDueKeys, type Due } from './due-keys.ts'
import { createKeyChangeBoard } from './key-changes.ts'

const EVERY_MS = 60_000

function begin(...names: readonly string[]) {
  const clock = createFakeClock()
  const present = new Set(names)
  const board = createKeyChangeBoard()
  const due = createDueKeys({ changes: board.follow(present), clock, allEveryMs: EVERY_MS })
  const look = (then: (seen: Due) => void = () => undefined): readonly [boolean, ...string[]] =>
    due.look(present, (seen) => {
      then(seen)
      return [seen.isAll, ...seen.keys]
    })
  const remove = (name: string): void => {
    present.delete(name)
    board.note(name)
  }
  return { clock, board, due, look, remove }
}

test('createDueKeys() looks at all at first, then at what changed or went', () => {
  const { board, look, remove } = begin('a', 'b', 'c')
  assert.deepEqual(look(), [true, 'a', 'b', 'c'])
  assert.deepEqual(look(), [false])
  board.note('b')
  remove('c')
  assert.deepEqual(look(), [false, 'b', 'c'])
  assert.deepEqual(look(), [false])
})

test('createDueKeys() looks at all once when something concerns everybody, and at what is gone with them', () => {
  const { due, look, remove } = begin('a', 'b', 'c')
  look()
  due.allDue()
  remove('c')
  assert.deepEqual(look(), [true, 'a', 'b', 'c'])
  assert.deepEqual(look(), [false])
})

test('createDueKeys() looks once at those that something else concerns', () => {
  const { board, due, look } = begin('a', 'b', 'c')
  look()
  due.alsoDue(['c'])
  due.alsoDue(['b'])
  board.note('b')
  assert.deepEqual(look(), [false, 'c', 'b'])
  assert.deepEqual(look(), [false])
})

test('createDueKeys() looks at all again after a time, however often it looked at some', async () => {
  const { clock, board, look } = begin('a', 'b')
  look()
  for (let second = 10; second < 60; second += 10) {
    await clock.advance(10_000)
    board.note('b')
    assert.deepEqual(look(), [false, 'b'])
  }
  await clock.advance(10_000)
  assert.deepEqual(look(), [true, 'a', 'b'])
  assert.deepEqual(look(), [false])
})

test('createDueKeys() looks at all after a look that broke off, and at those that went before it', () => {
  const { board, look, remove } = begin('a', 'b', 'c')
  look()
  remove('c')
  board.note('b')
  const fail = (): never => {
    throw new Error('broken')
  }
  assert.throws(() => look(fail), /broken/)
  assert.throws(() => look(fail), /broken/)
  assert.deepEqual(look(), [true, 'a', 'b', 'c'])
  assert.deepEqual(look(), [false])
})

test('createDueKeys() keeps in mind what concerns everybody while it looks', () => {
  const { due, look } = begin('a')
  look(() => due.allDue())
  assert.deepEqual(look(), [true, 'a'])
})
