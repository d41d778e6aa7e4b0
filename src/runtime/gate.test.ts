import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setImmediate as turn } from 'node:timers/promises'
import { createGate } from './gate.ts'

test('passed() waits while the gate is held, also when it is held again before the waiter has gone on', async () => {
  const gate = createGate()
  const { signal } = new AbortController()
  await gate.passed(signal)
  gate.hold(true)
  let isThrough = false
  const passing = gate.passed(signal).then(() => (isThrough = true))
  gate.hold(false)
  gate.hold(true)
  await turn()
  assert.equal(isThrough, false)
  gate.hold(false)
  await passing
})

test('passed() rejects with the reason of the signal, before and while it waits', async () => {
  const gate = createGate()
  gate.hold(true)
  const ending = new AbortController()
  const passing = gate.passed(ending.signal)
  ending.abort(new Error('over'))
  await assert.rejects(passing, /over/)
  await assert.rejects(gate.passed(ending.signal), /over/)
})
