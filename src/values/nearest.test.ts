import assert from 'node:assert/strict'
import { test } from 'node:test'
import { editDistance, nearestKeys } from './nearest.ts'
import { VALUE_TABLE } from './table.ts'

test('editDistance() counts letters put in, left out and written differently', () => {
  assert.equal(editDistance('', 'abc'), 3)
  assert.equal(editDistance('abc', ''), 3)
  assert.equal(editDistance('kitten', 'sitting'), 3)
  assert.equal(editDistance('same', 'same'), 0)
})

const MEANT: readonly (readonly [unknown: string, nearest: readonly string[]])[] = [
  ['imgae', ['image']],
  ['hubbel', ['hubble']],
  ['kubeproxyreplacement', ['kubeProxyReplacement']],
  ['l2announcements.leaseDuraton', ['l2announcements.leaseDuration']],
  ['l2Announcements', ['l2announcements']],
  ['leaseDuration', ['l2announcements.leaseDuration']],
  ['cni.chainMode', ['cni.chainingMode']],
  ['relabelings', []],
  ['somethingElseEntirely', []],
]

for (const [unknown, nearest] of MEANT) {
  test(`nearestKeys() takes ${unknown} for ${nearest.join() || 'nothing'}`, () => {
    assert.deepEqual(nearestKeys(unknown, VALUE_TABLE), nearest)
  })
}
