import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, suite, test } from 'node:test'
import { setTimeout as wait } from 'node:timers/promises'
import { type Operator, startOperator } from '#agents/operator/operator.ts'
import { createClock } from '#io/clock.ts'
import { connectKubeApi } from '#io/kube/connect.ts'
import { parseYaml } from '#io/yaml/parse-yaml.ts'
import { createFakeLog } from '#ports/log.fake.ts'
import { type KubeApi, KubeError, type KubeObject, type KubeResource } from '#ports/kube-api.ts'
import { ADDRESS_POOLS, CONFIG_MAPS, NAMESPACES, POOLS, SERVICES } from '#ports/kube-resources.ts'
import { missingForApiServer, type RealApiServer, startApiServer } from './api-server.ts'

const CRDS: KubeResource = {
  group: 'apiextensions.k8s.io',
  version: 'v1',
  plural: 'customresourcedefinitions',
  kind: 'CustomResourceDefinition',
  namespaced: false,
}
const NAMESPACE = 'metallb-system'
const TOP = join(import.meta.dirname, '..', '..')
const BOUND_MS = 20_000

const missing = missingForApiServer()
if (missing === undefined) suite('the operator and MetalLB on a real server', onRealServer)
else test('the operator and MetalLB on a real server', { skip: missing }, () => undefined)

function onRealServer(): void {
  let server: RealApiServer
  let api: KubeApi
  before(async () => {
    server = await startApiServer()
    api = connectKubeApi({ kubeconfig: server.kubeconfig(), environment: {} }, { userAgent: 'balise-test/0' }).api
    await install(api, 'chart/balise/crds/ciliumloadbalancerippools.yaml', POOLS)
    await install(api, 'chart/balise/crds/ciliuml2announcementpolicies.yaml')
  })
  after(async () => {
    api.close()
    await server.close()
  })

  test('a server without the kinds of MetalLB keeps nobody waiting', async () => {
    const operator = start(api)
    try {
      await create(api, POOLS, undefined, 'lab', { spec: { blocks: [{ cidr: '10.1.0.1/32' }] } })
      await createService(api, 'first')
      assert.equal(await untilServed(api, 'first'), '10.1.0.1')
      assert.deepEqual(operator.status().missing, [])
    } finally {
      await operator.close()
    }
  })

  test('an IPAddressPool and the ConfigMap serve, with counts and annotation', async () => {
    await install(api, 'test/netns/metallb-crds.yaml', ADDRESS_POOLS)
    await create(api, NAMESPACES, undefined, NAMESPACE, {})
    await create(api, ADDRESS_POOLS, NAMESPACE, 'blue', { spec: { addresses: ['10.2.0.1-10.2.0.1'] } })
    const config = '{"address-pools": [{"name": "old", "protocol": "layer2", "addresses": ["10.3.0.0/24"]}]}'
    await create(api, CONFIG_MAPS, NAMESPACE, 'config', { data: { config } })
    const operator = start(api)
    try {
      await createService(api, 'second')
      assert.equal(await untilServed(api, 'second'), '10.2.0.1')
      await createService(api, 'third')
      assert.equal(await untilServed(api, 'third'), '10.3.0.0')
      const marked = await until(async () => {
        const { metadata } = await api.get(SERVICES, { name: 'third', namespace: 'default' })
        return metadata.annotations?.['metallb.io/ip-allocated-from-pool']
      })
      assert.equal(marked, 'old')
      const pool = await until(async () => {
        const object = await api.get(ADDRESS_POOLS, { name: 'blue', namespace: NAMESPACE })
        return (object['status'] as { assignedIPv4?: number } | undefined)?.assignedIPv4 === 1 ? object : undefined
      })
      assert.deepEqual(pool['status'], { assignedIPv4: 1, assignedIPv6: 0, availableIPv4: 0, availableIPv6: 0 })
    } finally {
      await operator.close()
    }
  })
}

function start(api: KubeApi): Operator {
  const { signal } = new AbortController()
  const settings = { namespace: 'kube-system', identity: 'operator', metallbNamespace: NAMESPACE }
  return startOperator({ api, clock: createClock(), random: Math.random, log: createFakeLog(), ...settings }, signal)
}

async function install(api: KubeApi, path: string, untilThere?: KubeResource): Promise<void> {
  for (const definition of parseYaml(readFileSync(join(TOP, path), 'utf8')))
    await api.create(CRDS, undefined, definition.ok ? definition.value : assert.fail(definition.error.problem))
  if (untilThere === undefined) return
  await until(async () => {
    try {
      return await api.list(untilThere, {})
    } catch (error) {
      if (error instanceof KubeError && error.failure.code === 'NotFound') return undefined
      throw error
    }
  })
}

async function create(
  api: KubeApi,
  { group, version, kind, ...resource }: KubeResource,
  namespace: string | undefined,
  name: string,
  body: object,
): Promise<KubeObject> {
  const apiVersion = group === '' ? version : `${group}/${version}`
  return await api.create({ group, version, kind, ...resource }, namespace, {
    apiVersion,
    kind,
    metadata: { name },
    ...body,
  })
}

async function createService(api: KubeApi, name: string): Promise<void> {
  await create(api, SERVICES, 'default', name, { spec: { type: 'LoadBalancer', ports: [{ port: 80 }] } })
}

async function untilServed(api: KubeApi, name: string): Promise<string> {
  return await until(async () => {
    const { status } = (await api.get(SERVICES, { name, namespace: 'default' })) as unknown as {
      readonly status?: { readonly loadBalancer?: { readonly ingress?: readonly { readonly ip: string }[] } }
    }
    return status?.loadBalancer?.ingress?.[0]?.ip
  })
}

async function until<T>(look: () => Promise<T | undefined>): Promise<T> {
  const deadlineMs = performance.now() + BOUND_MS
  for (;;) {
    const found = await look()
    if (found !== undefined) return found
    if (performance.now() > deadlineMs) assert.fail('It did not come in time')
    await wait(50)
  }
}
