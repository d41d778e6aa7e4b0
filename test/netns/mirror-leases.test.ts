import assert from 'node:assert/strict'
import { after, before, suite, test } from 'node:test'
import { type Operator, startOperator } from '#agents/operator/operator.ts'
import { createClock } from '#io/clock.ts'
import { createFakeLog } from '#ports/log.fake.ts'
import { encodeNodeFacts, LEASE_KIND_LABEL, LEASE_KIND_NODE, NODE_FACTS_ANNOTATION } from '#l2/node-facts.ts'
import { DEPLOYMENTS, L2_POLICIES, LEASES, NODES, POOLS, SERVICES } from '#ports/kube-resources.ts'
import { formatMicroTime } from '#runtime/lease-record.ts'
import { nodeObject, policyObject } from '#test/scenario/agent-cluster.ts'
import { missingForApiServer } from './api-server.ts'
import { until } from './agent-lab.ts'
import { CHART_KINDS, type KubeServer, startKubeServer } from './kube-server.ts'

const NAMESPACE = 'kube-system'
const NAME = 'cilium-l2announce-default-nginx'
const OWNER = 'balise-operator'

const missing = missingForApiServer()
if (missing === undefined) suite('mirror Leases on a real API server', onRealServer)
else test('mirror Leases on a real API server', { skip: missing }, () => undefined)

function onRealServer(): void {
  let kube: KubeServer
  let operator: Operator

  before(async () => {
    kube = await startKubeServer()
    kube.install(CHART_KINDS)
    const { api } = kube
    await api.create(POOLS, undefined, {
      apiVersion: 'cilium.io/v2',
      kind: 'CiliumLoadBalancerIPPool',
      metadata: { name: 'lab' },
      spec: { blocks: [{ start: '192.168.10.75', stop: '192.168.10.78' }] },
    })
    await api.create(L2_POLICIES, undefined, policyObject())
    await api.create(NODES, undefined, nodeObject('node1-lab', 1))
    await api.create(SERVICES, 'default', {
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { name: 'nginx' },
      spec: { type: 'LoadBalancer', ports: [{ port: 80 }] },
    })
    const labels = { app: OWNER }
    await api.create(DEPLOYMENTS, NAMESPACE, {
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata: { name: OWNER },
      spec: {
        replicas: 0,
        selector: { matchLabels: labels },
        template: { metadata: { labels }, spec: { containers: [{ name: 'operator', image: 'none' }] } },
      },
    })
    const options = { api, clock: createClock(), random: Math.random, log: createFakeLog(), namespace: NAMESPACE }
    operator = startOperator({ ...options, identity: 'one' }, new AbortController().signal)
  })
  after(async () => {
    await operator.close()
    await kube.close()
  })

  /** As the agent of the node does. */
  async function renew(holds: readonly string[]): Promise<void> {
    const facts = encodeNodeFacts({ devices: [], holds: new Map(holds.map((address) => [address, Date.now()])) })
    const body = {
      apiVersion: 'coordination.k8s.io/v1',
      kind: 'Lease',
      metadata: {
        name: 'balise-node-node1-lab',
        namespace: NAMESPACE,
        labels: { [LEASE_KIND_LABEL]: LEASE_KIND_NODE },
        annotations: { [NODE_FACTS_ANNOTATION]: facts },
      },
      spec: { holderIdentity: 'node1-lab', leaseDurationSeconds: 60, renewTime: formatMicroTime(Date.now()) },
    }
    const ref = { namespace: NAMESPACE, name: 'balise-node-node1-lab' }
    await kube.api.patch(LEASES, ref, { kind: 'apply', body, fieldManager: 'blt', force: true })
  }

  const leases = (): string => kube.kubectl(['get', 'leases', '-n', NAMESPACE])

  test('kubectl shows the node that answers for a Service, and the age', async () => {
    await renew(['192.168.10.75'])
    await until('the Lease is there', () => leases().includes(NAME))
    assert.match(leases(), new RegExp(`^${NAME} +node1-lab +\\d+s$`, 'm'))
    const { resourceVersion } = (await kube.api.get(LEASES, { namespace: NAMESPACE, name: NAME })).metadata
    for (let count = 0; count < 5; count += 1) await renew(['192.168.10.75'])
    const again = await kube.api.get(LEASES, { namespace: NAMESPACE, name: NAME })
    assert.equal(again.metadata.resourceVersion, resourceVersion, 'a renewal of the node is none of the mirror')
  })

  test('the API takes the Deployment of the operators for its owner', async () => {
    const { uid } = (await kube.api.get(DEPLOYMENTS, { namespace: NAMESPACE, name: OWNER })).metadata
    const lease = (await kube.api.get(LEASES, { namespace: NAMESPACE, name: NAME })).metadata
    const { ownerReferences } = lease as { readonly ownerReferences?: unknown }
    assert.deepEqual(ownerReferences, [{ apiVersion: 'apps/v1', kind: 'Deployment', name: OWNER, uid }])
  })

  test('the Lease goes with the Service', async () => {
    kube.kubectl(['delete', 'service', 'nginx', '-n', 'default'])
    await until('it is gone', () => !leases().includes(NAME))
  })
}
