import assert from 'node:assert/strict'
import test, { afterEach, beforeEach } from 'node:test'
import { EVENTS } from '#ports/kube-resources.ts'
import { type Cluster, createCluster } from './agent-cluster.ts'

const DENIED =
  'services is forbidden: User "system:serviceaccount:kube-system:balise" cannot list resource "services" in API group "" at the cluster scope'
const PROBLEM =
  'RBAC does not let system:serviceaccount:kube-system:balise list services in all namespaces: add to its ClusterRole the rule - {apiGroups: [""], resources: ["services"], verbs: [list, watch]}'

let cluster: Cluster

beforeEach(() => {
  cluster = createCluster()
})
afterEach(() => cluster.close())

test('a rule that is missing is named in status, log and an Event of the Node, once, and gone when it is there', async () => {
  const allow = cluster.api.inject({
    plural: 'services',
    verbs: ['list'],
    outcome: { code: 'Forbidden', message: DENIED },
  })
  const node = cluster.start('cp1')
  await cluster.clock.advance(30_000)
  const problems = node.agent?.answers.status().problems.map(({ code, message }) => [code, message])
  assert.deepEqual(problems, [['WatchForbidden', PROBLEM]])
  assert.equal(node.log.lines.filter(({ fields }) => fields['problem'] === PROBLEM).length, 1)
  const events = cluster.api.objects(EVENTS)
  assert.deepEqual(
    events.map(({ metadata, involvedObject, type, reason, message }) => ({
      namespace: metadata.namespace,
      involvedObject,
      type,
      reason,
      message,
    })),
    [
      {
        namespace: 'default',
        involvedObject: { apiVersion: 'v1', kind: 'Node', name: 'cp1', uid: 'cp1', resourceVersion: '' },
        type: 'Warning',
        reason: 'WatchForbidden',
        message: PROBLEM,
      },
    ],
  )
  allow()
  await cluster.clock.advance(60_000)
  assert.deepEqual(node.agent?.answers.status().problems, [])
})

test('an agent that may not write Events either goes on, and says so in status and log', async () => {
  for (const plural of ['events', 'services'])
    cluster.api.inject({ plural, outcome: { code: 'Forbidden', message: DENIED } })
  const node = cluster.start('cp1')
  await cluster.clock.advance(120_000)
  assert.deepEqual(cluster.api.objects(EVENTS), [])
  assert.equal(node.agent?.answers.status().problems[0]?.message, PROBLEM)
  assert.equal(node.log.lines.filter(({ fields }) => fields['problem'] === PROBLEM).length, 1)
})
