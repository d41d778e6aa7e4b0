import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { setImmediate as turn } from 'node:timers/promises'
import { watchLife } from './http2-life.ts'

const OPTIONS = { connectTimeoutMs: 1_000, idleMs: 4_000, pingTimeoutMs: 4_000 }

interface World {
  readonly socket: { bytesRead: number }
  readonly session: { destroyed: boolean; destroy(error?: Error): void; ping(answer: () => void): boolean }
  readonly pings: (() => void)[]
  readonly ends: string[]
  stop(): void
}

/** A session whose octets and answers the test hands out, and time that the test moves. */
function open(t: TestContext): World {
  t.mock.timers.enable({ apis: ['setTimeout', 'setInterval'] })
  const pings: (() => void)[] = []
  const ends: string[] = []
  const socket = { bytesRead: 0 }
  const session = {
    destroyed: false,
    destroy(error?: Error): void {
      session.destroyed = true
      ends.push(error?.message ?? '')
    },
    ping: (answer: () => void): boolean => pings.push(answer) > 0,
  }
  return { socket, session, pings, ends, stop: watchLife(session as never, socket, OPTIONS) }
}

/** Step by step: what a timer starts has its own time. */
async function pass(t: TestContext, ms: number): Promise<void> {
  for (let left = ms; left > 0; left -= 100) {
    t.mock.timers.tick(100)
    await turn()
  }
}

test('watchLife() pings what is silent, and destroys it when no answer comes in time', async (t) => {
  const { pings, ends } = open(t)
  await pass(t, 7_900)
  assert.equal(pings.length, 0)
  await pass(t, 100)
  assert.deepEqual([pings.length, ends], [1, []])
  await pass(t, 3_900)
  assert.deepEqual(ends, [])
  await pass(t, 200)
  assert.deepEqual(ends, ['The server does not answer'])
})

test('watchLife() does not ping where something comes', async (t) => {
  const { socket, pings, ends } = open(t)
  for (let count = 0; count < 20; count++) {
    socket.bytesRead += 1
    await pass(t, 3_000)
  }
  assert.deepEqual([pings.length, ends], [0, []])
})

test('watchLife() goes on after each answer', async (t) => {
  const { socket, pings, ends } = open(t)
  for (let seconds = 0; seconds < 1_800; seconds++) {
    await pass(t, 1_000)
    const answer = pings.pop()
    if (answer === undefined) continue
    socket.bytesRead += 17
    answer()
  }
  assert.deepEqual(ends, [])
})

test('watchLife() notices a server that falls silent after it sent something while a ping was under way', async (t) => {
  const { socket, pings, ends } = open(t)
  await pass(t, 9_000)
  assert.equal(pings.length, 1)
  socket.bytesRead += 100
  await pass(t, 3_500)
  assert.deepEqual(ends, [])
  await pass(t, 8_000)
  assert.deepEqual(ends, ['The server does not answer'])
})

test('watchLife() leaves a server alone whose answer lies behind megabytes that keep coming', async (t) => {
  const { socket, pings, ends } = open(t)
  await pass(t, 8_000)
  assert.equal(pings.length, 1)
  for (let count = 0; count < 30; count++) {
    socket.bytesRead += 10_000
    await pass(t, 1_000)
  }
  pings.pop()?.()
  await pass(t, 1_000)
  assert.deepEqual(ends, [])
})

test('watchLife() leaves nothing behind when it is ended while a ping is under way', async (t) => {
  const { ends, pings, stop } = open(t)
  await pass(t, 9_000)
  stop()
  await pass(t, 60_000)
  assert.deepEqual([pings.length, ends], [1, []])
})
