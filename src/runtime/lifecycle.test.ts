import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createFakeClock, settle } from '#ports/clock.fake.ts'
import { type Part, startLifecycle } from './lifecycle.ts'

const SIGNAL = new AbortController().signal

function parts(events: string[], more: Readonly<Record<string, Partial<Part>>> = {}): readonly Part[] {
  return ['a', 'b', 'c'].map((name) => ({
    name,
    start: () => {
      events.push(`+${name}`)
      return () => void events.push(`-${name}`)
    },
    ...more[name],
  }))
}

test('startLifecycle() starts in order and stops in reverse', async () => {
  const events: string[] = []
  const lifecycle = await startLifecycle(parts(events), { clock: createFakeClock(), stopTimeoutMs: 1_000 }, SIGNAL)
  await lifecycle.stop()
  assert.deepEqual(events, ['+a', '+b', '+c', '-c', '-b', '-a'])
})

test('startLifecycle() stops what it started when a part fails', async () => {
  const events: string[] = []
  const failing = { c: { start: () => Promise.reject(new Error('no')) } }
  const options = { clock: createFakeClock(), stopTimeoutMs: 1_000 }
  await assert.rejects(startLifecycle(parts(events, failing), options, SIGNAL), { message: 'no' })
  assert.deepEqual(events, ['+a', '+b', '-b', '-a'])
})

test('startLifecycle() starts nothing more once it is aborted', async () => {
  const events: string[] = []
  const stop = new AbortController()
  const aborting: Partial<Part> = {
    start: () => {
      stop.abort(new Error('enough'))
      return () => void events.push('-b')
    },
  }
  const options = { clock: createFakeClock(), stopTimeoutMs: 1_000 }
  await assert.rejects(startLifecycle(parts(events, { b: aborting }), options, stop.signal), { message: 'enough' })
  assert.deepEqual(events, ['+a', '-b', '-a'])
})

test('stop() goes on when a part fails to stop or takes too long, and says so', async () => {
  const events: string[] = []
  const clock = createFakeClock()
  const odd: Readonly<Record<string, Partial<Part>>> = {
    b: { start: () => () => Promise.reject(new Error('no')) },
    c: { start: () => () => new Promise(() => undefined) },
  }
  const onStopFailure = (part: string, { message }: { readonly message: string }): void =>
    void events.push(`${part}: ${message}`)
  const lifecycle = await startLifecycle(parts(events, odd), { clock, stopTimeoutMs: 1_000, onStopFailure }, SIGNAL)
  const stopped = lifecycle.stop()
  await settle()
  await clock.advance(1_000)
  await stopped
  assert.deepEqual(events, ['+a', 'c: c did not stop within 1000 ms', 'b: no', '-a'])
  assert.equal(clock.sleepers(), 0)
})

test('stop() twice stops once', async () => {
  const events: string[] = []
  const lifecycle = await startLifecycle(parts(events), { clock: createFakeClock(), stopTimeoutMs: 1_000 }, SIGNAL)
  await Promise.all([lifecycle.stop(), lifecycle.stop()])
  assert.equal(events.length, 6)
})
