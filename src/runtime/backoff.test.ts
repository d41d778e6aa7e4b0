import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type BackoffPolicy, backoffMs } from './backoff.ts'

const POLICY: BackoffPolicy = { baseMs: 100, factor: 2, maxMs: 1_000, jitter: 0.5 }

test('backoffMs() doubles up to its ceiling', () => {
  const waits = [1, 2, 3, 4, 5, 6].map((failures) => backoffMs(POLICY, failures, 0))
  assert.deepEqual(waits, [100, 200, 400, 800, 1_000, 1_000])
})

test('backoffMs() keeps its ceiling after any number of failures', () => {
  assert.equal(backoffMs(POLICY, 5_000, 0), 1_000)
})

test('backoffMs() takes at most the share of jitter away', () => {
  assert.equal(backoffMs(POLICY, 1, 0.999_999), 50)
  assert.equal(backoffMs(POLICY, 1, 0.5), 75)
})
