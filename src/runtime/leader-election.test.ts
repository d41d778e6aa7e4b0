import assert from 'node:assert/strict'
import { getEventListeners } from 'node:events'
import { test } from 'node:test'
import { createFakeClock, type FakeClock, settle } from '#ports/clock.fake.ts'
import { createFakeKubeApi, type FakeKubeApi } from '#ports/kube-api.fake.ts'
import { LEASES } from '#ports/kube-resources.ts'
import { createLeaderElection, type LeaderElection } from './leader-election.ts'
import { type LeaseRecord, readLeaseRecord } from './lease-record.ts'

const REF = { namespace: 'kube-system', name: 'balise-operator' }

interface Contender {
  readonly election: LeaderElection
  /** `+` at each election, `-` at each loss. */
  readonly terms: readonly string[]
}

interface World {
  readonly api: FakeKubeApi
  readonly clock: FakeClock
  contend(identity: string, api?: FakeKubeApi): Contender
  record(): LeaseRecord | undefined
}

function open(): World {
  const clock = createFakeClock()
  const api = createFakeKubeApi({ nowMs: () => clock.nowMs() })
  return {
    api,
    clock,
    contend(identity, through = api) {
      const terms: string[] = []
      const lead = async (signal: AbortSignal): Promise<void> => {
        terms.push('+')
        await clock.sleep(Number.MAX_SAFE_INTEGER, signal).catch(() => terms.push('-'))
      }
      const options = { api: through, ...REF, identity, clock, random: () => 0, lead }
      return { election: createLeaderElection(options, new AbortController().signal), terms }
    },
    record() {
      const lease = api.objects(LEASES).find(({ metadata }) => metadata.name === REF.name)
      return lease === undefined ? undefined : readLeaseRecord(lease)
    },
  }
}

/** The API as one contender has it: the same objects, its own faults. */
function viewOf(api: FakeKubeApi): FakeKubeApi & { cut: boolean } {
  const view = {
    cut: false,
    get: (...args: Parameters<FakeKubeApi['get']>) => (view.cut ? hang(args[2]) : api.get(...args)),
    create: (...args: Parameters<FakeKubeApi['create']>) => (view.cut ? hang(args[3]) : api.create(...args)),
    replace: (...args: Parameters<FakeKubeApi['replace']>) => (view.cut ? hang(args[3]) : api.replace(...args)),
  }
  return Object.setPrototypeOf(view, api) as FakeKubeApi & { cut: boolean }
}

function hang(signal: AbortSignal | undefined): Promise<never> {
  return new Promise((_resolve, reject) => {
    signal?.addEventListener('abort', () => reject(signal.reason), { once: true })
  })
}

test('createLeaderElection() creates the Lease and leads', async () => {
  const { clock, contend, record } = open()
  const { election, terms } = contend('a')
  await settle()
  assert.deepEqual(terms, ['+'])
  assert.deepEqual(election.status(), { leading: true, holder: 'a' })
  const renewTime = '2026-01-01T00:00:00.000000Z'
  const expected = {
    holderIdentity: 'a',
    leaseDurationSeconds: 15,
    acquireTime: renewTime,
    renewTime,
    leaseTransitions: 0,
  }
  assert.deepEqual(record(), expected)
  await clock.advance(4_000)
  assert.deepEqual(record(), { ...expected, renewTime: '2026-01-01T00:00:04.000000Z' })
  await election.close()
})

test('createLeaderElection() has one leader at a time', async () => {
  const { clock, contend } = open()
  const a = contend('a')
  await settle()
  const b = contend('b')
  await clock.advance(60_000)
  assert.deepEqual([a.terms, b.terms], [['+'], []])
  assert.deepEqual(b.election.status(), { leading: false, holder: 'a' })
  await Promise.all([a.election.close(), b.election.close()])
})

test('close() releases the Lease, and another takes it at its next try', async () => {
  const { clock, contend, record } = open()
  const a = contend('a')
  await settle()
  const b = contend('b')
  await clock.advance(1_000)
  await a.election.close()
  assert.deepEqual(a.terms, ['+', '-'])
  assert.equal(record()?.holderIdentity, '')
  await clock.advance(2_000)
  assert.deepEqual(b.terms, ['+'])
  assert.equal(record()?.leaseTransitions, 1)
  await b.election.close()
})

test('createLeaderElection() takes over from a leader that died, a duration after its last renewal was seen', async () => {
  const { api, clock, contend } = open()
  const view = viewOf(api)
  contend('a', view)
  await clock.advance(3_000)
  const b = contend('b')
  await settle()
  view.cut = true
  await clock.advance(14_000)
  assert.deepEqual(b.terms, [])
  await clock.advance(3_000)
  assert.deepEqual(b.terms, ['+'])
  await b.election.close()
})

test('createLeaderElection() judges by its own clock: a holder whose clock is an hour behind keeps its Lease', async () => {
  const { api, clock, contend } = open()
  const renewTime = new Date(clock.nowMs() - 3_600_000).toISOString()
  const spec = { holderIdentity: 'a', leaseDurationSeconds: 15, renewTime, acquireTime: renewTime, leaseTransitions: 3 }
  api.put({ apiVersion: 'coordination.k8s.io/v1', kind: 'Lease', metadata: REF, spec })
  const b = contend('b')
  await clock.advance(14_000)
  assert.deepEqual(b.terms, [])
  await clock.advance(3_000)
  assert.deepEqual(b.terms, ['+'])
  await b.election.close()
})

test('createLeaderElection() stops leading at its deadline, before another may begin', async () => {
  const { api, clock, contend } = open()
  const view = viewOf(api)
  const a = contend('a', view)
  await clock.advance(1_000)
  view.cut = true
  await clock.advance(8_999)
  assert.deepEqual(a.terms, ['+'])
  await clock.advance(1)
  assert.deepEqual(a.terms, ['+', '-'])
  assert.equal(a.election.status().leading, false)
})

test('createLeaderElection() tells a process that was stopped beyond its deadline that it leads no more, before any timer does', async () => {
  const clock = createFakeClock()
  const api = createFakeKubeApi({ nowMs: () => clock.nowMs() })
  let skippedMs = 0
  const skipping = { ...clock, monotonicMs: () => clock.monotonicMs() + skippedMs }
  let isCurrent = (): boolean => false
  const lead = async (signal: AbortSignal, current: () => boolean): Promise<void> => {
    isCurrent = current
    await clock.sleep(Number.MAX_SAFE_INTEGER, signal).catch(() => undefined)
  }
  const options = { api, ...REF, identity: 'a', clock: skipping, random: () => 0, lead }
  const election = createLeaderElection(options, new AbortController().signal)
  await settle()
  assert.equal(isCurrent(), true)
  skippedMs = 9_999
  assert.equal(isCurrent(), true)
  skippedMs = 10_000
  assert.equal(isCurrent(), false)
  assert.equal(election.status().leading, true)
  await election.close()
})

test('createLeaderElection() with a shorter Lease gives up before another may begin', async () => {
  const { api, clock } = open()
  const view = viewOf(api)
  let ended = Number.NaN
  const lead = async (signal: AbortSignal): Promise<void> => {
    await clock.sleep(Number.MAX_SAFE_INTEGER, signal).catch(() => undefined)
    ended = clock.monotonicMs()
  }
  const options = { api: view, ...REF, identity: 'a', clock, random: () => 0, lead, leaseDurationMs: 3_000 }
  const election = createLeaderElection(options, new AbortController().signal)
  await settle()
  const began = clock.monotonicMs()
  view.cut = true
  await clock.advance(10_000)
  assert.ok(ended - began < 3_000, `led for ${ended - began} ms`)
  view.cut = false
  await election.close()
})

test('createLeaderElection() goes on leading through failures shorter than its deadline', async () => {
  const { api, clock, contend } = open()
  const { election, terms } = contend('a')
  await settle()
  api.goAway()
  await clock.advance(7_000)
  api.comeBack()
  await clock.advance(30_000)
  assert.deepEqual(terms, ['+'])
  await election.close()
})

test('createLeaderElection() leads again after it lost', async () => {
  const { api, clock, contend } = open()
  const { election, terms } = contend('a')
  await settle()
  api.goAway()
  await clock.advance(20_000)
  assert.deepEqual(terms, ['+', '-'])
  api.comeBack()
  await clock.advance(5_000)
  assert.deepEqual(terms, ['+', '-', '+'])
  await election.close()
})

test('createLeaderElection() stops leading at once when another holds the Lease', async () => {
  const { api, clock, contend, record } = open()
  const { election, terms } = contend('a')
  await settle()
  const lease = await api.get(LEASES, REF)
  await api.replace(LEASES, REF, { ...lease, spec: { ...record(), holderIdentity: 'thief' } })
  await clock.advance(4_000)
  assert.deepEqual(terms, ['+', '-'])
  assert.deepEqual(election.status(), { leading: false, holder: 'thief' })
  await election.close()
  assert.equal(record()?.holderIdentity, 'thief')
})

test('createLeaderElection() survives an answer that was lost: the write it made is its own', async () => {
  const { api, clock, contend, record } = open()
  const { election, terms } = contend('a')
  await settle()
  api.inject({ verbs: ['replace'], times: 1, afterwards: true, outcome: { code: 'Unreachable', message: 'lost' } })
  await clock.advance(30_000)
  assert.deepEqual(terms, ['+'])
  assert.equal(record()?.leaseTransitions, 0)
  await election.close()
})

for (const outcome of [
  { code: 'Gone', message: 'too old' },
  { code: 'Conflict', message: 'modified' },
  { code: 'TooManyRequests', message: 'slowly', retryAfterMs: 1_000 },
  { code: 'TimedOut', message: 'no answer' },
] as const) {
  test(`createLeaderElection() goes on through ${outcome.code} for everything, and leads again after more of it than a term bears`, async () => {
    const { api, clock, contend, record } = open()
    const { election, terms } = contend('a')
    await settle()
    const endShort = api.inject({ outcome })
    await clock.advance(7_000)
    endShort()
    await clock.advance(5_000)
    assert.deepEqual(terms, ['+'])
    const endLong = api.inject({ outcome })
    await clock.advance(60_000)
    assert.deepEqual(terms, ['+', '-'])
    assert.equal(election.status().leading, false)
    endLong()
    await clock.advance(3_000)
    assert.deepEqual(terms, ['+', '-', '+'])
    assert.equal(record()?.holderIdentity, 'a')
    await election.close()
  })
}

test('createLeaderElection() begins no term and gives the Lease to nobody before the work of the last has ended', async () => {
  const { api, clock, record } = open()
  const steps: string[] = []
  const lead = async (signal: AbortSignal): Promise<void> => {
    steps.push('begin')
    await clock.sleep(Number.MAX_SAFE_INTEGER, signal).catch(() => undefined)
    await clock.sleep(4_000, new AbortController().signal)
    steps.push(`end, held by ${record()?.holderIdentity}`)
  }
  const options = { api, ...REF, identity: 'a', clock, random: () => 0, lead }
  const election = createLeaderElection(options, new AbortController().signal)
  await settle()
  api.goAway()
  await clock.advance(10_500)
  api.comeBack()
  assert.deepEqual(steps, ['begin'])
  await clock.advance(3_000)
  assert.deepEqual(steps, ['begin'])
  await clock.advance(2_500)
  assert.deepEqual(steps, ['begin', 'end, held by a', 'begin'])
  const closing = election.close()
  await clock.advance(4_000)
  await closing
  assert.deepEqual([steps.at(-1), record()?.holderIdentity], ['end, held by a', ''])
})

/** How long work may go on after its term. */
const LIMIT_MS = 15_000

/** What the election itself breaks off with. It is looked at before the process would end by it: after all promises, before the next timer. */
async function breaksWith(
  world: World,
  lead: (signal: AbortSignal, fails: () => void) => Promise<void>,
  passMs: number,
): Promise<unknown> {
  const { api, clock } = world
  let broken: Promise<unknown> = Promise.resolve('It has not ended')
  const fails = (): void =>
    process.nextTick(() => {
      broken = election.close().catch((error: unknown) => error)
    })
  const work = (signal: AbortSignal): Promise<void> => lead(signal, fails)
  const sleep = async (durationMs: number, signal: AbortSignal): Promise<void> => {
    await clock.sleep(durationMs, signal)
    if (durationMs === LIMIT_MS) fails()
  }
  const options = { api, ...REF, identity: 'a', clock: { ...clock, sleep }, random: () => 0, lead: work }
  const election = createLeaderElection(options, new AbortController().signal)
  await clock.advance(passMs)
  return await broken
}

test('createLeaderElection() does not hide a mistake of the work behind the end of its term', async () => {
  const world = open()
  const lead = async (signal: AbortSignal, fails: () => void): Promise<void> => {
    await world.clock.sleep(3_000, signal)
    fails()
    throw new TypeError('our own mistake')
  }
  assert.deepEqual(await breaksWith(world, lead, 3_000), new TypeError('our own mistake'))
  assert.equal(world.record()?.holderIdentity, '')
})

test('createLeaderElection() breaks off when the work does not end with its term, and gives the Lease to nobody', async () => {
  const world = open()
  const lead = (): Promise<void> => new Promise(() => undefined)
  const end = world.api.inject({ verbs: ['replace'], outcome: { code: 'Unreachable', message: 'cut' } })
  void world.clock.sleep(12_000, new AbortController().signal).then(end)
  const error = await breaksWith(world, lead, 25_000)
  assert.match(String(error), /did not end within 15000 ms of its term/)
  assert.equal(world.record()?.holderIdentity, 'a')
})

test('createLeaderElection() leaves no listener behind in hours of renewals and failures', async () => {
  const { api, clock } = open()
  const stop = new AbortController()
  let term: AbortSignal | undefined
  const lead = async (signal: AbortSignal): Promise<void> => {
    term = signal
    await clock.sleep(Number.MAX_SAFE_INTEGER, signal).catch(() => undefined)
  }
  const election = createLeaderElection({ api, ...REF, identity: 'a', clock, random: () => 0, lead }, stop.signal)
  await clock.advance(1_000)
  assert.ok(term)
  const first = term
  const before = getEventListeners(first, 'abort').length
  for (let hour = 0; hour < 24; hour++) {
    api.inject({ verbs: ['replace'], times: 1, outcome: 'hang' })
    await clock.advance(300_000)
    api.inject({ verbs: ['replace'], times: 1, outcome: { code: 'Conflict', message: 'modified' } })
    await clock.advance(300_000)
  }
  assert.equal(term, first)
  assert.equal(getEventListeners(first, 'abort').length, before)
  assert.equal(getEventListeners(stop.signal, 'abort').length, 1)
  const sleepers = clock.sleepers()
  assert.ok(sleepers <= 2, `${sleepers} sleep`)
  await election.close()
  assert.deepEqual([clock.sleepers(), getEventListeners(stop.signal, 'abort').length], [0, 0])
})

test('two contenders that create the Lease at once are one leader', async () => {
  const { clock, contend } = open()
  const a = contend('a')
  const b = contend('b')
  await clock.advance(5_000)
  assert.equal([...a.terms, ...b.terms].length, 1)
  await Promise.all([a.election.close(), b.election.close()])
})
