import assert from 'node:assert/strict'
import test from 'node:test'
import { formatDenial, formatRule, readDenial } from './denial.ts'

const SERVICES =
  'services is forbidden: User "system:serviceaccount:kube-system:balise" cannot list resource "services" in API group "" at the cluster scope'
const LEASES =
  'leases.coordination.k8s.io "balise-node-n1" is forbidden: User "system:serviceaccount:kube-system:balise" cannot patch resource "leases" in API group "coordination.k8s.io" in the namespace "kube-system"'

test('readDenial() reads who may not do what where', () => {
  const user = 'system:serviceaccount:kube-system:balise'
  assert.deepEqual(readDenial(SERVICES), { user, verb: 'list', resource: 'services', group: '', namespace: undefined })
  assert.deepEqual(readDenial(LEASES), {
    user,
    verb: 'patch',
    resource: 'leases',
    group: 'coordination.k8s.io',
    namespace: 'kube-system',
  })
})

test('readDenial() makes nothing of what another than RBAC says', () => {
  assert.equal(readDenial('admission webhook "x" denied the request'), undefined)
  assert.equal(readDenial(''), undefined)
})

test('formatRule() writes YAML that fits below rules', () => {
  assert.equal(
    formatRule({ group: '', resource: 'services/status', verbs: ['patch'] }),
    '- {apiGroups: [""], resources: ["services/status"], verbs: [patch]}',
  )
})

test('formatDenial() names account, verb, resource, namespace and rule, also where the message says nothing', () => {
  const leases = { group: 'coordination.k8s.io', resource: 'leases', verbs: ['create', 'patch'] }
  assert.equal(
    formatDenial(LEASES, leases, 'kube-system'),
    'RBAC does not let system:serviceaccount:kube-system:balise patch leases.coordination.k8s.io in namespace kube-system: add to its Role in namespace kube-system the rule - {apiGroups: ["coordination.k8s.io"], resources: ["leases"], verbs: [create, patch]}',
  )
  assert.equal(
    formatDenial('no', { group: '', resource: 'services', verbs: ['list', 'watch'] }, undefined),
    'RBAC does not let this account list, watch services in all namespaces: add to its ClusterRole the rule - {apiGroups: [""], resources: ["services"], verbs: [list, watch]}',
  )
})
