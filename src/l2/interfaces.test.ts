import assert from 'node:assert/strict'
import test from 'node:test'
import { matchInterfaces } from './interfaces.ts'

const NAMES = ['eth0', 'eth1', 'eth10', 'enp0s1']
const patterns = (...interfaces: readonly string[]) => ({ kind: 'CiliumL2AnnouncementPolicy', interfaces }) as const

test('matchInterfaces() selects all without a pattern', () => {
  assert.deepEqual(matchInterfaces(patterns(), NAMES), { names: NAMES, unmatched: [] })
})

test('matchInterfaces() is not anchored, as Cilium is not', () => {
  assert.deepEqual(matchInterfaces(patterns('eth1'), NAMES).names, ['eth1', 'eth10'])
  assert.deepEqual(matchInterfaces(patterns('^eth1$'), NAMES).names, ['eth1'])
})

test('matchInterfaces() joins patterns by or, and names those that match nothing', () => {
  assert.deepEqual(matchInterfaces(patterns('^enp', 'wlan0', 'eth0'), NAMES), {
    names: ['eth0', 'enp0s1'],
    unmatched: ['wlan0'],
  })
})

test('matchInterfaces() selects nothing by a pattern that does not compile', () => {
  assert.deepEqual(matchInterfaces(patterns('eth('), NAMES), { names: [], unmatched: ['eth('] })
})

test('matchInterfaces() takes what MetalLB writes as exact names', () => {
  const match = matchInterfaces({ kind: 'L2Advertisement', interfaces: ['eth1', 'eth.*'] }, NAMES)
  assert.deepEqual(match, { names: ['eth1'], unmatched: ['eth.*'] })
})
