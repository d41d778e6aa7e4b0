import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { createFakeClock, type FakeClock, settle } from '#ports/clock.fake.ts'
import { KubeError } from '#ports/kube-api.ts'
import { createWorkQueue, type WorkQueue, type WorkQueueOptions } from './work-queue.ts'

const NOTHING_TO_DO = { waiting: 0, working: 0, failing: 0, refused: 0, done: 0, failures: 0 }

interface World {
  readonly clock: FakeClock
  readonly queue: WorkQueue<string>
  /** `key=value@ms` of every start. */
  readonly started: readonly string[]
  readonly failed: readonly string[]
}

function open(given: Partial<WorkQueueOptions<string>> = {}): World {
  const clock = createFakeClock({ monotonicMs: 0 })
  const started: string[] = []
  const failed: string[] = []
  const options: WorkQueueOptions<string> = {
    capacity: 10,
    concurrency: 2,
    backoff: { baseMs: 100, factor: 2, maxMs: 1_000, jitter: 0.5 },
    clock,
    random: () => 0,
    onFailure: (key, failure, count) => failed.push(`${key}: ${failure.message} (${count})`),
    ...given,
    work: async (key, value, signal) => {
      started.push(`${key}=${value}@${clock.monotonicMs()}`)
      await given.work?.(key, value, signal)
    },
  }
  return { clock, queue: createWorkQueue(options, new AbortController().signal), started, failed }
}

test('createWorkQueue() does the work of every key', async () => {
  const { queue, started } = open()
  queue.put('a', '1')
  queue.put('b', '1')
  queue.put('c', '1')
  await settle()
  assert.deepEqual(started, ['a=1@0', 'b=1@0', 'c=1@0'])
  assert.deepEqual(queue.status(), { waiting: 0, working: 0, failing: 0, refused: 0, done: 3, failures: 0 })
})

test('put() of a key that waits replaces its value', async () => {
  const { queue, started } = open()
  assert.equal(queue.put('a', '1'), 'queued')
  assert.equal(queue.put('a', '2'), 'replaced')
  await settle()
  assert.deepEqual(started, ['a=2@0'])
})

test('put() of a key during its work works on it again, never twice at once', async () => {
  const { clock, queue, started } = open({ work: (_key, _value, signal) => clock.sleep(50, signal) })
  queue.put('a', '1')
  await settle()
  assert.equal(queue.put('a', '2'), 'replaced')
  queue.put('b', '1')
  await settle()
  assert.deepEqual(started, ['a=1@0', 'b=1@0'])
  await clock.advance(50)
  assert.deepEqual(started, ['a=1@0', 'b=1@0', 'a=2@50'])
  await clock.advance(50)
  assert.equal(queue.status().done, 3)
})

test('put() beyond the capacity is refused and counted', () => {
  const { queue } = open({ capacity: 1 })
  queue.put('a', '1')
  assert.equal(queue.put('b', '1'), 'full')
  assert.equal(queue.status().refused, 1)
})

test('createWorkQueue() works on at most so many keys at once', async () => {
  const { clock, queue, started } = open({ work: (_key, _value, signal) => clock.sleep(10, signal) })
  for (const key of ['a', 'b', 'c']) queue.put(key, '1')
  await settle()
  assert.equal(started.length, 2)
  await clock.advance(10)
  assert.deepEqual(started.at(-1), 'c=1@10')
})

test('createWorkQueue() retries a key that failed with growing waits and delays no other', async () => {
  const { clock, queue, started, failed } = open({
    work: (key) => (key === 'bad' ? Promise.reject(new Error('no')) : Promise.resolve()),
  })
  queue.put('bad', '1')
  await clock.advance(350)
  queue.put('good', '1')
  await settle()
  assert.deepEqual(started, ['bad=1@0', 'bad=1@100', 'bad=1@300', 'good=1@350'])
  assert.deepEqual(failed, ['bad: no (1)', 'bad: no (2)', 'bad: no (3)'])
  assert.equal(queue.status().failing, 1)
})

test('put() of a key that fails keeps its wait: a new value is no reason to hurry', async () => {
  const { clock, queue, started } = open({ work: () => Promise.reject(new Error('no')) })
  queue.put('a', '1')
  await settle()
  queue.put('a', '2')
  await clock.advance(99)
  assert.deepEqual(started, ['a=1@0'])
  await clock.advance(1)
  assert.deepEqual(started, ['a=1@0', 'a=2@100'])
})

test('createWorkQueue() waits as long as the other side asked for', async () => {
  const failure = { code: 'TooManyRequests', message: 'slowly', retryAfterMs: 3_000 } as const
  const { clock, queue, started } = open({ work: () => Promise.reject(new KubeError(failure)) })
  queue.put('a', '1')
  await clock.advance(3_000)
  assert.deepEqual(started, ['a=1@0', 'a=1@3000'])
})

test('createWorkQueue() gives a key up after maxFailures', async () => {
  const { clock, queue, started } = open({ maxFailures: 2, work: () => Promise.reject(new Error('no')) })
  queue.put('a', '1')
  await clock.advance(10_000)
  assert.equal(started.length, 2)
  assert.equal(queue.status().waiting, 0)
})

test('createWorkQueue() forgets the failures of a key that then succeeded', async () => {
  const answers = ['one', 'slow', 'two']
  const { clock, queue, failed } = open({
    async work(_key, _value, signal) {
      const answer = answers.shift()
      if (answer !== 'slow') throw new Error(answer)
      await clock.sleep(10, signal)
    },
  })
  queue.put('a', '1')
  await clock.advance(105)
  queue.put('a', '2')
  await clock.advance(10)
  assert.deepEqual(failed, ['a: one (1)', 'a: two (1)'])
  await queue.close()
})

test('drop() takes a waiting key out, and leaves one alone that is being worked on', async () => {
  const { clock, queue, started } = open({ work: (_key, _value, signal) => clock.sleep(10, signal) })
  queue.put('a', '1')
  queue.drop('a')
  await settle()
  assert.deepEqual(started, [])
  queue.put('b', '1')
  await settle()
  queue.put('b', '2')
  queue.drop('b')
  await clock.advance(10)
  assert.deepEqual(started, ['b=1@0', 'b=2@10'])
})

test('drop() of a key that fails forgets its wait: put again, it is worked on at once', async () => {
  const { clock, queue, started } = open({ work: () => Promise.reject(new Error('no')) })
  queue.put('a', '1')
  await settle()
  queue.drop('a')
  assert.equal(queue.status().failing, 0)
  queue.put('a', '2')
  await clock.advance(99)
  assert.deepEqual(started, ['a=1@0', 'a=2@0'])
  await clock.advance(1)
  assert.deepEqual(started, ['a=1@0', 'a=2@0', 'a=2@100'])
})

test('status() counts as many as there are, whatever is put, dropped, done and failed', async () => {
  const operation = fc.oneof(
    fc.record({ kind: fc.constant('put' as const), key: fc.nat(5) }),
    fc.record({ kind: fc.constant('drop' as const), key: fc.nat(5) }),
    fc.record({ kind: fc.constant('wait' as const), ms: fc.nat(120) }),
  )
  const property = fc.asyncProperty(fc.array(operation, { maxLength: 40 }), async (operations) => {
    let runs = 0
    const work = async (_key: string, _value: string, signal: AbortSignal): Promise<void> => {
      await clock.sleep(10, signal)
      runs += 1
      if (runs % 3 !== 0) throw new Error('no')
    }
    const { clock, queue } = open({ work, maxFailures: 4 })
    for (const one of operations) {
      if (one.kind === 'wait') await clock.advance(one.ms)
      else if (one.kind === 'put') queue.put(String(one.key), '')
      else queue.drop(String(one.key))
      const { waiting, working, failing } = queue.status()
      assert.ok(waiting >= 0 && working >= 0 && working <= 2, `${waiting} wait, ${working} are worked on`)
      assert.ok(failing >= 0 && failing <= waiting + working, `${failing} fail of ${waiting + working}`)
    }
    await clock.advance(60_000)
    assert.deepEqual({ ...queue.status(), done: 0, failures: 0 }, NOTHING_TO_DO)
    await queue.close()
  })
  await fc.assert(property)
})

test('close() aborts the work under way, waits for it, and calls it no failure', async () => {
  let ended = false
  const { clock, queue, failed } = open({
    work: async (_key, _value, signal) => {
      try {
        await clock.sleep(1_000, signal)
      } finally {
        await settle()
        ended = true
      }
    },
  })
  queue.put('a', '1')
  await settle()
  await queue.close()
  assert.equal(ended, true)
  assert.deepEqual(failed, [])
  assert.equal(clock.sleepers(), 0)
})
