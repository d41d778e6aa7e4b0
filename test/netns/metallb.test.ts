import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, suite, test } from 'node:test'
import type { Outside } from '#cli/command.ts'
import { runMigrateMetallb } from '#cli/cmds/migrate/run.ts'
import { decodeAddressPool } from '#crd/metallb/address-pool.ts'
import { METALLB_NAMESPACE } from '#crd/metallb/kinds.ts'
import { type AddressPoolStatus, addressPoolStatus, ENDLESS, sameAddressPoolStatus } from '#crd/metallb/pool-status.ts'
import { connectKubeApi } from '#io/kube/connect.ts'
import { type KubeApi, KubeError, type KubeObject } from '#ports/kube-api.ts'
import { ADDRESS_POOLS, L2_ADVERTISEMENTS, L2_POLICIES, NAMESPACES, POOLS } from '#ports/kube-resources.ts'
import { missingForApiServer, type RealApiServer } from './api-server.ts'
import {
  CHART_KINDS,
  createMetallbNamespace,
  createObject,
  type KubeServer,
  METALLB_KINDS,
  startKubeServer,
} from './kube-server.ts'

const PRINTED = join(import.meta.dirname, '../../src/cli/cmds/migrate/testdata')
const SERVED = [ADDRESS_POOLS, L2_ADVERTISEMENTS, POOLS, L2_POLICIES]

const missing = missingForApiServer()
if (missing === undefined) suite('MetalLB on a real server', onRealServer)
else test('MetalLB on a real server', { skip: missing }, () => undefined)

function onRealServer(): void {
  let kube: KubeServer
  let api: KubeApi
  before(async () => {
    kube = await startKubeServer()
    api = kube.api
    kube.install(CHART_KINDS, METALLB_KINDS)
    await configure(api)
  })
  after(() => kube.close())

  test('addressPoolStatus() of an endless pool is a number that the server takes, and reads back alike', async () => {
    const { value: pool } = decodeAddressPool(
      await api.get(ADDRESS_POOLS, { name: 'web', namespace: METALLB_NAMESPACE }),
    )
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
    const { outcomes } = await runMigrateMetallb(outsideOf(kube.server), {})
    assert.deepEqual(
      outcomes.map(({ subject, notes }) => [subject, ...notes.map(({ kind, what }) => `${kind} ${what}`)].join(': ')),
      [
        'IPAddressPool metallb-system/web: differs spec.serviceAllocation.namespaceSelectors',
        'L2Advertisement metallb-system/all: differs label node.kubernetes.io/exclude-from-external-load-balancers',
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

  const printed = readdirSync(PRINTED).filter((name) => name.endsWith('.out.yaml'))
  test('there is enough of what migrate metallb prints to try', () => {
    assert.ok(printed.length >= 5)
  })
  for (const name of printed) {
    test(`kubectl takes what migrate metallb prints as ${name}, without a complaint or a warning`, () => {
      const strictly = ['--dry-run=server', '--validate=strict', '--warnings-as-errors']
      const taken = kube.kubectl(['apply', ...strictly, '-f', '-'], readFileSync(join(PRINTED, name), 'utf8'))
      assert.match(taken, /^ciliumloadbalancerippool\.cilium\.io\/\S+ created \(server dry run\)$/m)
    })
  }
}

async function configure(api: KubeApi): Promise<void> {
  await createMetallbNamespace(api)
  await api.create(NAMESPACES, undefined, { metadata: { name: 'shop', labels: { team: 'web' } } })
  const selector = { matchLabels: { team: 'web' } }
  const spec = { addresses: ['10.0.0.0/24', 'fd00::/64'], serviceAllocation: { namespaceSelectors: [selector] } }
  await createObject(api, ADDRESS_POOLS, 'web', { spec })
  await createObject(api, L2_ADVERTISEMENTS, 'all', { spec: { interfaces: ['eth0'] } })
}

function writeStatus(api: KubeApi, status: AddressPoolStatus): Promise<KubeObject> {
  const patch = { kind: 'merge', body: { status } } as const
  return api.patch(ADDRESS_POOLS, { name: 'web', namespace: METALLB_NAMESPACE }, patch, { subresource: 'status' })
}

function outsideOf(server: RealApiServer): Outside {
  const options = { userAgent: 'balise-test/0' }
  return {
    askAgent: () => assert.fail('The agent is not asked'),
    openMaps: () => assert.fail('The maps are not opened'),
    openKube: async () => connectKubeApi({ kubeconfig: server.kubeconfig(), environment: {} }, options).api,
    openNode: () => assert.fail('The node is left as it is'),
    readText: () => assert.fail('No file is read'),
    nowMs: () => 0,
  }
}
