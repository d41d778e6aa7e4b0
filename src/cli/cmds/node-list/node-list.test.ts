import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Answer, Outside } from '#cli/command.ts'
import { assertGolden } from '#cli/golden.ts'
import { parseYaml } from '#io/yaml/parse-yaml.ts'
import type { KubeObject } from '#ports/kube-api.ts'
import { createFakeKubeApi } from '#ports/kube-api.fake.ts'
import { NODE_LIST } from './options.ts'

const NOW_MS = Date.parse('2026-01-01T00:01:00Z')

const node = (name: string, ready: string): string => `---
apiVersion: v1
kind: Node
metadata: {name: ${name}}
spec: {podCIDRs: [10.244.1.0/24, 'fd00:10:244:1::/64']}
status: {conditions: [{type: Ready, status: '${ready}'}]}
`
const lease = (holder: string, renewTime: string): string => `---
apiVersion: coordination.k8s.io/v1
kind: Lease
metadata:
  name: balise-node-${holder}
  namespace: kube-system
  labels: {balise.io/kind: node}
  annotations: {balise.io/network: full}
spec: {holderIdentity: ${holder}, leaseDurationSeconds: 15, renewTime: '${renewTime}'}
`
const daemonSet = (wanted: number): string => `---
apiVersion: apps/v1
kind: DaemonSet
metadata: {name: balise, namespace: kube-system}
status: {desiredNumberScheduled: ${wanted}}
`

async function list(...objects: readonly string[]): Promise<Answer> {
  const api = createFakeKubeApi({ nowMs: () => NOW_MS })
  for (const document of parseYaml(objects.join(''))) {
    assert.ok(document.ok)
    if (document.value !== null) api.put(document.value as KubeObject)
  }
  const never = (): never => assert.fail('not to be asked')
  const outside: Outside = {
    askAgent: never,
    openMaps: never,
    openKube: async () => api,
    openNode: never,
    readText: never,
    nowMs: () => NOW_MS,
  }
  return NODE_LIST.execute(outside, {}, {})
}

test('node list shows which agents live, are silent, or never were', async (t) => {
  const nodes = node('cp1', 'True') + node('node1', 'True') + node('node2', 'False')
  const leases = lease('cp1', '2026-01-01T00:00:50.000000Z') + lease('node1', '2026-01-01T00:00:00.000000Z')
  const answer = await list(nodes, leases, daemonSet(3))
  assert.equal(answer.exitCode, 1)
  assertGolden(t, import.meta.dirname, 'node-list.txt', answer.text())
})

test('node list is content when every agent that is wanted lives', async () => {
  const cluster = [node('cp1', 'True'), lease('cp1', '2026-01-01T00:00:50.000000Z')]
  assert.equal((await list(...cluster, daemonSet(1))).exitCode, 0)
  assert.equal((await list(...cluster)).exitCode, 0)
})

test('node list is not content with an agent that is wanted and not there', async () => {
  const cluster = [node('cp1', 'True'), node('node1', 'True'), lease('cp1', '2026-01-01T00:00:50.000000Z')]
  assert.equal((await list(...cluster, daemonSet(2))).exitCode, 1)
  assert.equal((await list(node('cp1', 'True'))).exitCode, 1)
})
