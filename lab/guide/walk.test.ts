import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { excerpt } from './walk.ts'

describe('excerpt()', () => {
  const output = 'one\ntwo\n\nthree\n'
  test('is everything but empty lines when nothing is asked', () =>
    assert.deepEqual(excerpt(output, undefined), ['one', 'two', 'three']))
  test('is the first lines, and says how many more there are', () =>
    assert.deepEqual(excerpt(output, 2), ['one', 'two', '(1 more)']))
  test('is what matches, and says how much does not', () =>
    assert.deepEqual(excerpt(output, /^t/), ['two', 'three', '(1 more)']))
  test('is all of a short output', () => assert.deepEqual(excerpt(output, 9), ['one', 'two', 'three']))
})
