import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createFakeClock, type FakeClock, settle } from '#ports/clock.fake.ts'
import { KubeError } from '#ports/kube-api.ts'
import type { Failure } from './failure.ts'
import { createReconciler, type Reconciler, type ReconcilerOptions } from './reconciler.ts'

interface World {
  readonly clock: FakeClock
  readonly reconciler: Reconciler
  readonly runsMs: readonly number[]
  readonly failures: readonly Failure[]
}

type Given = Partial<ReconcilerOptions> & { readonly reconcile?: ReconcilerOptions['reconcile'] }

const BACKOFF = { baseMs: 100, factor: 2, maxMs: 1_000, jitter: 0.5 }

function open(given: Given = {}): World {
  const clock = createFakeClock({ monotonicMs: 0 })
  const runsMs: number[] = []
  const failures: Failure[] = []
  const options: ReconcilerOptions = {
    backoff: BACKOFF,
    clock,
    random: () => 0,
    onFailure: (failure) => failures.push(failure),
    ...given,
    reconcile: (signal) => {
      runsMs.push(clock.monotonicMs())
      return given.reconcile?.(signal)
    },
  }
  return { clock, reconciler: createReconciler(options, new AbortController().signal), runsMs, failures }
}

function fail(): never {
  throw new Error('no')
}

test('createReconciler() runs when poked, not before', async () => {
  const { clock, reconciler, runsMs } = open()
  await clock.advance(1_000)
  assert.deepEqual(runsMs, [])
  reconciler.poke()
  await clock.advance(1_000)
  assert.deepEqual(runsMs, [1_000])
})

test('poke() any number of times is one run', async () => {
  const { reconciler, runsMs } = open()
  for (let poke = 0; poke < 10; poke++) reconciler.poke()
  await settle()
  assert.equal(runsMs.length, 1)
})

test('poke() during a run is one more run, never two at once', async () => {
  const gates: PromiseWithResolvers<void>[] = []
  const { reconciler, runsMs } = open({
    reconcile: async () => {
      const gate = Promise.withResolvers<void>()
      gates.push(gate)
      await gate.promise
    },
  })
  reconciler.poke()
  await settle()
  reconciler.poke()
  reconciler.poke()
  await settle()
  assert.equal(runsMs.length, 1)
  gates[0]?.resolve()
  await settle()
  assert.equal(runsMs.length, 2)
  gates[1]?.resolve()
  await settle()
  assert.equal(runsMs.length, 2)
})

test('createReconciler() runs a burst once when it has settled', async () => {
  const { clock, reconciler, runsMs } = open({ settleMs: 50 })
  reconciler.poke()
  await clock.advance(30)
  reconciler.poke()
  await clock.advance(1_000)
  assert.deepEqual(runsMs, [50])
})

test('createReconciler() runs unasked every resyncMs', async () => {
  const { clock, runsMs } = open({ resyncMs: 300 })
  await clock.advance(1_000)
  assert.deepEqual(runsMs, [300, 600, 900])
})

test('createReconciler() runs again at the time that a run asked for', async () => {
  const answers = [{ runAgainInMs: 40 }, { runAgainInMs: undefined }]
  const { clock, reconciler, runsMs } = open({ reconcile: () => answers.shift() })
  reconciler.poke()
  await clock.advance(1_000)
  assert.deepEqual(runsMs, [0, 40])
})

test('createReconciler() retries what failed with growing waits, and reports it', async () => {
  const { clock, reconciler, runsMs, failures } = open({ reconcile: fail })
  reconciler.poke()
  await clock.advance(2_600)
  assert.deepEqual(runsMs, [0, 100, 300, 700, 1_500, 2_500])
  assert.equal(failures.length, 6)
  const { failuresInARow, lastFailure } = reconciler.status()
  assert.deepEqual([failuresInARow, lastFailure?.message], [6, 'no'])
})

test('createReconciler() forgets its failures after a success', async () => {
  let failing = true
  const { clock, reconciler } = open({ reconcile: () => (failing ? fail() : undefined) })
  reconciler.poke()
  await clock.advance(50)
  failing = false
  await clock.advance(50)
  const { failuresInARow, lastFailure, lastSuccessMs } = reconciler.status()
  assert.deepEqual([failuresInARow, lastFailure, lastSuccessMs], [0, undefined, 100])
})

test('poke() after a failure shortens the wait to its first step, no further', async () => {
  const { clock, reconciler, runsMs } = open({ reconcile: fail })
  reconciler.poke()
  await clock.advance(1_500)
  assert.deepEqual(runsMs, [0, 100, 300, 700, 1_500])
  reconciler.poke()
  await clock.advance(99)
  assert.equal(runsMs.length, 5)
  await clock.advance(1)
  assert.deepEqual(runsMs.at(-1), 1_600)
})

test('createReconciler() waits as long as the other side asked for, even when poked', async () => {
  const failure = { code: 'TooManyRequests', message: 'slowly', retryAfterMs: 5_000 } as const
  const { clock, reconciler, runsMs } = open({
    reconcile: () => {
      throw new KubeError(failure)
    },
  })
  reconciler.poke()
  await settle()
  reconciler.poke()
  await clock.advance(5_000)
  assert.deepEqual(runsMs, [0, 5_000])
})

test('close() aborts the run under way, waits for it, and starts none', async () => {
  let ended = false
  const { clock, reconciler, runsMs } = open({
    reconcile: async (signal) => {
      await clock.sleep(10_000, signal).catch(() => undefined)
      ended = true
    },
  })
  reconciler.poke()
  await settle()
  await reconciler.close()
  assert.equal(ended, true)
  reconciler.poke()
  await settle()
  assert.equal(runsMs.length, 1)
  assert.equal(clock.sleepers(), 0)
})
