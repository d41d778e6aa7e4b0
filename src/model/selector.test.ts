import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  formatSelector,
  type LabelRequirement,
  SELECT_ALL,
  selectorMatches,
  serviceSelectorLabels,
} from './selector.ts'

const TABLE: readonly (readonly [requirement: LabelRequirement, onWeb: boolean, onNone: boolean, text: string])[] = [
  [{ key: 'app', operator: 'In', values: ['web'] }, true, false, 'app=web'],
  [{ key: 'app', operator: 'In', values: ['a', 'b'] }, false, false, 'app in (a,b)'],
  [{ key: 'app', operator: 'NotIn', values: ['web'] }, false, true, 'app!=web'],
  [{ key: 'app', operator: 'NotIn', values: ['a', 'b'] }, true, true, 'app notin (a,b)'],
  [{ key: 'app', operator: 'Exists', values: [] }, true, false, 'app'],
  [{ key: 'app', operator: 'DoesNotExist', values: [] }, false, true, '!app'],
]
for (const [requirement, onWeb, onNone, text] of TABLE) {
  test(`selectorMatches() ${text}`, () => {
    const selector = { requirements: [requirement] }
    assert.equal(selectorMatches(selector, { app: 'web' }), onWeb)
    assert.equal(selectorMatches(selector, {}), onNone)
    assert.equal(formatSelector(selector), text)
  })
}

test('selectorMatches() wants every requirement, and none selects everything', () => {
  const both = TABLE.slice(0, 2).map(([requirement]) => requirement)
  assert.equal(selectorMatches({ requirements: both }, { app: 'web' }), false)
  assert.equal(selectorMatches(SELECT_ALL, {}), true)
  assert.equal(formatSelector(SELECT_ALL), '<all>')
})

test('selectorMatches() does not take what every JavaScript object has for a label', () => {
  const requirements = [{ key: 'constructor', operator: 'Exists', values: [] }] as const
  assert.equal(selectorMatches({ requirements }, {}), false)
})

test('serviceSelectorLabels() lets no label of a user stand for name and namespace', () => {
  const labels = { 'io.kubernetes.service.namespace': 'forged', app: 'web' }
  assert.deepEqual(serviceSelectorLabels({ namespace: 'default', name: 'web', labels }), {
    app: 'web',
    'io.kubernetes.service.namespace': 'default',
    'io.kubernetes.service.name': 'web',
  })
})
