import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { KubeObject } from '#ports/kube-api.ts'
import { DEPLOYMENTS, LEASES, SERVICES } from '#ports/kube-resources.ts'
import { formatMicroTime } from '#runtime/lease-record.ts'
import { createOperatorWorld, eventsOf, type OperatorWorld, poolYaml, putNode, serviceYaml } from './operator-world.ts'

const LAB = poolYaml('lab', '192.168.10.75', '192.168.10.78')
const POLICY = `
apiVersion: cilium.io/v2alpha1
kind: CiliumL2AnnouncementPolicy
metadata: {name: l2}
spec: {loadBalancerIPs: true, externalIPs: true, interfaces: [eth0]}
`
const NAME = 'cilium-l2announce-default-web'
const HOUR_MS = 3_600_000

async function worldWith(...manifests: readonly string[]): Promise<OperatorWorld> {
  const world = await createOperatorWorld()
  putNode(world, 'cp1', ['eth0'])
  putNode(world, 'node1', ['eth0'], ['192.168.10.75'])
  for (const manifest of [LAB, POLICY, serviceYaml('web'), ...manifests]) await world.apply(manifest)
  await world.pass()
  return world
}

function mirrors({ api }: OperatorWorld): readonly KubeObject[] {
  return api.objects(LEASES).filter(({ metadata }) => metadata.name.startsWith('cilium-l2announce-'))
}

function specOf(lease: KubeObject | undefined): Readonly<Record<string, unknown>> {
  return (lease?.['spec'] ?? {}) as Readonly<Record<string, unknown>>
}

const holders = (world: OperatorWorld): readonly string[] =>
  mirrors(world).map((lease) => `${lease.metadata.name} ${String(specOf(lease)['holderIdentity'])}`)

/** Time in which the agents go on to renew their Leases. */
async function live(world: OperatorWorld, seconds: number, holder = 'node1', ips = ['192.168.10.75']): Promise<void> {
  for (let second = 0; second < seconds; second += 5) {
    for (const name of ['cp1', 'node1']) putNode(world, name, ['eth0'], name === holder ? ips : [])
    await world.pass(5_000)
  }
}

test('operator shows in a Lease which node answers for a Service, as Cilium does', async (t) => {
  const world = await worldWith()
  t.after(() => world.close())
  const [lease] = mirrors(world)
  assert.deepEqual(holders(world), [`${NAME} node1`])
  assert.equal(lease?.metadata.namespace, 'kube-system')
  assert.deepEqual(lease.metadata.annotations, {
    'balise.io/service': 'default/web',
    'balise.io/holders': '{"192.168.10.75":"node1"}',
  })
  const { renewTime: _moment, ...spec } = specOf(lease)
  assert.deepEqual(spec, {
    holderIdentity: 'node1',
    leaseDurationSeconds: 3600,
    acquireTime: '1970-01-01T00:00:00.001000Z',
    leaseTransitions: 0,
  })
})

test('operator writes a mirror when it changes, and else twice an hour, so that nobody takes it for dead', async (t) => {
  const world = await worldWith()
  t.after(() => world.close())
  const version = (): string | undefined => mirrors(world)[0]?.metadata.resourceVersion
  const first = version()
  await live(world, 1700)
  assert.equal(version(), first)
  await live(world, 200)
  const second = version()
  assert.notEqual(second, first)
  const renewedMs = Date.parse(String(specOf(mirrors(world)[0])['renewTime']))
  assert.ok(world.clock.nowMs() - renewedMs < HOUR_MS / 2)
  await live(world, 1500)
  assert.equal(version(), second)
})

test('operator names the next holder, counts the change, and keeps the last one while there is none', async (t) => {
  const world = await worldWith()
  t.after(() => world.close())
  await live(world, 5, 'nobody')
  assert.deepEqual(holders(world), [`${NAME} node1`])
  await live(world, 5, 'cp1')
  assert.deepEqual(holders(world), [`${NAME} cp1`])
  assert.equal(specOf(mirrors(world)[0])['leaseTransitions'], 1)
})

test('operator takes a mirror away with its Service, with its policy, and when no node takes the address', async (t) => {
  const world = await worldWith(serviceYaml('other'))
  t.after(() => world.close())
  const both = ['192.168.10.75', '192.168.10.76']
  await live(world, 5, 'node1', both)
  assert.deepEqual(holders(world), ['cilium-l2announce-default-other node1', `${NAME} node1`])
  await world.api.delete(SERVICES, { namespace: 'default', name: 'web' })
  await live(world, 5, 'node1', both)
  assert.deepEqual(holders(world), ['cilium-l2announce-default-other node1'])
  await live(world, 25, 'nobody')
  assert.equal(mirrors(world).length, 1)
  await live(world, 15, 'nobody')
  assert.deepEqual(holders(world), [])
  await live(world, 5, 'node1', both)
  assert.equal(mirrors(world).length, 1)
  await world.apply(POLICY.replace('loadBalancerIPs: true', 'loadBalancerIPs: false'))
  await live(world, 5, 'nobody')
  assert.deepEqual(holders(world), [])
})

test('operator names the owner of each address of a Service that several nodes answer for', async (t) => {
  const world = await worldWith(serviceYaml('web', 'externalIPs: [192.168.10.90]'))
  t.after(() => world.close())
  putNode(world, 'cp1', ['eth0'], ['192.168.10.90'])
  await world.pass()
  assert.deepEqual(holders(world), [`${NAME} node1`])
  assert.equal(
    mirrors(world)[0]?.metadata.annotations?.['balise.io/holders'],
    '{"192.168.10.75":"node1","192.168.10.90":"cp1"}',
  )
})

test('a new leader takes the mirrors as they are', async (t) => {
  const world = await worldWith()
  t.after(() => world.close())
  const version = mirrors(world)[0]?.metadata.resourceVersion
  await world.restart()
  for (let i = 0; i < 4; i++) await live(world, 10)
  assert.equal(mirrors(world)[0]?.metadata.resourceVersion, version)
})

test('operator puts right what somebody did to a mirror', async (t) => {
  const world = await worldWith()
  t.after(() => world.close())
  await world.api.delete(LEASES, { namespace: 'kube-system', name: NAME })
  await live(world, 5)
  assert.deepEqual(holders(world), [`${NAME} node1`])
  const [lease] = mirrors(world)
  world.api.put({ ...lease, kind: 'Lease', spec: { ...specOf(lease), holderIdentity: 'me' } } as KubeObject)
  await live(world, 5)
  assert.deepEqual(holders(world), [`${NAME} node1`])
})

/** As an agent of Cilium has it. */
function ciliumLease(world: OperatorWorld, holder: string): KubeObject {
  const renewTime = formatMicroTime(world.clock.nowMs())
  return {
    apiVersion: 'coordination.k8s.io/v1',
    kind: 'Lease',
    metadata: { name: NAME, namespace: 'kube-system' },
    spec: { holderIdentity: holder, leaseDurationSeconds: 15, acquireTime: renewTime, renewTime, leaseTransitions: 0 },
  }
}

test('operator leaves a Lease alone that an agent of Cilium renews, says so once, and takes it when it is left', async (t) => {
  const world = await createOperatorWorld()
  t.after(() => world.close())
  world.api.put(ciliumLease(world, 'worker-7'))
  putNode(world, 'cp1', ['eth0'])
  putNode(world, 'node1', ['eth0'], ['192.168.10.75'])
  for (const manifest of [LAB, POLICY, serviceYaml('web')]) await world.apply(manifest)
  for (let second = 0; second < 300; second += 5) {
    await live(world, 5)
    world.api.put(ciliumLease(world, 'worker-7'))
  }
  assert.deepEqual(holders(world), [`${NAME} worker-7`])
  const warnings = eventsOf(world).filter((event) => event.includes('ForeignLease'))
  assert.equal(warnings.length, 1)
  assert.match(
    warnings[0] ?? '',
    /^Warning ForeignLease web: Lease cilium-l2announce-default-web is renewed by worker-7/,
  )
  await live(world, 150)
  assert.deepEqual(holders(world), [`${NAME} node1`])
})

test('operator takes over the Lease that an uninstalled Cilium left, once it has run out', async (t) => {
  const world = await createOperatorWorld()
  t.after(() => world.close())
  world.api.put(ciliumLease(world, 'worker-7'))
  putNode(world, 'cp1', ['eth0'])
  putNode(world, 'node1', ['eth0'], ['192.168.10.75'])
  for (const manifest of [LAB, POLICY, serviceYaml('web')]) await world.apply(manifest)
  await live(world, 30)
  assert.deepEqual(holders(world), [`${NAME} node1`])
  assert.deepEqual(
    eventsOf(world).filter((event) => event.includes('ForeignLease')),
    [],
  )
})

test('operator without the right to write mirrors names the rule, and goes on with its work', async (t) => {
  const world = await createOperatorWorld()
  t.after(() => world.close())
  world.api.inject({
    verbs: ['create'],
    plural: LEASES.plural,
    name: NAME,
    outcome: { code: 'Forbidden', message: 'no' },
  })
  putNode(world, 'node1', ['eth0'], ['192.168.10.75'])
  for (const manifest of [LAB, POLICY, serviceYaml('web')]) await world.apply(manifest)
  await live(world, 30)
  assert.match(world.show(), /service default\/web: 192\.168\.10\.75, satisfied/)
  const remedies = world.log.lines.filter(({ level }) => level === 'error').map(({ fields }) => fields['remedy'])
  assert.match(String(remedies[0]), /\["leases"\], verbs: \[create, patch, delete\]/)
})

const DEPLOYMENT = `
apiVersion: apps/v1
kind: Deployment
metadata: {name: balise-operator, namespace: kube-system}
`

/** The owners of all mirrors, as `ownerReferences` has them. */
const owners = (world: OperatorWorld): readonly unknown[] =>
  mirrors(world).map(({ metadata }) => (metadata as { readonly ownerReferences?: unknown }).ownerReferences)

const deploymentUid = (world: OperatorWorld): string | undefined =>
  world.object(DEPLOYMENTS, 'balise-operator', 'kube-system')?.metadata.uid

test('a mirror belongs to the Deployment of the operators, with which the garbage collector takes it away', async (t) => {
  const world = await createOperatorWorld()
  t.after(() => world.close())
  putNode(world, 'node1', ['eth0'], ['192.168.10.75'])
  for (const manifest of [DEPLOYMENT, LAB, POLICY, serviceYaml('web')]) await world.apply(manifest)
  await live(world, 5)
  const uid = deploymentUid(world)
  assert.match(String(uid), /^[0-9a-f-]{36}$/)
  assert.deepEqual(owners(world), [[{ apiVersion: 'apps/v1', kind: 'Deployment', name: 'balise-operator', uid }]])
})

test('operator writes no mirror that would stay when its Deployment is being deleted, and writes again for another', async (t) => {
  const world = await createOperatorWorld()
  t.after(() => world.close())
  putNode(world, 'node1', ['eth0'], ['192.168.10.75'])
  for (const manifest of [DEPLOYMENT, LAB, POLICY, serviceYaml('web')]) await world.apply(manifest)
  await live(world, 5)
  assert.equal(owners(world).length, 1)
  await world.remove(DEPLOYMENTS, 'balise-operator', 'kube-system')
  await live(world, 15)
  await world.api.delete(LEASES, { namespace: 'kube-system', name: NAME }) // as the garbage collector does
  await live(world, 60)
  assert.deepEqual(mirrors(world), [])
  const told = world.log.lines.filter(({ sentence }) => sentence.startsWith('No mirror Lease is written'))
  assert.equal(told.length, 1)
  await world.apply(DEPLOYMENT)
  await live(world, 30)
  assert.match(JSON.stringify(owners(world)), new RegExp(String(deploymentUid(world))))
})

test('operator without the right to read its Deployment names the rule, and writes mirrors all the same', async (t) => {
  const world = await createOperatorWorld()
  t.after(() => world.close())
  const outcome = { code: 'Forbidden', message: 'no' } as const
  world.api.inject({ verbs: ['get'], plural: DEPLOYMENTS.plural, outcome })
  putNode(world, 'node1', ['eth0'], ['192.168.10.75'])
  for (const manifest of [LAB, POLICY, serviceYaml('web')]) await world.apply(manifest)
  await live(world, 5)
  assert.deepEqual(owners(world), [undefined])
  const remedies = world.log.lines.filter(({ level }) => level === 'error').map(({ fields }) => fields['remedy'])
  assert.deepEqual(remedies, ['allow its account: - {apiGroups: ["apps"], resources: ["deployments"], verbs: [get]}'])
})
