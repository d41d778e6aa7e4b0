import assert from 'node:assert/strict'
import { test } from 'node:test'
import { formatMistake, type Mistake } from './condition.ts'
import { shorten, validCondition } from './valid-condition.ts'

const MISTAKE: Mistake = { path: 'spec.x', value: 'v', problem: 'is wrong', remedy: 'mend it' }

test('formatMistake() tells path, value, problem and remedy', () => {
  assert.equal(formatMistake(MISTAKE), 'spec.x "v" is wrong: mend it')
  assert.equal(formatMistake({ ...MISTAKE, value: '' }), 'spec.x is wrong: mend it')
})

test('validCondition() is True without mistakes and lists all of them otherwise', () => {
  assert.equal(validCondition([], 1).status, 'True')
  const { status, message } = validCondition([MISTAKE, { ...MISTAKE, path: 'spec.y' }], 1)
  assert.equal(`${status} ${message}`, 'False spec.x "v" is wrong: mend it. spec.y "v" is wrong: mend it')
})

test('shorten() stays within a condition and says how many are left out', () => {
  const message = shorten(Array.from({ length: 1000 }, (_, index) => `Sentence number ${index}`))
  assert.ok(message.length < 5000)
  assert.match(message, /Sentence number 0\. .*\. And \d+ more$/)
})

test('shorten() cuts a sentence that does not fit by itself', () => {
  const message = shorten(['x'.repeat(100_000), 'next'])
  assert.ok(message.length < 5000)
  assert.match(message, /x\.\.\.\. And 1 more$/)
})
