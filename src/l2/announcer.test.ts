import assert from 'node:assert/strict'
import test from 'node:test'
import {
  type AnnouncerEvent,
  type AnnouncerState,
  announcerDeadlineMs,
  DEFEND_INTERVAL_MS,
  GARP_SCHEDULE_MS,
  STANDBY,
  stepAnnouncer,
} from './announcer.ts'

const ETH0 = { name: 'eth0', ifindex: 2, mac: '02:00:00:00:00:01' }
const ETH1 = { name: 'eth1', ifindex: 3, mac: '02:00:00:00:00:02' }
const WON: AnnouncerEvent = { kind: 'Won', devices: [ETH0], adopted: false }
const announcing = (over: Partial<Extract<AnnouncerState, { kind: 'Announcing' }>> = {}): AnnouncerState => ({
  kind: 'Announcing',
  devices: [ETH0],
  garpAtMs: [],
  defendedAtMs: undefined,
  ...over,
})

test('stepAnnouncer() answers first and tells the neighbours then, at 0, 0.1, 0.5, 1.1, 2 and 5 s', () => {
  const first = stepAnnouncer(STANDBY, WON, 1000)
  assert.deepEqual(first.effects, [
    { kind: 'put', device: ETH0 },
    { kind: 'garp', device: ETH0 },
  ])
  const sent = [0]
  let state = first.state
  for (let deadline = announcerDeadlineMs(state); deadline !== undefined; deadline = announcerDeadlineMs(state)) {
    const step = stepAnnouncer(state, { kind: 'TimerDue' }, deadline)
    assert.deepEqual(step.effects, [{ kind: 'garp', device: ETH0 }])
    sent.push(deadline - 1000)
    state = step.state
  }
  assert.deepEqual(sent, GARP_SCHEDULE_MS)
})

test('stepAnnouncer() sends one frame for deadlines that were missed together', () => {
  const { state } = stepAnnouncer(STANDBY, WON, 0)
  const late = stepAnnouncer(state, { kind: 'TimerDue' }, 1500)
  assert.equal(late.effects.length, 1)
  assert.deepEqual(late.state, announcing({ garpAtMs: [2000, 5000] }))
})

test('stepAnnouncer() says nothing to the neighbours for what was answered before a restart', () => {
  const { state, effects } = stepAnnouncer(STANDBY, { kind: 'Won', devices: [ETH0], adopted: true }, 0)
  assert.deepEqual(effects, [{ kind: 'put', device: ETH0 }])
  assert.equal(announcerDeadlineMs(state), undefined)
})

test('stepAnnouncer() puts the new device before it deletes the old', () => {
  const { effects } = stepAnnouncer(announcing(), { kind: 'Won', devices: [ETH1], adopted: false }, 0)
  assert.deepEqual(
    effects.map(({ kind, device }) => `${kind} ${device.name}`),
    ['put eth1', 'garp eth1', 'delete eth0'],
  )
})

test('stepAnnouncer() answers anew for a device whose MAC changed', () => {
  const changed = { ...ETH0, mac: '02:00:00:00:00:99' }
  const { effects } = stepAnnouncer(announcing(), { kind: 'Won', devices: [changed], adopted: false }, 0)
  assert.deepEqual(effects[0], { kind: 'put', device: changed })
})

test('stepAnnouncer() changes nothing when it is told again what it knows', () => {
  const state = announcing({ garpAtMs: [5] })
  assert.deepEqual(stepAnnouncer(state, WON, 0), { state, effects: [] })
})

test('stepAnnouncer() gives the address up when another is elected', () => {
  assert.deepEqual(stepAnnouncer(announcing(), { kind: 'Lost' }, 0), {
    state: STANDBY,
    effects: [{ kind: 'delete', device: ETH0 }],
  })
})

test('stepAnnouncer() yields to another station when its own Lease is out of date', () => {
  const { state, effects } = stepAnnouncer(announcing(), { kind: 'Conflict', leaseStale: true }, 7)
  assert.deepEqual(state, { kind: 'Yielded', atMs: 7 })
  assert.deepEqual(effects, [{ kind: 'delete', device: ETH0 }])
})

test('stepAnnouncer() defends the address at most every 10 s when its Lease is good (RFC 5227 section 2.4)', () => {
  const conflict: AnnouncerEvent = { kind: 'Conflict', leaseStale: false }
  const first = stepAnnouncer(announcing(), conflict, 1000)
  assert.deepEqual(first.effects, [{ kind: 'garp', device: ETH0 }])
  assert.deepEqual(stepAnnouncer(first.state, conflict, 1000 + DEFEND_INTERVAL_MS - 1).effects, [])
  assert.equal(stepAnnouncer(first.state, conflict, 1000 + DEFEND_INTERVAL_MS).effects.length, 1)
})

test('stepAnnouncer() takes a yielded address again only when the API has spoken', () => {
  const yielded: AnnouncerState = { kind: 'Yielded', atMs: 0 }
  assert.deepEqual(stepAnnouncer(yielded, WON, 1).state, yielded)
  assert.deepEqual(stepAnnouncer(yielded, { kind: 'LeaseConfirmed' }, 1).state, STANDBY)
})

test('stepAnnouncer() has an answer to every event in every state', () => {
  const states: readonly AnnouncerState[] = [STANDBY, announcing(), { kind: 'Yielded', atMs: 0 }]
  const events: readonly AnnouncerEvent[] = [
    WON,
    { kind: 'Lost' },
    { kind: 'TimerDue' },
    { kind: 'Conflict', leaseStale: true },
    { kind: 'Conflict', leaseStale: false },
    { kind: 'Reannounce' },
    { kind: 'LeaseConfirmed' },
  ]
  const answers = states.flatMap((state) =>
    events.map((event) => `${state.kind} ${event.kind} -> ${stepAnnouncer(state, event, 0).state.kind}`),
  )
  assert.deepEqual(
    answers.filter((answer) => answer.split(' ')[0] !== answer.split(' ').at(-1)),
    [
      'Standby Won -> Announcing',
      'Announcing Lost -> Standby',
      'Announcing Conflict -> Yielded',
      'Yielded LeaseConfirmed -> Standby',
    ],
  )
})
