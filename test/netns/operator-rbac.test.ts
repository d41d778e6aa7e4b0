import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, suite, test } from 'node:test'
import { parseAllDocuments } from 'yaml'
import { startOperator } from '#agents/operator/operator.ts'
import { createClock } from '#io/clock.ts'
import { connectKubeApi } from '#io/kube/connect.ts'
import { encodeNodeFacts, LEASE_KIND_LABEL, LEASE_KIND_NODE, NODE_FACTS_ANNOTATION } from '#l2/node-facts.ts'
import { createFakeLog, type FakeLog } from '#ports/log.fake.ts'
import type { KubeObject } from '#ports/kube-api.ts'
import { L2_POLICIES, LEASES, NODES, POOLS } from '#ports/kube-resources.ts'
import { formatMicroTime } from '#runtime/lease-record.ts'
import { nodeObject, policyObject } from '#test/scenario/agent-cluster.ts'
import { missingForApiServer } from './api-server.ts'
import { CHART_KINDS, createService, type KubeServer, startKubeServer, until, untilServed } from './kube-server.ts'

/** The rights that the chart gives the operator; here the user `stranger` has them, or all but one. */
const GOLDEN = join(import.meta.dirname, '../chart/testdata/default.yaml')
const ACCOUNT = 'balise-operator'
const NAMESPACE = 'kube-system'
const SUBJECT = { apiGroup: 'rbac.authorization.k8s.io', kind: 'User', name: 'stranger' }

interface Rule {
  readonly resources: readonly string[]
}

const missing = missingForApiServer()
if (missing === undefined) suite('the rights of the operator on a real API server', onRealServer)
else test('the rights of the operator on a real API server', { skip: missing }, () => undefined)

function onRealServer(): void {
  let kube: KubeServer

  before(async () => {
    kube = await startKubeServer()
    kube.install(CHART_KINDS)
    const { api } = kube
    await api.create(POOLS, undefined, {
      apiVersion: 'cilium.io/v2',
      kind: 'CiliumLoadBalancerIPPool',
      metadata: { name: 'lab' },
      spec: { blocks: [{ cidr: '192.168.10.64/26' }] },
    })
    await api.create(L2_POLICIES, undefined, policyObject())
    await api.create(NODES, undefined, nodeObject('n1', 1))
  })
  after(() => kube.close())

  /** Role, ClusterRole and their bindings of the chart, without one resource in any rule. */
  function allowAllBut(resource: string): void {
    const kinds = ['ClusterRole', 'ClusterRoleBinding', 'Role', 'RoleBinding']
    const objects = parseAllDocuments(readFileSync(GOLDEN, 'utf8'))
      .map((document) => document.toJS() as KubeObject | null)
      .filter((object) => kinds.includes(object?.kind ?? '') && object?.metadata.name === ACCOUNT)
      .map((object) => {
        const rules = (object?.['rules'] as readonly Rule[] | undefined)
          ?.map((rule) => ({ ...rule, resources: rule.resources.filter((name) => name !== resource) }))
          .filter(({ resources }) => resources.length > 0)
        return rules === undefined ? { ...object, subjects: [SUBJECT] } : { ...object, rules }
      })
    assert.equal(objects.length, 4)
    kube.kubectl(['apply', '-f', '-'], JSON.stringify({ apiVersion: 'v1', kind: 'List', items: objects }))
  }

  /** An operator with these rights, for as long as `look` takes. */
  async function withOperator(look: (log: FakeLog) => Promise<void>): Promise<void> {
    const log = createFakeLog()
    const { api } = connectKubeApi(
      { kubeconfig: kube.server.strangersKubeconfig(), environment: {} },
      { userAgent: 'balise-test/0' },
    )
    const options = { api, clock: createClock(), random: Math.random, log, namespace: NAMESPACE }
    const operator = startOperator({ ...options, identity: 'one' }, new AbortController().signal)
    try {
      await look(log)
    } finally {
      await operator.close()
      api.close()
    }
  }

  /** As the agent of the node does. */
  async function report(address: string): Promise<void> {
    const ref = { namespace: NAMESPACE, name: 'balise-node-n1' }
    const facts = encodeNodeFacts({ devices: [], holds: new Map([[address, Date.now()]]) })
    const body = {
      apiVersion: 'coordination.k8s.io/v1',
      kind: 'Lease',
      metadata: {
        ...ref,
        labels: { [LEASE_KIND_LABEL]: LEASE_KIND_NODE },
        annotations: { [NODE_FACTS_ANNOTATION]: facts },
      },
      spec: { holderIdentity: 'n1', leaseDurationSeconds: 600, renewTime: formatMicroTime(Date.now()) },
    }
    await kube.api.patch(LEASES, ref, { kind: 'apply', body, fieldManager: 'blt', force: true })
  }

  const said = (log: FakeLog): string => log.lines.map((line) => JSON.stringify(line)).join('\n')

  test('the chart gives all that it needs: addresses, conditions, Events, mirror Leases', async () => {
    allowAllBut('')
    await createService(kube.api, 'first')
    await withOperator(async (log) => {
      await report(await untilServed(kube.api, 'first'))
      const seen = (): string => said(log)
      await until(
        'the mirror Lease is there',
        async () =>
          kube.kubectl(['get', 'leases', '-n', NAMESPACE]).includes('cilium-l2announce-default-first') || undefined,
        seen,
      )
      await until(
        'the Event is there',
        async () => kube.kubectl(['get', 'events', '-n', 'default']).includes('IPAllocated') || undefined,
        seen,
      )
      assert.doesNotMatch(said(log), /[Ff]orbid/)
    })
  })

  for (const [resource, verbs] of [
    ['services', 'list, watch'],
    ['services/status', 'patch'],
    ['nodes', 'list, watch'],
    ['ciliumloadbalancerippools', 'list, watch'],
    ['ciliumloadbalancerippools/status', 'patch'],
    ['ciliuml2announcementpolicies', 'list, watch'],
    ['leases', 'get, create, update'],
  ] as const) {
    test(`without the rule for ${resource} the log names it, with the account`, async () => {
      allowAllBut(resource)
      await createService(kube.api, `without-${resource.replace('/', '-')}`)
      const remedy = new RegExp(
        String.raw`^allow stranger: - \{apiGroups: \["[\w.]*"\], resources: \["${resource}"\], verbs: \[${verbs}\]\}$`,
      )
      await withOperator(async (log) => {
        const named = (): boolean =>
          log.lines.some(({ level, fields }) => level === 'error' && remedy.test(String(fields['remedy'])))
        await until(
          `the log names ${resource}`,
          async () => named() || undefined,
          () => said(log),
        )
      })
    })
  }
}
