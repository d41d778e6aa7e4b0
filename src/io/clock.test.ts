import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createClock } from './clock.ts'

const signal = new AbortController().signal

test('createClock() counts milliseconds, and never back', () => {
  const clock = createClock()
  assert.ok(Math.abs(clock.nowMs() - Date.now()) < 1000)
  const readings = Array.from({ length: 1000 }, () => clock.monotonicMs())
  assert.deepEqual(
    readings,
    readings.toSorted((a, b) => a - b),
  )
  assert.ok(Math.abs((readings[0] ?? 0) - Number(process.hrtime.bigint() / 1_000_000n)) < 1000)
})

test('createClock() sleeps for as long as it is told, and not at all for less than nothing', async () => {
  const clock = createClock()
  const before = clock.monotonicMs()
  await clock.sleep(20, signal)
  assert.ok(clock.monotonicMs() - before >= 19)
  await clock.sleep(-5, signal)
})

test('createClock() wakes with the reason of the signal', async () => {
  const reason = new Error('Enough')
  const controller = new AbortController()
  const sleeping = createClock().sleep(60_000, controller.signal)
  controller.abort(reason)
  await assert.rejects(sleeping, reason)
  await assert.rejects(createClock().sleep(1, controller.signal), reason)
})
