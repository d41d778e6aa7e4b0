import assert from 'node:assert/strict'
import { test } from 'node:test'
import { furtherRights, rightsOf, rightsTable } from './rights.ts'

const ROLES = `
kind: ClusterRole
metadata: {name: agent}
rules:
  - {apiGroups: [''], resources: [services, services/status], verbs: [watch, list]}
  - {apiGroups: [''], resources: [services], verbs: [patch]}
---
kind: Role
metadata: {name: agent}
rules:
  - {apiGroups: [coordination.k8s.io], resources: [leases], resourceNames: [one], verbs: [update]}
---
kind: ClusterRole
metadata: {name: other}
rules:
  - {apiGroups: ['*'], resources: ['*'], verbs: ['*']}
---
`

test('rightsOf() puts the verbs of one resource together, and leaves other accounts out', () => {
  assert.deepEqual(rightsOf(ROLES, 'agent'), [
    { everywhere: true, resource: 'services', names: [], verbs: ['list', 'patch', 'watch'] },
    { everywhere: true, resource: 'services/status', names: [], verbs: ['list', 'watch'] },
    { everywhere: false, resource: 'leases.coordination.k8s.io', names: ['one'], verbs: ['update'] },
  ])
})

test('rightsTable() has a row for each', () => {
  assert.deepEqual(rightsTable(rightsOf(ROLES, 'agent')).split('\n').slice(2), [
    '| `services` | all | list, patch, watch | cluster |',
    '| `services/status` | all | list, watch | cluster |',
    '| `leases.coordination.k8s.io` | `one` | update | its namespace |',
  ])
})

test('furtherRights() leaves out what is known', () => {
  const [first, ...rest] = rightsOf(ROLES, 'agent')
  assert.deepEqual(furtherRights(rightsOf(ROLES, 'agent'), first === undefined ? [] : [first]), rest)
})
