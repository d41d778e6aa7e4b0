import assert from 'node:assert/strict'
import test from 'node:test'
import { matchInterfaces } from './interfaces.ts'

const NAMES = ['eth0', 'eth1', 'eth10', 'enp0s1']

test('matchInterfaces() selects all without a pattern', () => {
  assert.deepEqual(matchInterfaces([], NAMES), { names: NAMES, unmatched: [] })
})

test('matchInterfaces() is not anchored, as Cilium is not', () => {
  assert.deepEqual(matchInterfaces(['eth1'], NAMES).names, ['eth1', 'eth10'])
  assert.deepEqual(matchInterfaces(['^eth1$'], NAMES).names, ['eth1'])
})

test('matchInterfaces() joins patterns by or, and names those that match nothing', () => {
  assert.deepEqual(matchInterfaces(['^enp', 'wlan0', 'eth0'], NAMES), {
    names: ['eth0', 'enp0s1'],
    unmatched: ['wlan0'],
  })
})

test('matchInterfaces() selects nothing by a pattern that does not compile', () => {
  assert.deepEqual(matchInterfaces(['eth('], NAMES), { names: [], unmatched: ['eth('] })
})
