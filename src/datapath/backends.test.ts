import assert from 'node:assert/strict'
import test from 'node:test'
import { backendsOf } from './backends.ts'
import { CONTEXT, sampleEndpoint, sampleSlice } from './sample-services.ts'

const PORT = { name: '', protocol: 'TCP', port: 80, nodePort: 0 } as const
const sets = (endpoints: readonly ReturnType<typeof sampleEndpoint>[], local = false) => {
  const { serving, draining, idle } = backendsOf([sampleSlice(endpoints)], PORT, CONTEXT, local)
  const names = (list: typeof serving): readonly string[] => list.map(({ key, state }) => `${key} ${state}`)
  return { serving: names(serving), draining: names(draining), idle: names(idle) }
}

test('backendsOf() lets ready endpoints serve, sorted by address', () => {
  assert.deepEqual(sets([sampleEndpoint('10.244.1.10'), sampleEndpoint('10.244.1.9')]), {
    serving: ['10.244.1.9:8080/TCP active', '10.244.1.10:8080/TCP active'],
    draining: [],
    idle: [],
  })
})

test('backendsOf() drains endpoints that terminate and still serve while others are ready', () => {
  const leaving = sampleEndpoint('10.244.1.1', { ready: false, serving: true, terminating: true })
  assert.deepEqual(sets([leaving, sampleEndpoint('10.244.1.2')]), {
    serving: ['10.244.1.2:8080/TCP active'],
    draining: ['10.244.1.1:8080/TCP terminating'],
    idle: [],
  })
})

test('backendsOf() falls back to those that terminate and still serve when none is ready (KEP-1669)', () => {
  const leaving = sampleEndpoint('10.244.1.1', { ready: false, serving: true, terminating: true })
  const dead = sampleEndpoint('10.244.1.2', { ready: false, terminating: true })
  assert.deepEqual(sets([leaving, dead]), {
    serving: ['10.244.1.1:8080/TCP terminating'],
    draining: [],
    idle: ['10.244.1.2:8080/TCP terminating'],
  })
})

test('backendsOf() gives nothing new to an endpoint that is not ready, and keeps it for its flows', () => {
  assert.deepEqual(sets([sampleEndpoint('10.244.1.1', { ready: false })]), {
    serving: [],
    draining: [],
    idle: ['10.244.1.1:8080/TCP maintenance'],
  })
})

test('backendsOf() lets ready win over terminating (publishNotReadyAddresses)', () => {
  assert.deepEqual(sets([sampleEndpoint('10.244.1.1', { ready: true, terminating: true })]).serving, [
    '10.244.1.1:8080/TCP active',
  ])
})

test('backendsOf() with `local` leaves the backends of this node', () => {
  const here = sampleEndpoint('10.244.0.1', { nodeName: 'cp1' })
  const [backend, ...others] = backendsOf(
    [sampleSlice([here, sampleEndpoint('10.244.1.1')])],
    PORT,
    CONTEXT,
    true,
  ).serving
  assert.deepEqual([backend?.key, backend?.local, others.length], ['10.244.0.1:8080/TCP', true, 0])
})

test('backendsOf() takes an address that is in two slices once, in its better state', () => {
  const slices = [
    sampleSlice([sampleEndpoint('10.244.1.1', { ready: false })]),
    sampleSlice([sampleEndpoint('10.244.1.1')], { name: 'web-xyz' }),
  ]
  for (const order of [slices, slices.toReversed()]) {
    assert.deepEqual(
      backendsOf(order, PORT, CONTEXT, false).serving.map(({ key }) => key),
      ['10.244.1.1:8080/TCP'],
    )
  }
})

test('backendsOf() matches ports by name and protocol', () => {
  const slice = sampleSlice([sampleEndpoint('10.244.1.1')], {
    ports: [
      { name: 'dns', protocol: 'UDP', port: 53 },
      { name: 'dns-tcp', protocol: 'TCP', port: 5353 },
    ],
  })
  const port = { name: 'dns-tcp', protocol: 'TCP', port: 53, nodePort: 0 } as const
  assert.deepEqual(
    backendsOf([slice], port, CONTEXT, false).serving.map(({ key }) => key),
    ['10.244.1.1:5353/TCP'],
  )
  assert.deepEqual(backendsOf([slice], PORT, CONTEXT, false).serving, [])
})

test('backendsOf() leaves out IPv6 endpoints and port numbers that are none', () => {
  const slices = [
    sampleSlice([sampleEndpoint('2001:db8::1')]),
    sampleSlice([sampleEndpoint('10.244.1.1')], { ports: [{ name: '', protocol: 'TCP', port: 70_000 }] }),
  ]
  assert.deepEqual(backendsOf(slices, PORT, CONTEXT, false), { serving: [], draining: [], idle: [] })
})
