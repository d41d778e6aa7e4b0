import assert from 'node:assert/strict'
import { test } from 'node:test'

test('passes', () => {})
test('skips', { skip: 'no helm' }, () => {})
test('fails', () => {
  console.log('said before it failed')
  assert.equal(1, 2)
})
