import assert from 'node:assert/strict'
import test from 'node:test'
import { isLeaseLive, leaseDeadlineMs, observeLease, refreshSight } from './liveness.ts'

const DURATION = 15_000
const at = (monotonicMs: number, wallMs = monotonicMs) => ({ monotonicMs, wallMs })

test('observeLease() believes a Lease at first sight unless it is older than two durations', () => {
  const wallMs = 1_000_000
  const young = observeLease(undefined, { renewTimeMs: wallMs - 2 * DURATION, durationMs: DURATION }, at(50, wallMs))
  const old = observeLease(undefined, { renewTimeMs: wallMs - 2 * DURATION - 1, durationMs: DURATION }, at(50, wallMs))
  assert.equal(isLeaseLive(young, 50 + DURATION), true)
  assert.equal(isLeaseLive(old, 50), false)
})

test('observeLease() counts from the moment at which it saw the renewal, whatever the clock of the node says', () => {
  const first = observeLease(undefined, { renewTimeMs: 10, durationMs: DURATION }, at(1000, 5))
  const same = observeLease(first, { renewTimeMs: 10, durationMs: DURATION }, at(9000))
  assert.equal(leaseDeadlineMs(same), 1000 + DURATION)
  const renewed = observeLease(same, { renewTimeMs: 11, durationMs: DURATION }, at(9000, 99_999_999))
  assert.equal(leaseDeadlineMs(renewed), 9000 + DURATION)
})

test('observeLease() lets a renewal bring a dead node back', () => {
  const dead = observeLease(undefined, { renewTimeMs: 0, durationMs: DURATION }, at(0, 1_000_000))
  assert.equal(isLeaseLive(dead, 0), false)
  assert.equal(isLeaseLive(observeLease(dead, { renewTimeMs: 1, durationMs: DURATION }, at(5, 1_000_005)), 5), true)
})

test('isLeaseLive() ends after the duration', () => {
  const sight = { renewTimeMs: 0, durationMs: DURATION, renewalSeenMs: 100 }
  assert.equal(isLeaseLive(sight, 100 + DURATION), true)
  assert.equal(isLeaseLive(sight, 100 + DURATION + 1), false)
})

test('refreshSight() gives a whole duration to who was live when the observer was cut off, and nothing to the dead', () => {
  const sight = { renewTimeMs: 0, durationMs: DURATION, renewalSeenMs: 1000 }
  assert.equal(leaseDeadlineMs(refreshSight(sight, 5000, 90_000)), 90_000 + DURATION)
  assert.deepEqual(refreshSight(sight, 1000 + DURATION + 1, 90_000), sight)
})
