/** Operator and agent with MetalLB's dialect under the rights that the chart gives their accounts, by real tokens: nothing is forbidden. */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { parseAllDocuments, stringify } from 'yaml'
import { type Operator, startOperator } from '#agents/operator/operator.ts'
import type { L2Answer, StatusAnswer } from '#api/agent.ts'
import { createClock } from '#io/clock.ts'
import { connectKubeApi } from '#io/kube/connect.ts'
import { DEFAULT_IPAM } from '#ipam/ownership.ts'
import { createFakeLog } from '#ports/log.fake.ts'
import type { KubeApi, KubeObject } from '#ports/kube-api.ts'
import { ADDRESS_POOLS, NODES, SERVICE_L2_STATUSES, SERVICES } from '#ports/kube-resources.ts'
import { nodeObject } from '#test/scenario/agent-cluster.ts'
import { AgentLab, type LabNode, tail } from './agent-lab.ts'
import { askAgent } from './ask-agent.ts'
import { addressPool, service } from './ipam-cases.ts'
import { METALLB_KINDS, runKubectl, until, untilServed } from './kube-server.ts'

/** What the chart renders with MetalLB's dialect and node IPAM. */
const GOLDEN = join(import.meta.dirname, '../chart/testdata/metallb.yaml')
const TOP = join(import.meta.dirname, '../..')
/** As in these values; the rights do not depend on it. */
const METALLB_NAMESPACE = 'lb'
const NAMESPACE = 'kube-system'
const RIGHTS = ['ServiceAccount', 'ClusterRole', 'ClusterRoleBinding', 'Role', 'RoleBinding']

let lab: AgentLab
let node: LabNode
let operator: Operator | undefined
let operatorApi: KubeApi | undefined
const log = createFakeLog()
let forbiddenBefore = 0

before(async () => {
  lab = await AgentLab.open(['n1'])
  const [first] = lab.nodes
  assert.ok(first !== undefined)
  node = first
  kubectl(['apply', '--server-side', '-f', join(TOP, METALLB_KINDS)])
  kubectl(['wait', '--for=condition=Established', 'crd', '--all', '--timeout=30s'])
  kubectl(['create', 'namespace', METALLB_NAMESPACE])
  kubectl(['apply', '-f', '-'], rights())
  await lab.apply(NODES, nodeObject(node.name, 1))
  forbiddenBefore = forbiddenAnswers()
  operatorApi = connectKubeApi(
    { kubeconfig: lab.server.kubeconfigFor(tokenOf('balise-operator')), environment: {} },
    { userAgent: 'balise-test/0' },
  ).api
  operator = startOperator(
    {
      api: operatorApi,
      clock: createClock(),
      random: Math.random,
      log,
      namespace: NAMESPACE,
      identity: 'balise-operator-1',
      metallbNamespace: METALLB_NAMESPACE,
      ipam: { ...DEFAULT_IPAM, nodeIpam: true },
    },
    new AbortController().signal,
  )
  lab.startAgent(node, {
    BALISE_HEALTH_PORT: '0',
    BALISE_ENABLE_METALLB: 'true',
    BALISE_METALLB_NAMESPACE: METALLB_NAMESPACE,
    KUBECONFIG: lab.server.kubeconfigFor(tokenOf('balise')),
  })
})

after(async () => {
  await operator?.close()
  operatorApi?.close()
  await lab.close()
})

function kubectl(argv: readonly string[], input = ''): string {
  return runKubectl(lab.server.kubeconfig(), argv, input)
}

function rights(): string {
  const objects = parseAllDocuments(readFileSync(GOLDEN, 'utf8')).map(
    (document) => document.toJS() as KubeObject | null,
  )
  const wanted = objects.filter((object) => object !== null && RIGHTS.includes(object.kind ?? ''))
  assert.ok(wanted.filter((object) => object?.kind === 'ServiceAccount').length >= 2)
  return wanted.map((object) => stringify(object)).join('---\n')
}

function tokenOf(account: string): string {
  return kubectl(['--namespace', NAMESPACE, 'create', 'token', account]).trim()
}

/** Requests that the API server has forbidden since it started. */
function forbiddenAnswers(): number {
  const lines = kubectl(['get', '--raw', '/metrics']).split('\n')
  const counts = lines.filter((line) => /^authorization_attempts_total\{result="(?!allowed)/.test(line))
  return counts.reduce((sum, line) => sum + Number(line.split(' ').at(-1)), 0)
}

function applyMetallb(manifest: string): void {
  kubectl(['apply', '-f', '-'], manifest.replaceAll('metallb-system', METALLB_NAMESPACE))
}

const l2 = (): Promise<L2Answer> => askAgent<L2Answer>(node.socket, '/v1/l2')

/** Also while the agent has no socket yet. */
async function announced(): Promise<boolean> {
  try {
    return (await l2()).addresses[0]?.state === 'announcing'
  } catch {
    return false
  }
}

test('a pool, an L2Advertisement and a Service lead to an address that the agent answers for, with all that MetalLB writes', async () => {
  applyMetallb(addressPool('{addresses: [192.168.10.75-192.168.10.75, "fd00::/112"]}'))
  applyMetallb(
    `{apiVersion: metallb.io/v1beta1, kind: L2Advertisement, metadata: {name: ad, namespace: lb}, spec: {interfaces: [eth0]}}`,
  )
  kubectl(['apply', '-f', '-'], service('web'))
  assert.equal(await untilServed(lab.api, 'web'), '192.168.10.75')
  await until(
    'the agent answers',
    async () => ((await announced()) ? true : undefined),
    () => tail(node),
  )
  assert.match((await l2()).addresses[0]?.candidates[0]?.message ?? '', /^answers on eth0/)
  await until('its ServiceL2Status is there', async () => {
    const { items } = await lab.api.list(SERVICE_L2_STATUSES, { namespace: METALLB_NAMESPACE })
    return items.some((item) => (item['status'] as { node?: string } | undefined)?.node === node.name)
      ? true
      : undefined
  })
  assert.match(kubectl(['get', 'servicel2statuses', '--namespace', METALLB_NAMESPACE]), /n1\s+web\s+default/)
  const web = await lab.api.get(SERVICES, { name: 'web', namespace: 'default' })
  assert.equal(web.metadata.annotations?.['metallb.io/ip-allocated-from-pool'], 'blue')
  await until('the pool counts the address', async () => {
    const pool = await lab.api.get(ADDRESS_POOLS, { name: 'blue', namespace: METALLB_NAMESPACE })
    return (pool['status'] as { assignedIPv4?: number } | undefined)?.assignedIPv4 === 1 ? true : undefined
  })
  assert.match(
    kubectl(['describe', 'service', 'web']),
    /nodeAssigned .* announcing from node "n1" with protocol "layer2"/,
  )
})

test('a Service of class io.cilium/node gets the address of the node, and nobody announces that', async () => {
  kubectl(['apply', '-f', '-'], service('nodes', { spec: 'loadBalancerClass: io.cilium/node' }))
  assert.equal(await untilServed(lab.api, 'nodes'), '192.168.10.215')
  const { addresses } = await l2()
  assert.deepEqual(
    addresses.map(({ address }) => address),
    ['192.168.10.75'],
  )
})

test('what goes is taken back: the ServiceL2Status with the Service', async () => {
  kubectl(['delete', 'service', 'web', 'nodes'])
  await until('it is gone', async () => {
    const { items } = await lab.api.list(SERVICE_L2_STATUSES, { namespace: METALLB_NAMESPACE })
    return items.length === 0 ? true : undefined
  })
})

test('the API server has forbidden nothing, and would have been seen to', async () => {
  assert.equal(forbiddenAnswers(), forbiddenBefore)
  assert.deepEqual((await askAgent<StatusAnswer>(node.socket, '/v1/status')).problems, [])
  assert.deepEqual(
    log.lines.filter(({ level }) => level === 'error'),
    [],
  )
  assert.throws(() => runKubectl(lab.server.strangersKubeconfig(), ['get', 'services']), /forbidden/)
  await until('it is counted', async () => (forbiddenAnswers() > forbiddenBefore ? true : undefined))
})
