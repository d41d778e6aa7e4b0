import assert from 'node:assert/strict'
import { test } from 'node:test'
import { chooseStages, STAGES, summarise } from './test-summary.ts'

const FLOOR = { check: 1, pure: 10 }
const outcome = (passed: number, failed = 0, skipped = 0) => ({ passed, failed, skipped, durationMs: 0 })

test('chooseStages() takes all when none is named, and keeps our order', () => {
  assert.deepEqual(chooseStages([]), { ok: true, value: STAGES })
  assert.deepEqual(chooseStages(['netns', 'pure']), { ok: true, value: ['pure', 'netns'] })
})

test('chooseStages() refuses a name that is none', () => {
  assert.equal(chooseStages(['purr']).ok, false)
})

test('summarise() adds up and is good when nothing failed', () => {
  const summary = summarise(
    new Map([
      ['check', outcome(2)],
      ['pure', outcome(10)],
    ] as const),
    FLOOR,
    { ci: true },
  )
  assert.deepEqual(summary, { good: true, complaints: [], lastLine: '12 passed, 0 failed, 0 skipped' })
})

test('summarise() is not good when a test failed', () => {
  assert.equal(summarise(new Map([['pure', outcome(10, 1)]] as const), FLOOR, { ci: false }).good, false)
})

test('summarise() is not good below the floor, nor without one', () => {
  assert.deepEqual(summarise(new Map([['pure', outcome(9)]] as const), FLOOR, { ci: false }).complaints, [
    'pure: 9 tests ran, and the floor is 10',
  ])
  assert.equal(summarise(new Map([['e2e', outcome(9)]] as const), FLOOR, { ci: false }).good, false)
})

test('summarise() allows a skip, but not in CI', () => {
  const outcomes = new Map([['pure', outcome(9, 0, 1)]] as const)
  assert.equal(summarise(outcomes, FLOOR, { ci: false }).good, true)
  assert.equal(summarise(outcomes, FLOOR, { ci: true }).good, false)
})
