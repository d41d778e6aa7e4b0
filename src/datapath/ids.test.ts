import assert from 'node:assert/strict'
import test from 'node:test'
import { createIdTable, RESTART_GAP } from './ids.ts'

test('createIdTable() counts from 1 and keeps what it gave', () => {
  const ids = createIdTable([])
  assert.deepEqual([ids.idOf('a'), ids.idOf('b'), ids.idOf('a'), ids.knownId('c')], [1, 2, 1, undefined])
})

test('createIdTable() takes over what is there and leaves a gap above it', () => {
  const ids = createIdTable([
    ['a', 7],
    ['b', 3],
  ])
  assert.deepEqual([ids.idOf('a'), ids.idOf('b'), ids.idOf('c')], [7, 3, 7 + 1 + RESTART_GAP])
})

test('createIdTable() does not give a released id to the next name', () => {
  const ids = createIdTable([])
  ids.release(ids.idOf('a'))
  assert.deepEqual([ids.knownId('a'), ids.idOf('b'), ids.idOf('a')], [undefined, 2, 3])
})

test('createIdTable() begins anew after 2^32-1 and skips what is in use', () => {
  const ids = createIdTable([
    ['low', 1],
    ['high', 0xffff_ffff - RESTART_GAP - 1],
  ])
  assert.deepEqual([ids.idOf('x'), ids.idOf('y')], [0xffff_ffff, 2])
})

test('createIdTable() gives an id that two names have to the first', () => {
  const ids = createIdTable([
    ['a', 5],
    ['b', 5],
  ])
  assert.equal(ids.idOf('a'), 5)
  assert.notEqual(ids.idOf('b'), 5)
})
