/** Every reason for which a Service has not the address that is wanted, provoked with kubectl, and read with kubectl describe. */
import assert from 'node:assert/strict'
import { after, before, suite, test } from 'node:test'
import { type Operator, startOperator } from '#agents/operator/operator.ts'
import { METALLB_NAMESPACE } from '#crd/metallb/kinds.ts'
import { createClock } from '#io/clock.ts'
import { DEFAULT_IPAM, IPAM_CONDITION } from '#ipam/ownership.ts'
import { createFakeLog } from '#ports/log.fake.ts'
import { type KubeApi, KubeError } from '#ports/kube-api.ts'
import { NAMESPACES, NODES, SERVICES } from '#ports/kube-resources.ts'
import { missingForApiServer } from './api-server.ts'
import { REASON_CASES, type ReasonCase, service } from './ipam-cases.ts'
import {
  CHART_KINDS,
  createMetallbNamespace,
  type KubeServer,
  METALLB_KINDS,
  startKubeServer,
  until,
} from './kube-server.ts'

const missing = missingForApiServer()
if (missing === undefined) suite('kubectl describe', onRealServer)
else test('kubectl describe', { skip: missing }, () => undefined)

function onRealServer(): void {
  let kube: KubeServer
  let operator: Operator
  before(async () => {
    kube = await startKubeServer()
    kube.install(CHART_KINDS, METALLB_KINDS)
    await createMetallbNamespace(kube.api)
    await kube.api.create(NAMESPACES, undefined, { metadata: { name: 'shop' } })
    await createNode(kube.api, 'cp1', '192.168.10.215', {}, 'True')
    await createNode(kube.api, 'sick', '192.168.10.219', { sick: 'yes' }, 'False')
    operator = start(kube.api)
  })
  after(async () => {
    await operator.close()
    await kube.close()
  })

  for (const reasonCase of REASON_CASES) {
    test(`tells what to change about ${reasonCase.name}`, async () => {
      try {
        await provoke(kube, reasonCase)
      } finally {
        await clear(kube, reasonCase)
      }
    })
  }

  test('says nothing of a Service that another controller serves', async () => {
    kube.kubectl(['apply', '-f', '-'], service('foreign', { spec: 'loadBalancerClass: example.com/other' }))
    kube.kubectl(['apply', '-f', '-'], service('web'))
    await until('the other Service is answered', async () => await reasonOf(kube.api, 'web'))
    assert.equal(await reasonOf(kube.api, 'foreign'), undefined)
    assert.match(kube.kubectl(['describe', 'service', 'foreign']), /Events:\s+<none>/)
  })
}

async function provoke(
  kube: KubeServer,
  { manifests, object = ['service', 'web'], reason, says }: ReasonCase,
): Promise<void> {
  for (const manifest of manifests) {
    kube.kubectl(['apply', '-f', '-'], manifest)
    const name = /kind: Service, metadata: \{name: (\w+), namespace: (\w+)/.exec(manifest)
    // One after the other: who comes first holds the address.
    if (name !== null)
      await until(`Service ${name[1]} is answered`, async () => await reasonOf(kube.api, name[1] ?? '', name[2]))
  }
  let description = ''
  const describe = (): string => (description = kube.kubectl(['describe', ...object]).replaceAll(/\s+/g, ' '))
  const isTold = (): true | undefined => (says.every((text) => describe().includes(text)) ? true : undefined)
  await until(
    `the description says ${JSON.stringify(says)}`,
    async () => isTold(),
    () => description,
  )
  if (reason !== undefined) assert.equal(await reasonOf(kube.api, 'web'), reason)
}

async function clear(kube: KubeServer, { manifests }: ReasonCase): Promise<void> {
  for (const manifest of manifests.toReversed()) {
    kube.kubectl(['delete', '--ignore-not-found', '--wait=false', '-f', '-'], manifest)
  }
  await until('no Service is left', async () => {
    const { items } = await kube.api.list(SERVICES, {})
    return items.every((item) => item.metadata.name === 'kubernetes') ? true : undefined
  })
}

async function reasonOf(api: KubeApi, name: string, namespace = 'default'): Promise<string | undefined> {
  try {
    const { status } = (await api.get(SERVICES, { name, namespace })) as unknown as {
      readonly status?: { readonly conditions?: readonly { readonly type: string; readonly reason: string }[] }
    }
    return status?.conditions?.find(({ type }) => type === IPAM_CONDITION)?.reason
  } catch (error) {
    if (error instanceof KubeError && error.failure.code === 'NotFound') return undefined
    throw error
  }
}

async function createNode(
  api: KubeApi,
  name: string,
  address: string,
  labels: Readonly<Record<string, string>>,
  ready: string,
): Promise<void> {
  await api.create(NODES, undefined, { apiVersion: 'v1', kind: 'Node', metadata: { name, labels } })
  const status = { addresses: [{ type: 'InternalIP', address }], conditions: [{ type: 'Ready', status: ready }] }
  await api.patch(NODES, { name }, { kind: 'merge', body: { status } }, { subresource: 'status' })
}

function start(api: KubeApi): Operator {
  const { signal } = new AbortController()
  const ipam = { ...DEFAULT_IPAM, nodeIpam: true }
  const settings = { namespace: 'kube-system', identity: 'operator', metallbNamespace: METALLB_NAMESPACE, ipam }
  return startOperator({ api, clock: createClock(), random: Math.random, log: createFakeLog(), ...settings }, signal)
}
