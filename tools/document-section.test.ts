import assert from 'node:assert/strict'
import { test } from 'node:test'
import { replaceSection } from './document-section.ts'

test('replaceSection() replaces what lies between the marks, and can do so again', () => {
  const once = replaceSection('x\n<!-- t -->\nold\n<!-- /t -->\ny', 't', 'new')
  assert.equal(once, 'x\n<!-- t -->\nnew\n<!-- /t -->\ny')
  assert.equal(replaceSection(once, 't', 'new'), once)
})

test('replaceSection() throws when the marks are missing', () => {
  assert.throws(() => replaceSection('x', 't', 'new'))
})
