import assert from 'node:assert/strict'
import { test } from 'node:test'
import { foreignConfs } from './conf-files.ts'
import { decideMode, type ModeInput, modeOfOwnConf } from './mode.ts'

const FLANNEL = foreignConfs([
  { name: '10-flannel.conflist', text: '{"name":"cbr0","plugins":[{"type":"flannel"},{"type":"portmap"}]}' },
])

const FRESH: ModeInput = { wanted: 'auto', ownConf: undefined, foreign: [], foreignDevices: [], readyWithoutUs: [] }

const CASES: readonly (readonly [what: string, input: Partial<ModeInput>, mode: string | undefined, why: RegExp])[] = [
  [
    'is none beside the device of another network',
    { foreignDevices: ['flannel.1'] },
    'none',
    /device flannel\.1 is of/,
  ],
  ['stays full beside such a device', { ownConf: 'full', foreignDevices: ['flannel.1'] }, 'full', /in place/],
  ['is full where nobody makes the network', {}, 'full', /no other network/],
  ['is none beside another configuration', { foreign: FLANNEL }, 'none', /10-flannel\.conflist/],
  ['is none where other nodes are Ready without us', { readyWithoutUs: ['a', 'b'] }, 'none', /makes a, b Ready/],
  [
    'counts the nodes that it does not name',
    { readyWithoutUs: ['a', 'b', 'c', 'd', 'e'] },
    'none',
    /a, b, c, and 2 more/,
  ],
  ['waits while the nodes are not known', { readyWithoutUs: undefined }, undefined, /not known yet/],
  ['needs no nodes to see another configuration', { readyWithoutUs: undefined, foreign: FLANNEL }, 'none', /flannel/],
  ['stays full with what was ours', { ownConf: 'full', foreign: FLANNEL, readyWithoutUs: ['a'] }, 'full', /in place/],
  ['stays full while the API is away', { ownConf: 'full', readyWithoutUs: undefined }, 'full', /in place/],
  ['does not stay with a chained configuration', { ownConf: 'chained', foreign: FLANNEL }, 'none', /flannel/],
  ['is what was set', { wanted: 'full', foreign: FLANNEL, readyWithoutUs: ['a'] }, 'full', /as set/],
  ['is none when that was set', { wanted: 'none', ownConf: 'full' }, 'none', /as set/],
  ['is chained when that was set', { wanted: 'chained' }, 'chained', /as set/],
]

for (const [what, input, mode, why] of CASES) {
  test(`decideMode() ${what}`, () => {
    const decision = decideMode({ ...FRESH, ...input })
    assert.equal(decision.mode, mode)
    assert.match(decision.why, why)
  })
}

test('modeOfOwnConf() reads the mode of our plugin, and nothing of others', () => {
  assert.equal(modeOfOwnConf('{"plugins":[{"type":"balise-cni","mode":"full"}]}'), 'full')
  assert.equal(modeOfOwnConf('{"plugins":[{"type":"x"},{"type":"balise-cni","mode":  "chained"}]}'), 'chained')
  assert.equal(modeOfOwnConf('{"plugins":[{"type":"bridge"}]}'), undefined)
  assert.equal(modeOfOwnConf(undefined), undefined)
})
