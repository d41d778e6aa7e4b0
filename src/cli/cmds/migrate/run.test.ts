import assert from 'node:assert/strict'
import { test } from 'node:test'
import { CliError } from '#cli/cli-error.ts'
import type { Outside } from '#cli/command.ts'
import { createFakeKubeApi, type FakeKubeApi } from '#ports/kube-api.fake.ts'
import type { Outcome } from './migration.ts'
import { MIGRATE_METALLB } from './options.ts'
import { runMigrateMetallb } from './run.ts'

const POOL = {
  apiVersion: 'metallb.io/v1beta1',
  kind: 'IPAddressPool',
  metadata: { name: 'blue', namespace: 'metallb-system' },
  spec: { addresses: ['10.0.0.0/24'], serviceAllocation: { namespaceSelectors: [{ matchLabels: { team: 'a' } }] } },
}
const ADVERTISEMENT = {
  apiVersion: 'metallb.io/v1beta1',
  kind: 'L2Advertisement',
  metadata: { name: 'ad', namespace: 'metallb-system' },
}

function outsideOf(parts: Partial<Outside>): Outside {
  return {
    askAgent: () => assert.fail('The agent is not asked'),
    openMaps: () => assert.fail('The maps are not opened'),
    openKube: () => assert.fail('The API is not asked'),
    openNode: () => assert.fail('The node is left as it is'),
    readText: () => assert.fail('No file is read'),
    nowMs: () => 0,
    ...parts,
  }
}

const withFiles = (files: Record<string, string>): Outside =>
  outsideOf({ readText: async (path) => files[path] ?? assert.fail(path) })
const withCluster = (api: FakeKubeApi): Outside => outsideOf({ openKube: async () => api })

function written(outcomes: readonly Outcome[]): readonly string[] {
  return outcomes.flatMap(({ manifests }) => manifests.map(({ kind, metadata }) => `${kind} ${metadata.name}`))
}

test('runMigrateMetallb() reads files of YAML and of JSON', async () => {
  const files = { 'a.yaml': JSON.stringify(POOL), 'b.json': JSON.stringify({ kind: 'List', items: [ADVERTISEMENT] }) }
  const { outcomes } = await runMigrateMetallb(withFiles(files), { filename: ['a.yaml', 'b.json'] })
  assert.deepEqual(written(outcomes), ['CiliumLoadBalancerIPPool blue', 'CiliumL2AnnouncementPolicy ad'])
})

test('runMigrateMetallb() names the file and the document that are no YAML', async () => {
  await assert.rejects(
    runMigrateMetallb(withFiles({ 'a.yaml': 'a: 1\n---\n{' }), { filename: ['a.yaml'] }),
    (error) => error instanceof CliError && error.message.startsWith('a.yaml, document 2 is no YAML'),
  )
})

test('runMigrateMetallb() refuses aliases that grow without end', async () => {
  const lines = ['a: &a [x, x, x, x, x, x, x, x, x, x]']
  for (const [name, of] of ['ba', 'cb', 'dc', 'ed', 'fe'].entries())
    lines.push(`${of[0]}${name}: &${of[0]} [${Array(10).fill(`*${of[1]}`).join(', ')}]`)
  await assert.rejects(
    runMigrateMetallb(withFiles({ 'a.yaml': lines.join('\n') }), { filename: ['a.yaml'] }),
    (error) => error instanceof CliError && error.message.startsWith('a.yaml cannot be read'),
  )
})

test('runMigrateMetallb() reads the cluster, with the namespaces that a selector matches', async () => {
  const api = createFakeKubeApi()
  for (const object of [POOL, ADVERTISEMENT]) api.put(object)
  api.put({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'web', labels: { team: 'a' } } })
  const config = 'address-pools:\n- {name: old, protocol: layer2, addresses: [10.1.0.0/24]}\n'
  const metadata = { name: 'config', namespace: 'metallb-system' }
  api.put({ apiVersion: 'v1', kind: 'ConfigMap', metadata, data: { config } })
  const { outcomes } = await runMigrateMetallb(withCluster(api), {})
  assert.deepEqual(written(outcomes), [
    'CiliumLoadBalancerIPPool blue',
    'CiliumLoadBalancerIPPool old',
    'CiliumL2AnnouncementPolicy ad',
    'CiliumL2AnnouncementPolicy metallb-layer2',
  ])
  assert.deepEqual(outcomes[0]?.manifests[0]?.spec['serviceSelector'], {
    matchLabels: { 'io.kubernetes.service.namespace': 'web' },
  })
})

test('runMigrateMetallb() finds nothing in a cluster without kinds of MetalLB', async () => {
  const { outcomes } = await runMigrateMetallb(withCluster(createFakeKubeApi({ resources: [] })), {})
  assert.deepEqual(outcomes, [])
})

test('runMigrateMetallb() names nodes of the cluster that MetalLB leaves out, and can do without a list of them', async () => {
  const api = createFakeKubeApi()
  for (const object of [POOL, ADVERTISEMENT]) api.put(object)
  const labels = { 'node.kubernetes.io/exclude-from-external-load-balancers': '' }
  api.put({ apiVersion: 'v1', kind: 'Node', metadata: { name: 'cp1', labels } })
  const note = async (): Promise<string | undefined> => {
    const { outcomes } = await runMigrateMetallb(withCluster(api), {})
    return outcomes[1]?.notes[0]?.text
  }
  assert.match((await note()) ?? '', /^cp1 may answer/)
  api.inject({ plural: 'nodes', outcome: { code: 'Forbidden', message: 'no' } })
  assert.match((await note()) ?? '', /^nodes that bear it may answer/)
})

test('runMigrateMetallb() writes nothing that would replace an object of the cluster, but what is there already again', async () => {
  const api = createFakeKubeApi()
  const PLAIN = { ...POOL, spec: { addresses: ['10.0.0.0/24'] } }
  for (const object of [PLAIN, ADVERTISEMENT]) api.put(object)
  const existing = { apiVersion: 'cilium.io/v2', kind: 'CiliumLoadBalancerIPPool', metadata: { name: 'blue' } }
  const put = async (spec: object): Promise<readonly string[]> => {
    api.put({ ...existing, spec })
    return written((await runMigrateMetallb(withCluster(api), {})).outcomes)
  }
  const same = { blocks: [{ cidr: '10.0.0.0/24' }], disabled: false }
  const both = ['CiliumLoadBalancerIPPool blue', 'CiliumL2AnnouncementPolicy ad']
  assert.deepEqual(await put(same), both)
  assert.deepEqual(await put({ ...same, disabled: true }), both.slice(1))
  assert.deepEqual(await put({ blocks: [{ cidr: '10.9.0.0/24' }] }), both.slice(1))
  const { outcomes } = await runMigrateMetallb(withCluster(api), {})
  assert.deepEqual(
    outcomes[0]?.notes.map(({ kind, what }) => `${kind} ${what}`),
    ['notTakenOver CiliumLoadBalancerIPPool blue'],
  )
  api.inject({ plural: 'ciliumloadbalancerippools', outcome: { code: 'NotFound', message: 'no such kind' } })
  assert.deepEqual(written((await runMigrateMetallb(withCluster(api), {})).outcomes), both)
})

test('runMigrateMetallb() says what it may not list', async () => {
  const api = createFakeKubeApi()
  api.inject({ plural: 'ipaddresspools', outcome: { code: 'Forbidden', message: 'no' } })
  await assert.rejects(
    runMigrateMetallb(withCluster(api), {}),
    (error) => error instanceof CliError && /ipaddresspools/.test(error.message),
  )
})

test('migrate metallb ends with 1 when there is a mistake, and with 0 otherwise', async () => {
  const exitCode = async (text: string) =>
    (await MIGRATE_METALLB.execute(withFiles({ x: text }), {}, { filename: ['x'] })).exitCode
  assert.equal(await exitCode(JSON.stringify({ kind: 'List', items: [POOL, ADVERTISEMENT] })), 0)
  assert.equal(await exitCode(JSON.stringify(POOL)), 1)
})
