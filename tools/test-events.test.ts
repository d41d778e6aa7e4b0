import assert from 'node:assert/strict'
import { test } from 'node:test'
import { encodeTestEvent, parseTestOutput, type TestEvent } from './test-events.ts'

const EVENT: TestEvent = { outcome: 'passed', name: 'a', file: 'a.test.ts', durationMs: 1, detail: '' }

test('parseTestOutput() tells events from what tests print, also within a line', () => {
  const parsed = parseTestOutput(`hello${encodeTestEvent(EVENT)}world\n`)
  assert.deepEqual(parsed, { events: [EVENT], text: 'helloworld\n', rest: '' })
})

test('parseTestOutput() gives back an event that has begun', () => {
  const whole = encodeTestEvent(EVENT)
  const first = parseTestOutput(whole.slice(0, 10))
  assert.deepEqual(first, { events: [], text: '', rest: whole.slice(0, 10) })
  assert.deepEqual(parseTestOutput(first.rest + whole.slice(10)).events, [EVENT])
})
