import assert from 'node:assert/strict'
import { test } from 'node:test'
import { median, pairedRatio, percentile } from './stats.ts'

test('median() is the middle value, whatever the order', () => {
  assert.equal(median([9, 1, 5]), 5)
  assert.equal(median([4, 1, 3, 2]), 2.5)
})

test('percentile() interpolates and reaches both ends', () => {
  assert.equal(percentile([10, 20, 30, 40, 50], 0), 10)
  assert.equal(percentile([10, 20, 30, 40, 50], 1), 50)
  assert.equal(percentile([10, 20], 0.25), 12.5)
  assert.throws(() => percentile([], 0.5))
})

test('pairedRatio() compares run by run, so that drift cancels out', () => {
  assert.deepEqual(pairedRatio([2, 20, 200], [1, 10, 100]), { median: 2, min: 2, max: 2 })
  assert.throws(() => pairedRatio([1], [1, 2]))
})
