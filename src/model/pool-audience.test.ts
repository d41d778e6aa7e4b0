import assert from 'node:assert/strict'
import { test } from 'node:test'
import { audienceRefusal, type PoolAudience } from './pool-audience.ts'
import { type LabelSelector, SELECT_ALL } from './selector.ts'

const has = (key: string, value: string): LabelSelector => ({
  requirements: [{ key, operator: 'In', values: [value] }],
})
const EVERYBODY: PoolAudience = {
  serviceSelector: SELECT_ALL,
  serviceSelectors: [],
  namespaces: [],
  namespaceSelectors: [],
}
const SERVICE = { namespace: 'web', name: 's', labels: { app: 'nginx' } }
const refusal = (audience: Partial<PoolAudience>, namespaceLabels?: Record<string, string>) =>
  audienceRefusal({ ...EVERYBODY, ...audience }, SERVICE, namespaceLabels)

test('audienceRefusal() refuses nobody where nothing is asked', () => {
  assert.equal(refusal({}), undefined)
})

test('audienceRefusal() shows name and namespace to the selector of Cilium only', () => {
  const magic = has('io.kubernetes.service.namespace', 'web')
  assert.equal(refusal({ serviceSelector: magic }), undefined)
  assert.equal(refusal({ serviceSelectors: [magic] }), 'serviceSelectors')
})

test('audienceRefusal() refuses whom the selector of Cilium does not select', () => {
  assert.equal(refusal({ serviceSelector: has('app', 'x') }), 'serviceSelector')
})

test('audienceRefusal() is content with one of several service selectors', () => {
  assert.equal(refusal({ serviceSelectors: [has('app', 'x'), has('app', 'nginx')] }), undefined)
})

test('audienceRefusal() takes a namespace that is listed, or whose labels are selected', () => {
  const namespaceSelectors = [has('team', 'a')]
  assert.equal(refusal({ namespaces: ['web'], namespaceSelectors }), undefined)
  assert.equal(refusal({ namespaces: ['other'], namespaceSelectors }, { team: 'a' }), undefined)
  assert.equal(refusal({ namespaces: ['other'], namespaceSelectors }, { team: 'b' }), 'namespaces')
})

test('audienceRefusal() keeps a pool closed while the labels of the namespace are not known', () => {
  assert.equal(refusal({ namespaceSelectors: [SELECT_ALL] }), 'namespaces')
  assert.equal(refusal({ namespaceSelectors: [SELECT_ALL] }, {}), undefined)
})

test('audienceRefusal() wants the namespace and the labels to agree', () => {
  assert.equal(refusal({ namespaces: ['web'], serviceSelectors: [has('app', 'x')] }), 'serviceSelectors')
})
