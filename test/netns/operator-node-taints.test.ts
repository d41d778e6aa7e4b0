import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, suite, test } from 'node:test'
import { parseAllDocuments } from 'yaml'
import { type Operator, startOperator } from '#agents/operator/operator.ts'
import { NETWORK_ANNOTATION } from '#cni/told.ts'
import { createClock } from '#io/clock.ts'
import { connectKubeApi } from '#io/kube/connect.ts'
import { LEASE_KIND_LABEL, LEASE_KIND_NODE, nodeLeaseName } from '#l2/node-facts.ts'
import { createFakeLog, type FakeLog } from '#ports/log.fake.ts'
import type { KubeApi, KubeObject } from '#ports/kube-api.ts'
import { LEASES, NODES } from '#ports/kube-resources.ts'
import { formatMicroTime } from '#runtime/lease-record.ts'
import { conditionOf } from '#test/scenario/operator-world.ts'
import { missingForApiServer } from './api-server.ts'
import { CHART_KINDS, type KubeServer, startKubeServer, until } from './kube-server.ts'

const GOLDEN = join(import.meta.dirname, '../chart/testdata/default.yaml')
const ACCOUNT = 'balise-operator'
const TAINT = { key: 'node.cilium.io/agent-not-ready', effect: 'NoSchedule' }
const LEASE_SECONDS = 2

const missing = missingForApiServer()
if (missing === undefined) suite('the operator and nodes on a real server, with the rights of the chart', onRealServer)
else test('the operator and nodes on a real server', { skip: missing }, () => undefined)

function onRealServer(): void {
  let kube: KubeServer
  let operatorApi: KubeApi
  let operator: Operator
  let log: FakeLog
  before(async () => {
    kube = await startKubeServer()
    kube.install(CHART_KINDS)
    kube.kubectl(['apply', '-f', '-'], roles())
    const kubeconfig = kube.server.strangersKubeconfig()
    operatorApi = connectKubeApi({ kubeconfig, environment: {} }, { userAgent: 'balise-test/0' }).api
    log = createFakeLog()
    const options = { api: operatorApi, clock: createClock(), random: Math.random, log, namespace: 'kube-system' }
    operator = startOperator({ ...options, identity: 'operator' }, new AbortController().signal)
  })
  after(async () => {
    await operator.close()
    operatorApi.close()
    await kube.close()
  })

  const node = (name: string): Promise<KubeObject> => kube.api.get(NODES, { name })
  const untilNode = (name: string, what: string, is: (object: KubeObject) => boolean): Promise<KubeObject> =>
    until(
      `${name} ${what}`,
      async () => {
        const object = await node(name)
        return is(object) ? object : undefined
      },
      () => log.lines.map(({ sentence, fields }) => `${sentence} ${JSON.stringify(fields)}`).join('\n'),
    )

  test('a node without conditions gets one, and loses the taint', async () => {
    await createNode(kube.api, 'n1', { taints: [TAINT] }, {})
    await renew(kube.api, 'n1')
    await untilNode('n1', 'is free', (object) => !taintsOf(object).includes(TAINT.key))
    const works = await untilNode(
      'n1',
      'has a network',
      (object) => conditionOf(object, 'NetworkUnavailable') !== undefined,
    )
    assert.equal(conditionOf(works, 'NetworkUnavailable')?.reason, 'BaliseIsUp')
  })

  test('a condition that says otherwise is replaced in its place, beside those of the kubelet', async () => {
    const conditions = ['MemoryPressure', 'NetworkUnavailable', 'Ready'].map((type) => ({ type, status: 'True' }))
    await createNode(kube.api, 'n2', {}, { conditions })
    await renew(kube.api, 'n2')
    const object = await untilNode(
      'n2',
      'has a network',
      (seen) => conditionOf(seen, 'NetworkUnavailable')?.status === 'False',
    )
    const types = (object['status'] as { readonly conditions: readonly { readonly type: string }[] }).conditions
    assert.deepEqual(
      types.map(({ type }) => type),
      ['MemoryPressure', 'NetworkUnavailable', 'Ready'],
    )
  })

  test('the taint comes back when the Lease runs out, and goes when it is renewed', async () => {
    await createNode(kube.api, 'n3', {}, {})
    await renew(kube.api, 'n3')
    await untilNode('n3', 'has a network', (object) => conditionOf(object, 'NetworkUnavailable') !== undefined)
    await untilNode('n3', 'is tainted', (object) => taintsOf(object).includes(TAINT.key))
    const renewing = setInterval(() => void renew(kube.api, 'n3'), 500)
    try {
      await untilNode('n3', 'is free', (object) => !taintsOf(object).includes(TAINT.key))
    } finally {
      clearInterval(renewing)
    }
  })

  test('no taint of another is lost, whatever is written at the same time', async () => {
    await createNode(kube.api, 'n4', { taints: [{ key: 'first', effect: 'NoSchedule' }] }, {})
    const renewing = setInterval(() => void renew(kube.api, 'n4'), 500)
    const wanted = ['first']
    try {
      for (let round = 0; round < 20; round++) {
        const key = `foreign-${round}`
        wanted.push(key)
        for (const taint of [TAINT, { key, effect: 'NoSchedule' }]) {
          const body = [{ op: 'add', path: '/spec/taints/-', value: taint }]
          await kube.api.patch(NODES, { name: 'n4' }, { kind: 'json', body })
        }
        await untilNode('n4', 'is free', (object) => !taintsOf(object).includes(TAINT.key))
      }
    } finally {
      clearInterval(renewing)
    }
    // The API server itself taints nodes that are not Ready.
    const left = taintsOf(await node('n4')).filter((key) => !key.startsWith('node.kubernetes.io/'))
    assert.deepEqual(left, wanted)
  })

  test('the rights that it has are no more than it needs', () => {
    const may = (...what: readonly string[]): string => {
      try {
        return kube.kubectl(['auth', 'can-i', '--as', 'stranger', ...what]).trim()
      } catch {
        return 'no' // kubectl's exit code says so as well
      }
    }
    assert.deepEqual([may('patch', 'nodes'), may('patch', 'nodes', '--subresource', 'status')], ['yes', 'yes'])
    for (const verb of ['update', 'delete', 'create']) assert.equal(may(verb, 'nodes'), 'no')
    for (const what of ['pods', 'secrets']) assert.equal(may('list', what, '--namespace', 'kube-system'), 'no')
  })
}

/** The operator's rules as the chart has them, for the user `stranger`. */
function roles(): string {
  const documents = parseAllDocuments(readFileSync(GOLDEN, 'utf8')).map(
    (document) => document.toJS() as KubeObject | null,
  )
  const objects = ['ClusterRole', 'Role'].flatMap((kind) => {
    const role = documents.find((object) => object?.kind === kind && object.metadata.name === ACCOUNT)
    assert.ok(role)
    const { namespace } = role.metadata
    const binding = {
      apiVersion: 'rbac.authorization.k8s.io/v1',
      kind: `${kind}Binding`,
      metadata: { name: ACCOUNT, ...(namespace === undefined ? {} : { namespace }) },
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind, name: ACCOUNT },
      subjects: [{ apiGroup: 'rbac.authorization.k8s.io', kind: 'User', name: 'stranger' }],
    }
    return [role, binding]
  })
  return JSON.stringify({ apiVersion: 'v1', kind: 'List', items: objects })
}

async function createNode(api: KubeApi, name: string, spec: object, status: object): Promise<void> {
  await api.create(NODES, undefined, { apiVersion: 'v1', kind: 'Node', metadata: { name }, spec, status })
}

/** What the agent of a node does every few seconds. */
async function renew(api: KubeApi, name: string): Promise<void> {
  const body = {
    apiVersion: 'coordination.k8s.io/v1',
    kind: 'Lease',
    metadata: {
      name: nodeLeaseName(name),
      namespace: 'kube-system',
      labels: { [LEASE_KIND_LABEL]: LEASE_KIND_NODE },
      annotations: { [NETWORK_ANNOTATION]: 'full' },
    },
    spec: { holderIdentity: name, leaseDurationSeconds: LEASE_SECONDS, renewTime: formatMicroTime(Date.now()) },
  }
  const ref = { namespace: 'kube-system', name: nodeLeaseName(name) }
  await api.patch(LEASES, ref, { kind: 'apply', body, fieldManager: 'agent', force: true })
}

function taintsOf(object: KubeObject): readonly string[] {
  const { taints = [] } = (object['spec'] ?? {}) as { readonly taints?: readonly { readonly key: string }[] }
  return taints.map(({ key }) => key)
}
