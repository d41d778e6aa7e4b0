import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { Excerpt } from './step.ts'
import { excerpt, filter } from './walk.ts'

describe('excerpt()', () => {
  const output = 'one\ntwo\n\nthree\n'
  const cases: readonly (readonly [
    what: string,
    part: Excerpt | undefined,
    lines: readonly string[],
    shown: string,
  ])[] = [
    ['everything but empty lines when nothing is asked', undefined, ['one', 'two', 'three'], ''],
    ['the first lines', 2, ['one', 'two'], ' | head -n 2'],
    ['what matches', /^t/, ['two', 'three'], " | grep -E '^t'"],
    ['all of a short output', 9, ['one', 'two', 'three'], ' | head -n 9'],
  ]
  for (const [what, part, lines, shown] of cases)
    test(`is ${what}, and filter() is how a shell says so`, () => {
      assert.deepEqual(excerpt(output, part), lines)
      assert.equal(filter(part), shown)
    })
})
