import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Condition } from '#model/condition.ts'
import { formatIp, mustParseIp } from '#model/ip.ts'
import { mergeIngress, proxiedIps } from './ingress.ts'
import { formatTime, mergeConditions } from './merge-conditions.ts'

const NOW_MS = Date.UTC(2026, 0, 1, 12, 0, 0, 500)
const NOW = '2026-01-01T12:00:00Z'
const THEN = '2025-01-01T00:00:00Z'

const condition = (type: string, status: Condition['status'], message = ''): Condition => ({
  type,
  status,
  reason: 'r',
  message,
  observedGeneration: 1,
})
const written = (type: string, status: Condition['status'], message = '') => ({
  ...condition(type, status, message),
  lastTransitionTime: THEN,
})

test('mergeConditions() gives back the very list when it says so already', () => {
  const list = [written('a', 'True'), written('b', 'False')]
  assert.equal(mergeConditions(list, [condition('b', 'False')], ['c'], NOW_MS), list)
})

test('mergeConditions() leaves conditions of others, with fields that it does not know, as they are', () => {
  const foreign = { ...written('x/y', 'True'), extra: { deep: [1] } }
  const merged = mergeConditions([foreign, written('a', 'True')], [condition('a', 'False')], [], NOW_MS)
  assert.equal(merged[0], foreign)
  assert.deepEqual(merged[1], { ...condition('a', 'False'), lastTransitionTime: NOW })
})

test('mergeConditions() keeps the time of the last transition while only the message changes', () => {
  const merged = mergeConditions([written('a', 'False', 'old')], [condition('a', 'False', 'new')], [], NOW_MS)
  assert.deepEqual(merged, [{ ...condition('a', 'False', 'new'), lastTransitionTime: THEN }])
})

test('mergeConditions() takes out what is dropped', () => {
  const kept = written('b', 'True')
  assert.deepEqual(mergeConditions([written('a', 'True'), kept], [], ['a'], NOW_MS), [kept])
})

test('mergeConditions() goes on beside entries that are none', () => {
  assert.deepEqual(mergeConditions([null, 3], [], [], NOW_MS), [null, 3])
})

test('formatTime() has whole seconds, as meta/v1 Time', () => {
  assert.equal(formatTime(NOW_MS), NOW)
})

const IPS = [mustParseIp('10.0.0.1'), mustParseIp('fd00::1')]

test('mergeIngress() gives back the very list when it shows the addresses, with or without ipMode', () => {
  const list = [{ ip: '10.0.0.1' }, { ip: 'fd00::1', ipMode: 'VIP' }]
  assert.equal(mergeIngress(list, IPS), list)
})

for (const list of [
  [],
  [{ ip: '10.0.0.1' }],
  [{ ip: 'fd00::1' }, { ip: '10.0.0.1' }],
  [{ ip: '10.0.0.1', ipMode: 'Proxy' }, { ip: 'fd00::1' }],
  [{ ip: '10.0.0.1', hostname: 'x' }, { ip: 'fd00::1' }],
  [null, {}],
]) {
  test(`mergeIngress() writes ${JSON.stringify(list)} anew`, () => {
    assert.deepEqual(mergeIngress(list, IPS), [
      { ip: '10.0.0.1', ipMode: 'VIP' },
      { ip: 'fd00::1', ipMode: 'VIP' },
    ])
  })
}

test('proxiedIps() finds the addresses at which a load balancer elsewhere answers, and nothing else', () => {
  const list = [
    { ip: '10.0.0.1' },
    { ip: '10.0.0.2', ipMode: 'VIP' },
    { ip: '10.0.0.3', ipMode: 'Proxy' },
    { hostname: 'x', ipMode: 'Proxy' },
    { ip: 'x', ipMode: 'Proxy' },
    null,
    'x',
  ]
  assert.deepEqual(proxiedIps(list).map(formatIp), ['10.0.0.3'])
})
