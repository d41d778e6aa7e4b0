import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, suite, test } from 'node:test'
import { setTimeout as wait } from 'node:timers/promises'
import type { Outside } from '#cli/command.ts'
import { runMigrateMetallb } from '#cli/cmds/migrate/run.ts'
import { decodeAddressPool } from '#crd/metallb/address-pool.ts'
import { type AddressPoolStatus, addressPoolStatus, ENDLESS, sameAddressPoolStatus } from '#crd/metallb/pool-status.ts'
import { connectKubeApi } from '#io/kube/connect.ts'
import { parseYaml } from '#io/yaml/parse-yaml.ts'
import { type KubeApi, KubeError, type KubeObject, type KubeResource } from '#ports/kube-api.ts'
import { ADDRESS_POOLS, L2_ADVERTISEMENTS, L2_POLICIES, NAMESPACES, POOLS } from '#ports/kube-resources.ts'
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
const DEFINITIONS = [
  'test/netns/metallb-crds.yaml',
  'chart/balise/crds/ciliumloadbalancerippools.yaml',
  'chart/balise/crds/ciliuml2announcementpolicies.yaml',
]
const SERVED = [ADDRESS_POOLS, L2_ADVERTISEMENTS, POOLS, L2_POLICIES]

const missing = missingForApiServer()
if (missing === undefined) suite('MetalLB on a real server', onRealServer)
else test('MetalLB on a real server', { skip: missing }, () => undefined)

function onRealServer(): void {
  let server: RealApiServer
  let api: KubeApi
  before(async () => {
    server = await startApiServer()
    api = connectKubeApi({ kubeconfig: server.kubeconfig(), environment: {} }, { userAgent: 'balise-test/0' }).api
    await install(api)
  })
  after(async () => {
    api.close()
    await server.close()
  })

  test('addressPoolStatus() of an endless pool is a number that the server takes, and reads back alike', async () => {
    const { value: pool } = decodeAddressPool(await api.get(ADDRESS_POOLS, { name: 'web', namespace: NAMESPACE }))
    assert.ok(pool !== undefined)
    const status = addressPoolStatus(pool, { IPv4: 2, IPv6: 1 })
    assert.equal(status.availableIPv6, ENDLESS)
    assert.ok(sameAddressPoolStatus((await writeStatus(api, status))['status'], status))
  })

  test('an endless pool could not be told by the number above', async () => {
    const above = { assignedIPv4: 0, assignedIPv6: 0, availableIPv4: 0, availableIPv6: 2 ** 63 }
    await assert.rejects(writeStatus(api, above), (error) => error instanceof KubeError)
  })

  test('migrate metallb reads a cluster, and what it writes is taken by the server', async () => {
    const { outcomes } = await runMigrateMetallb(outsideOf(server), {})
    assert.deepEqual(
      outcomes.map(({ subject, notes }) => [subject, ...notes.map(({ kind, what }) => `${kind} ${what}`)].join(': ')),
      [
        'IPAddressPool metallb-system/web: differs spec.serviceAllocation.namespaceSelectors',
        'L2Advertisement metallb-system/all',
      ],
    )
    const manifests = outcomes.flatMap((outcome) => outcome.manifests)
    for (const manifest of manifests) {
      const resource = SERVED.find(({ kind }) => kind === manifest.kind) ?? assert.fail(manifest.kind)
      const stored = await api.create(resource, undefined, manifest)
      assert.partialDeepStrictEqual(stored['spec'], manifest.spec)
    }
    assert.equal(manifests.length, 2)
  })
}

async function install(api: KubeApi): Promise<void> {
  for (const path of DEFINITIONS) {
    for (const definition of parseYaml(readFileSync(join(TOP, path), 'utf8')))
      await api.create(CRDS, undefined, definition.ok ? definition.value : assert.fail(definition.error.problem))
  }
  for (const resource of SERVED) await untilServed(api, resource)
  await api.create(NAMESPACES, undefined, { metadata: { name: NAMESPACE } })
  await api.create(NAMESPACES, undefined, { metadata: { name: 'shop', labels: { team: 'web' } } })
  const selector = { matchLabels: { team: 'web' } }
  const spec = { addresses: ['10.0.0.0/24', 'fd00::/64'], serviceAllocation: { namespaceSelectors: [selector] } }
  await create(api, ADDRESS_POOLS, 'web', spec)
  await create(api, L2_ADVERTISEMENTS, 'all', { interfaces: ['eth0'] })
}

async function create(api: KubeApi, resource: KubeResource, name: string, spec: object): Promise<void> {
  const apiVersion = `${resource.group}/${resource.version}`
  await api.create(resource, NAMESPACE, { apiVersion, kind: resource.kind, metadata: { name }, spec })
}

async function untilServed(api: KubeApi, resource: KubeResource): Promise<void> {
  for (;;) {
    try {
      await api.list(resource, {})
      return
    } catch (error) {
      if (!(error instanceof KubeError) || error.failure.code !== 'NotFound') throw error
      await wait(50)
    }
  }
}

function writeStatus(api: KubeApi, status: AddressPoolStatus): Promise<KubeObject> {
  const patch = { kind: 'merge', body: { status } } as const
  return api.patch(ADDRESS_POOLS, { name: 'web', namespace: NAMESPACE }, patch, { subresource: 'status' })
}

function outsideOf(server: RealApiServer): Outside {
  const options = { userAgent: 'balise-test/0' }
  return {
    askAgent: () => assert.fail('The agent is not asked'),
    openMaps: () => assert.fail('The maps are not opened'),
    openKube: async () => connectKubeApi({ kubeconfig: server.kubeconfig(), environment: {} }, options).api,
    readText: () => assert.fail('No file is read'),
    nowMs: () => 0,
  }
}
