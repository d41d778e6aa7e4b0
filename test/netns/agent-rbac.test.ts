import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { parseAllDocuments } from 'yaml'
import type { KubeObject, KubeResource } from '#ports/kube-api.ts'
import { EVENTS, NODES } from '#ports/kube-resources.ts'
import { nodeObject } from '#test/scenario/agent-cluster.ts'
import { AgentLab, type LabNode, tail, until } from './agent-lab.ts'
import { askAgent } from './ask-agent.ts'
import type { StatusAnswer } from '#api/agent.ts'

/** Rules as the chart gives them to an agent; whoever reads them here is the user `stranger`. */
interface Rule {
  readonly apiGroups: readonly string[]
  readonly resources: readonly string[]
  readonly verbs: readonly string[]
}

const GOLDEN = join(import.meta.dirname, '../chart/testdata/default.yaml')
const ACCOUNT = 'balise'
const NAMESPACE = 'kube-system'
const rbac = (plural: string, kind: string, namespaced: boolean): KubeResource => ({
  group: 'rbac.authorization.k8s.io',
  version: 'v1',
  plural,
  kind,
  namespaced,
})
const CLUSTER_ROLES = rbac('clusterroles', 'ClusterRole', false)
const CLUSTER_ROLE_BINDINGS = rbac('clusterrolebindings', 'ClusterRoleBinding', false)
const ROLES = rbac('roles', 'Role', true)
const ROLE_BINDINGS = rbac('rolebindings', 'RoleBinding', true)

let lab: AgentLab
let node: LabNode

before(async () => {
  lab = await AgentLab.open(['n1'])
  const [first] = lab.nodes
  assert.ok(first !== undefined)
  node = first
  await lab.apply(NODES, nodeObject(node.name, 1))
  for (const [resource, kind] of [
    [CLUSTER_ROLE_BINDINGS, 'ClusterRole'],
    [ROLE_BINDINGS, 'Role'],
  ] as const) {
    await lab.apply(resource, {
      apiVersion: 'rbac.authorization.k8s.io/v1',
      kind: resource.kind,
      metadata: { name: ACCOUNT, ...(resource.namespaced ? { namespace: NAMESPACE } : {}) },
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind, name: ACCOUNT },
      subjects: [{ apiGroup: 'rbac.authorization.k8s.io', kind: 'User', name: 'stranger' }],
    })
  }
})

after(() => lab.close())

function chartRules(kind: 'ClusterRole' | 'Role'): readonly Rule[] {
  const documents = parseAllDocuments(readFileSync(GOLDEN, 'utf8')).map((document) => document.toJS() as KubeObject)
  const role = documents.find((object) => object.kind === kind && object.metadata.name === ACCOUNT)
  return role?.['rules'] as readonly Rule[]
}

/** The rules of the chart, without what is asked of one resource. */
async function allowAllBut(resource: string): Promise<void> {
  for (const [role, rules] of [
    [CLUSTER_ROLES, chartRules('ClusterRole')],
    [ROLES, chartRules('Role')],
  ] as const) {
    const object = {
      apiVersion: 'rbac.authorization.k8s.io/v1',
      kind: role.kind,
      metadata: { name: ACCOUNT, ...(role.namespaced ? { namespace: NAMESPACE } : {}) },
      rules: rules
        .map((rule) => ({ ...rule, resources: rule.resources.filter((name) => name !== resource) }))
        .filter(({ resources }) => resources.length > 0),
    }
    await lab.apply(role, object)
  }
}

const status = (): Promise<StatusAnswer> => askAgent<StatusAnswer>(node.socket, '/v1/status')

async function startAgent(): Promise<void> {
  lab.startAgent(node, { BALISE_HEALTH_PORT: '0', KUBECONFIG: lab.server.strangersKubeconfig() })
  await until('the agent answers', async () => (await status()).version === 1)
}

test('an agent has all the rights that it needs from the chart, and no problem', async () => {
  await allowAllBut('')
  await startAgent()
  await until('it is well', async () => (await status()).state === 'ok').catch((error: unknown) => {
    throw new Error(tail(node), { cause: error })
  })
  assert.deepEqual((await status()).problems, [])
  await lab.stopAgent(node)
})

const TAKEN = [
  [
    'services',
    /let stranger list services in all namespaces: .* - \{apiGroups: \[""\], resources: \["services"\], verbs: \[list, watch\]\}$/,
  ],
  ['nodes', /let stranger list nodes in all namespaces: .*\["nodes"\], verbs: \[list, watch\]\}$/],
  ['endpointslices', /let stranger list endpointslices\.discovery\.k8s\.io .*\["discovery\.k8s\.io"\]/],
  ['ciliuml2announcementpolicies', /let stranger list ciliuml2announcementpolicies\.cilium\.io .*\["cilium\.io"\]/],
  [
    'leases',
    /let stranger \w+ leases\.coordination\.k8s\.io in namespace kube-system: add to its Role in namespace kube-system/,
  ],
] as const

for (const [resource, message] of TAKEN) {
  test(`an agent without the rule for ${resource} names it in status, log and an Event of the Node`, async () => {
    await allowAllBut(resource)
    await startAgent()
    const problem = async (): Promise<string> =>
      (await status()).problems.find((one) => message.test(one.message))?.message ?? ''
    await until('the status names it', async () => (await problem()) !== '')
    const told = await problem()
    await until('the Node has an Event', async () => {
      const { items } = await lab.api.list(EVENTS, { namespace: 'default' })
      return items.some((event) => event['message'] === told)
    })
    assert.ok(tail(node).includes(told.slice(0, 60)))
    await lab.stopAgent(node)
  })
}
