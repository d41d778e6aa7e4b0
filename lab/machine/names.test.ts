import assert from 'node:assert/strict'
import { test } from 'node:test'
import { cgroupName, macOf, netnsName } from './names.ts'

test('macOf() is the same each time, differs by host and lab, and is a locally administered station', () => {
  assert.equal(macOf('a', 'n1'), macOf('a', 'n1'))
  assert.equal(new Set([macOf('a', 'n1'), macOf('a', 'n2'), macOf('b', 'n1')]).size, 3)
  assert.match(macOf('a', 'n1'), /^02(:[0-9a-f]{2}){5}$/)
})

test('netnsName() and cgroupName() bear the names of lab and host', () => {
  assert.equal(netnsName('a', 'n1'), 'bl-a-n1')
  assert.equal(cgroupName('a', 'n1'), 'balise-lab/a/n1')
})
