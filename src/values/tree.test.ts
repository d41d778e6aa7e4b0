import assert from 'node:assert/strict'
import { test } from 'node:test'
import { from, ignored, implemented, leaf, map, refusedUnless, refusing, rowsOf, unset } from './tree.ts'

test('rowsOf() has a row for each literal, typed by its default', () => {
  const rows = rowsOf(ignored('why', { a: true, b: { c: 1, d: 'x', e: [1] }, f: map({ g: 1 }), h: unset('number') }))
  assert.deepEqual(
    rows.map(({ key, types, ciliumDefault }) => [key, types, ciliumDefault]),
    [
      ['a', ['boolean'], true],
      ['b.c', ['integer'], 1],
      ['b.d', ['text'], 'x'],
      ['b.e', ['list'], [1]],
      ['f', ['map'], { g: 1 }],
      ['h', ['number'], null],
    ],
  )
})

test('rowsOf() goes by the nearest word on a key', () => {
  const rows = rowsOf(
    ignored('all', { a: 1, b: implemented('this', { c: 1, d: refusedUnless(false, 'why', 'instead', false) }) }),
  )
  assert.deepEqual(
    rows.map(({ key, class: valueClass, note, refusal }) => [key, valueClass, note, refusal?.instead]),
    [
      ['a', 'ignored', 'all', undefined],
      ['b.c', 'implemented', 'this', undefined],
      ['b.d', 'refused', 'why', 'instead'],
    ],
  )
})

test('refusing() leaves the class', () => {
  const refusal = { unless: ['a'], why: 'why', instead: 'instead' }
  const [row] = rowsOf({ mode: refusing(refusal, implemented('note', leaf('text'))) })
  assert.equal(row?.class, 'implemented')
  assert.equal(row?.refusal, refusal)
})

test('from() says whose keys they are, and nothing else', () => {
  const [row] = rowsOf(ignored('why', { a: from('retired', leaf('text')) }))
  assert.deepEqual([row?.origin, row?.class], ['retired', 'ignored'])
})

test('rowsOf() throws where nothing is said of a key', () => {
  assert.throws(() => rowsOf({ a: { b: true } }), /a\.b/)
})
