import assert from 'node:assert/strict'
import { test } from 'node:test'
import { formatIp, mustParseIp } from '#model/ip.ts'
import { createLedger, type StatusImage } from './ledger.ts'
import type { ObjectRecord } from '#agents/operator/records.ts'

const record = (resourceVersion: string): ObjectRecord => ({
  name: 'web',
  namespace: 'default',
  uid: 'u',
  resourceVersion,
  generation: 0,
  mistakes: [],
  conditions: [],
})
const image = (...addresses: readonly string[]): StatusImage => ({
  conditions: [],
  ingress: [],
  addresses: addresses.map(mustParseIp),
})

test('ledger holds a write as long as the watch shows the version that it replaces', () => {
  const ledger = createLedger()
  ledger.begin('k', record('1'), image('10.0.0.1'))
  assert.equal(ledger.entryFor('k', record('1'))?.outcome, 'unknown')
  ledger.confirm('k', '2')
  assert.equal(ledger.entryFor('k', record('1'))?.outcome, 'confirmed')
  assert.equal(ledger.entryFor('k', record('2')), undefined)
  assert.equal(ledger.entryFor('k', record('1')), undefined)
})

test('ledger remembers every address that may have come through over one version', () => {
  const ledger = createLedger()
  ledger.begin('k', record('1'), image('10.0.0.1'))
  ledger.begin('k', record('1'), image('10.0.0.2', '10.0.0.1'))
  assert.deepEqual(ledger.entryFor('k', record('1'))?.sent.map(formatIp), ['10.0.0.1', '10.0.0.2'])
  ledger.begin('k', record('2'), image('10.0.0.3'))
  assert.deepEqual(ledger.entryFor('k', record('2'))?.sent.map(formatIp), ['10.0.0.3'])
})

test('ledger refuses a second write over a version that one has replaced', () => {
  const ledger = createLedger()
  assert.equal(ledger.begin('k', record('1'), image()), true)
  ledger.confirm('k', '2')
  assert.equal(ledger.begin('k', record('1'), image('10.0.0.1')), false)
  assert.deepEqual(ledger.entryFor('k', record('1'))?.image.addresses, [])
})

test('ledger lets write again after one in which the API found nothing to change', () => {
  const ledger = createLedger()
  ledger.begin('k', record('1'), image())
  ledger.confirm('k', '1')
  assert.equal(ledger.begin('k', record('1'), image('10.0.0.1')), true)
})

test('ledger forgets objects that are gone', () => {
  const ledger = createLedger()
  ledger.begin('k', record('1'), image())
  ledger.retain(new Set(['other']))
  assert.equal(ledger.entryFor('k', record('1')), undefined)
})
