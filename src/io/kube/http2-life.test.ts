import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setImmediate as turn } from 'node:timers/promises'
import { type After, watchLife } from './http2-life.ts'

const OPTIONS = { connectTimeoutMs: 1_000, idleMs: 4_000, pingTimeoutMs: 4_000 }
const STEP_MS = 100

interface World {
  readonly socket: { bytesRead: number }
  readonly pings: (() => void)[]
  readonly ends: string[]
  /** What waits for its time. */
  readonly waiting: () => number
  pass(ms: number): Promise<void>
  stop(): void
}

/** A session whose octets and answers the test hands out, and time that the test moves. */
function open(): World {
  const pings: (() => void)[] = []
  const ends: string[] = []
  const socket = { bytesRead: 0 }
  const session = {
    destroyed: false,
    destroy(error?: Error | number): void {
      session.destroyed = true
      ends.push(error instanceof Error ? error.message : '')
    },
    ping: (answer: unknown): boolean => pings.push(answer as () => void) > 0,
  }
  let nowMs = 0
  const waiting = new Map<() => void, number>()
  const after: After = (waitMs, work) => {
    const due = (): void => work()
    waiting.set(due, nowMs + waitMs)
    return () => void waiting.delete(due)
  }
  const stop = watchLife(session, socket, OPTIONS, after)
  const pass = async (ms: number): Promise<void> => {
    for (const endMs = nowMs + ms; nowMs < endMs; ) {
      nowMs += STEP_MS
      for (const [due, atMs] of waiting) {
        if (atMs > nowMs) continue
        waiting.delete(due)
        due()
      }
      await turn()
    }
  }
  return { socket, pings, ends, waiting: () => waiting.size, pass, stop }
}

test('watchLife() pings what is silent, and destroys it when no answer comes in time', async () => {
  const { pings, ends, pass } = open()
  await pass(7_900)
  assert.equal(pings.length, 0)
  await pass(100)
  assert.deepEqual([pings.length, ends], [1, []])
  await pass(3_900)
  assert.deepEqual(ends, [])
  await pass(200)
  assert.deepEqual(ends, ['The server does not answer'])
})

test('watchLife() does not ping where something comes', async () => {
  const { socket, pings, ends, pass } = open()
  for (let count = 0; count < 20; count++) {
    socket.bytesRead += 1
    await pass(3_000)
  }
  assert.deepEqual([pings.length, ends], [0, []])
})

test('watchLife() asks again after each answer, and notices when there is none any more', async () => {
  const { socket, pings, ends, pass } = open()
  let answered = 0
  for (let seconds = 0; seconds < 1_800; seconds++) {
    await pass(1_000)
    const answer = pings.pop()
    if (answer === undefined) continue
    answered += 1
    socket.bytesRead += 17
    answer()
  }
  assert.deepEqual(ends, [])
  assert.ok(answered > 150, `${answered} answers in half an hour`)
  await pass(13_000)
  assert.deepEqual(ends, ['The server does not answer'])
})

test('watchLife() notices a server that falls silent after it sent something while a ping was under way', async () => {
  const { socket, pings, ends, pass } = open()
  await pass(9_000)
  assert.equal(pings.length, 1)
  socket.bytesRead += 100
  await pass(3_500)
  assert.deepEqual(ends, [])
  await pass(8_000)
  assert.deepEqual(ends, ['The server does not answer'])
})

test('watchLife() leaves a server alone whose answer lies behind megabytes that keep coming', async () => {
  const { socket, pings, ends, pass } = open()
  await pass(8_000)
  assert.equal(pings.length, 1)
  for (let count = 0; count < 30; count++) {
    socket.bytesRead += 10_000
    await pass(1_000)
  }
  pings.pop()?.()
  await pass(1_000)
  assert.deepEqual(ends, [])
})

test('watchLife() leaves nothing behind when it is ended while a ping is under way', async () => {
  const { ends, pings, waiting, stop, pass } = open()
  await pass(9_000)
  stop()
  assert.equal(waiting(), 0)
  pings.pop()?.()
  await pass(60_000)
  assert.deepEqual([pings.length, waiting(), ends], [0, 0, []])
})
