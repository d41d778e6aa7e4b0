import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { NodeView } from '#l2/candidates.ts'
import { NO_RULES } from '#l2/rules.ts'
import { mustParsePrefix } from '#model/prefix.ts'
import type { L2Moment } from './l2-view.ts'
import { changedHoldings } from './moment-changes.ts'

const LABELS = {}

function node(name: string, holds: Readonly<Record<string, number>>, device = 'eth0'): NodeView {
  const prefixes = [mustParsePrefix('10.0.0.0/24')]
  const devices = [{ name: device, mac: undefined, prefixes, carrier: true }]
  return {
    name,
    labels: LABELS,
    lease: 'live',
    facts: { devices, holds: new Map(Object.entries(holds)) },
    mistake: undefined,
  }
}

function moment(nodes: readonly NodeView[], more: Partial<L2Moment> = {}): L2Moment {
  return { nodes, rules: { ...NO_RULES }, isSettled: true, ...more }
}

const changed = (before: L2Moment, next: L2Moment): readonly string[] | undefined => {
  const addresses = changedHoldings(before, next)
  return addresses === undefined ? undefined : [...addresses].toSorted()
}

test('changedHoldings() has what nodes took, left, or took anew', () => {
  const before = moment([node('a', { '10.0.0.1': 1, '10.0.0.2': 1, '10.0.0.3': 1 }), node('b', {})])
  const next = moment([node('a', { '10.0.0.1': 1, '10.0.0.3': 2 }), node('b', { '10.0.0.2': 3, 'fd00::1': 3 })])
  assert.deepEqual(changed(before, next), ['10.0.0.2', '10.0.0.3', 'fd00::1'])
  assert.deepEqual(changed(before, moment(before.nodes)), [])
})

const BEFORE = moment([node('a', { '10.0.0.1': 1 }), node('b', {})])
const [A, B] = BEFORE.nodes as readonly [NodeView, NodeView]
const OTHERS: readonly (readonly [string, L2Moment])[] = [
  ['a node that came', moment([A, B, node('c', {})])],
  ['a node in the place of another', moment([A, { ...B, name: 'c' }])],
  ['a Lease that ran out', moment([A, { ...B, lease: 'expired' }])],
  ['labels', moment([A, { ...B, labels: { zone: 'x' } }])],
  ['facts that cannot be read', moment([A, { ...B, mistake: 'wrong' }])],
  ['a device', moment([A, node('b', {}, 'eth1')])],
  ['the rules', moment([A, B], { rules: { ...NO_RULES, nodeAddresses: new Map([['10.0.0.1', 'a']]) } })],
  ['what is settled', moment([A, B], { isSettled: false })],
]
for (const [what, next] of OTHERS) {
  test(`changedHoldings() says that any Service may be concerned by ${what}`, () => {
    assert.equal(changed(BEFORE, next), undefined)
  })
}
