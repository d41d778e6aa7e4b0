import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { compareVersions, isAtLeast, parseVersion } from './version.ts'

test('parseVersion() finds the first numbers of a text', () => {
  assert.deepEqual(parseVersion('go version go1.26.8 linux/amd64'), [1, 26, 8])
  assert.deepEqual(parseVersion('v4.3.1'), [4, 3, 1])
  assert.deepEqual(parseVersion('6.18.44-fc-v509'), [6, 18, 44])
  assert.deepEqual(parseVersion('Debian clang version 19.1.7 (3~deb12u1)'), [19, 1, 7])
  assert.deepEqual(parseVersion('devel'), [])
})

test('compareVersions() orders by number, not by text', () => {
  assert.ok(compareVersions([1, 26], [1, 9]) > 0)
  assert.ok(compareVersions([5, 15], [5, 15, 1]) < 0)
  assert.equal(compareVersions([5, 15], [5, 15, 0]), 0)
})

test('compareVersions() turns its sign when the two change places', () => {
  const version = fc.array(fc.nat(40), { maxLength: 4 })
  fc.assert(
    fc.property(version, version, (a, b) => {
      assert.equal(Math.sign(compareVersions(a, b)) + Math.sign(compareVersions(b, a)), 0)
    }),
  )
})

test('isAtLeast() takes the same version and refuses a text without one', () => {
  assert.ok(isAtLeast('go1.26.0', '1.26.0'))
  assert.ok(isAtLeast('go1.27', '1.26.3'))
  assert.ok(!isAtLeast('go1.25.9', '1.26.0'))
  assert.ok(!isAtLeast('go version devel', '1.0'))
})
