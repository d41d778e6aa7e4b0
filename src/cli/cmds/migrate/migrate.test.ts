import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { decodeL2Policy } from '#crd/l2-policy.ts'
import { decodePool } from '#crd/pool.ts'
import { countBuggy, isBuggy } from '#model/buggy-ip.ts'
import { formatIp, mustParseIp } from '#model/ip.ts'
import { NO_PRIORITY, poolContains } from '#model/pool.ts'
import { audienceRefusal } from '#model/pool-audience.ts'
import { rangeSize } from '#model/range.ts'
import { decodeAddressPool } from '#crd/metallb/address-pool.ts'
import { migrate } from './migrate.ts'
import { anyOf } from './selectors.ts'
import type { Manifest } from './migration.ts'

const METADATA = { name: 'p', namespace: 'm' }
const poolOf = (spec: object) => ({ apiVersion: 'metallb.io/v1beta1', kind: 'IPAddressPool', metadata: METADATA, spec })
const advertisement = (spec: object) => ({
  apiVersion: 'metallb.io/v1beta1',
  kind: 'L2Advertisement',
  metadata: { name: 'ad', namespace: 'm' },
  spec,
})
const manifestsOf = (...objects: readonly unknown[]): readonly Manifest[] =>
  migrate(objects.map((object) => ({ source: 'x', object }))).outcomes.flatMap(({ manifests }) => manifests)
const first = (manifests: readonly Manifest[]) => decodePool(manifests[0]).value ?? assert.fail('no pool')

const NAMESPACES = { web: { team: 'a' }, db: { team: 'b' }, dev: {} }
const namespaceObjects = Object.entries(NAMESPACES).map(([name, labels]) => ({
  apiVersion: 'v1',
  kind: 'Namespace',
  metadata: { name, labels },
}))

const value = fc.constantFrom('a', 'b', 'c')
const key = fc.constantFrom('team', 'app')
const requirement = fc.oneof(
  fc.tuple(key, fc.array(value, { minLength: 1 })).map(([k, values]) => ({ key: k, operator: 'In', values })),
  fc.tuple(key, fc.array(value, { minLength: 1 })).map(([k, values]) => ({ key: k, operator: 'NotIn', values })),
  key.map((k) => ({ key: k, operator: 'Exists' })),
)
const selector = fc.oneof(
  fc.dictionary(key, value, { maxKeys: 2 }).map((matchLabels) => ({ matchLabels })),
  fc.array(requirement, { maxLength: 2 }).map((matchExpressions) => ({ matchExpressions })),
)
const allocation = fc.record(
  {
    namespaces: fc.array(fc.constantFrom(...Object.keys(NAMESPACES)), { maxLength: 2 }),
    namespaceSelectors: fc.array(selector, { maxLength: 2 }),
    serviceSelectors: fc.array(selector, { maxLength: 3 }),
  },
  { requiredKeys: [] },
)
const service = fc.record({
  namespace: fc.constantFrom('web', 'db', 'dev'),
  name: fc.constant('s'),
  labels: fc.dictionary(key, value, { maxKeys: 2 }),
})

test('migrate() makes of a pool one that is for the same Services, or one that asks for a label', () => {
  let same = 0
  fc.assert(
    fc.property(allocation, service, (serviceAllocation, of) => {
      const spec = { addresses: ['10.0.0.0/24'], serviceAllocation }
      const before = decodeAddressPool(poolOf(spec)).value ?? assert.fail('no pool')
      const after = first(manifestsOf(poolOf(spec), ...namespaceObjects))
      const asksForLabel = after.serviceSelector.requirements.some(({ key: label }) => label === 'balise.io/pool')
      const isFor = audienceRefusal(after, of, NAMESPACES[of.namespace]) === undefined
      const wasFor = audienceRefusal(before, of, NAMESPACES[of.namespace]) === undefined
      same += asksForLabel ? 0 : 1
      assert.equal(isFor, asksForLabel ? false : wasFor)
    }),
    { numRuns: 500 },
  )
  assert.ok(same > 100)
})

test('migrate() makes of a pool one of the same addresses, without the buggy ones where they are avoided', () => {
  const ip = fc.bigInt(mustParseIp('10.0.0.0').value, mustParseIp('10.0.3.255').value)
  const text = (of: bigint): string => formatIp({ family: 'IPv4', value: of })
  fc.assert(
    fc.property(ip, ip, ip, fc.boolean(), (a, b, probe, avoidBuggyIPs) => {
      const spec = { addresses: [a < b ? `${text(a)}-${text(b)}` : `${text(b)}-${text(a)}`], avoidBuggyIPs }
      const before = decodeAddressPool(poolOf(spec)).value ?? assert.fail('no pool')
      const total = before.blocks.reduce(
        (sum, { range }) => sum + rangeSize(range) - (avoidBuggyIPs ? countBuggy(range) : 0n),
        0n,
      )
      const manifests = manifestsOf(poolOf(spec))
      const address = { family: 'IPv4', value: probe } as const
      if (total === 0n) return assert.deepEqual(manifests, [])
      assert.equal(poolContains(first(manifests), address), poolContains(before, address))
      assert.ok(!avoidBuggyIPs || !isBuggy(address) || !poolContains(before, address))
    }),
  )
})

test('migrate() writes no pool without addresses, and announces nothing for pools that are not there', () => {
  assert.deepEqual(manifestsOf(poolOf({ addresses: ['x'] })), [])
  assert.deepEqual(manifestsOf(advertisement({ ipAddressPools: ['gone'] })), [])
  assert.equal(manifestsOf(advertisement({})).length, 1)
})

test('migrate() says whether a pool that no L2Advertisement is about was announced by BGP', () => {
  const other = (kind: string) => ({ apiVersion: 'metallb.io/v1beta1', kind, metadata: METADATA })
  const kindOf = (...others: readonly unknown[]) => {
    const objects = [poolOf({ addresses: ['10.0.0.0/24'] }), ...others].map((object) => ({ source: 'x', object }))
    return migrate(objects).outcomes[0]?.notes.map(({ kind }) => kind)
  }
  assert.deepEqual(kindOf(other('BGPPeer')), ['mistake'])
  assert.deepEqual(kindOf(other('BGPAdvertisement')), ['notTakenOver'])
})

/** No single selector says the same. */
const ODD = { serviceSelectors: [{ matchLabels: { a: 'x', b: 'y' } }, { matchLabels: { c: 'z' } }] }

test('migrate() keeps priority and autoAssign, for Balise reads both from annotations', () => {
  const priority = fc.oneof(fc.constantFrom(0, 1, 999_999_999, 2_000_000_000), fc.nat())
  fc.assert(
    fc.property(priority, priority, fc.boolean(), (one, other, autoAssign) => {
      const [a, b] = [one, other].map((of) => {
        const spec = { addresses: ['10.0.0.0/24'], autoAssign, serviceAllocation: { priority: of } }
        const { value, mistakes } = decodePool(manifestsOf(poolOf(spec))[0])
        assert.deepEqual(mistakes, [])
        assert.equal(value?.autoAssign, autoAssign)
        return value?.priority ?? assert.fail('no priority')
      })
      const [first, second] = [one, other].map((of) => Math.min(of === 0 ? Infinity : of, 999_999_999))
      if ((first ?? 0) < (second ?? 0)) assert.ok((a ?? 0) < (b ?? 0), `${one} before ${other}`)
      if (one === 0) assert.equal(a, NO_PRIORITY)
    }),
  )
})

test('migrate() leaves labels behind by which a tool would take the new object for its own', () => {
  const labels = {
    'app.kubernetes.io/managed-by': 'Helm',
    'app.kubernetes.io/instance': 'metallb-config',
    'kustomize.toolkit.fluxcd.io/name': 'lab',
    zone: 'east',
  }
  const pool = { ...poolOf({ addresses: ['10.0.0.0/24'] }), metadata: { ...METADATA, labels } }
  const [outcome] = migrate([{ source: 'x', object: pool }]).outcomes
  assert.deepEqual(outcome?.manifests[0]?.metadata.labels, { zone: 'east' })
  assert.deepEqual(
    outcome.notes.flatMap(({ what }) => (what.startsWith('metadata.labels') ? [what] : [])),
    ['metadata.labels app.kubernetes.io/managed-by, app.kubernetes.io/instance, kustomize.toolkit.fluxcd.io/name'],
  )
})

test('migrate() asks for a label that Services can have, also where the name of the pool is too long for one', () => {
  const long = (end: string) => ({
    ...poolOf({ addresses: ['10.0.0.0/24'], serviceAllocation: ODD }),
    metadata: { ...METADATA, name: `${'a'.repeat(62)}-${end}` },
  })
  const [one, other] = ['one', 'two'].map((end) => {
    const { value, mistakes } = decodePool(manifestsOf(long(end))[0])
    assert.deepEqual(mistakes, [])
    return value?.serviceSelector.requirements[0]?.values[0]
  })
  assert.match(one ?? '', /^a{54}-[0-9a-f]{8}$/)
  assert.notEqual(one, other)
})

test('migrate() says that nodes may answer which MetalLB leaves out, if there are such nodes or it is not known', () => {
  const node = (name: string, labels: object) => ({ apiVersion: 'v1', kind: 'Node', metadata: { name, labels } })
  const exclude = 'node.kubernetes.io/exclude-from-external-load-balancers'
  const control = node('cp1', { [exclude]: '', role: 'control' })
  const noteFor = (spec: object, ...nodes: readonly object[]) => {
    const objects = [poolOf({ addresses: ['10.0.0.0/24'] }), advertisement(spec), ...nodes]
    const { outcomes } = migrate(objects.map((object) => ({ source: 'x', object })))
    return outcomes[1]?.notes.map(({ what, text }) => `${what}: ${text.split(' ')[0]}`)
  }
  assert.deepEqual(noteFor({}), [`label ${exclude}: nodes`])
  assert.deepEqual(noteFor({}, control, node('node1', {})), [`label ${exclude}: cp1`])
  assert.deepEqual(noteFor({}, node('node1', {})), [])
  assert.deepEqual(noteFor({ nodeSelectors: [{ matchLabels: { role: 'worker' } }] }, control), [])
  const knows = { nodeSelectors: [{ matchExpressions: [{ key: exclude, operator: 'DoesNotExist' }] }] }
  assert.deepEqual(noteFor(knows), [])
})

test('migrate() names at most 20 Services that need a label', () => {
  const serviceNamed = (name: string) => ({
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name, namespace: 'web', annotations: { 'metallb.io/address-pool': 'p' } },
    spec: { type: 'LoadBalancer' },
  })
  const noteFor = (count: number) => {
    const services = Array.from({ length: count }, (_, index) => serviceNamed(`s${index + 10}`))
    const objects = [poolOf({ addresses: ['10.0.0.0/24'], serviceAllocation: ODD }), ...services]
    const [outcome] = migrate(objects.map((object) => ({ source: 'x', object }))).outcomes
    return outcome?.notes.find(({ what }) => what === 'pool p')?.text ?? ''
  }
  assert.match(noteFor(20), /web\/s29$/)
  assert.match(noteFor(25), /web\/s29 and 5 more$/)
  assert.equal(noteFor(0), '')
})

test('anyOf() gives a single selector as it is, and no selector for what one cannot say', () => {
  const is = (label: string, ...values: readonly string[]) => ({ key: label, operator: 'In', values }) as const
  const both = { requirements: [is('a', 'x'), is('b', 'y')] }
  assert.equal(anyOf([both]), both)
  assert.equal(anyOf([both, { requirements: [is('a', 'z')] }]), undefined)
  const merged = anyOf([{ requirements: [is('a', 'x')] }, { requirements: [is('a', 'x', 'y')] }])
  assert.deepEqual(merged, { requirements: [is('a', 'x', 'y')] })
})

test('migrate() does not write thousands of blocks', () => {
  const [outcome] = migrate([
    { source: 'x', object: poolOf({ addresses: ['10.0.0.0/8'], avoidBuggyIPs: true }) },
  ]).outcomes
  assert.deepEqual(outcome?.manifests[0]?.spec, { blocks: [{ cidr: '10.0.0.0/8' }] })
  assert.ok(outcome?.notes.some(({ kind, what }) => kind === 'lost' && what === 'spec.avoidBuggyIPs true'))
})

test('migrate() writes a pattern that matches the exact name of an interface only', () => {
  const [, policy] = manifestsOf(
    poolOf({ addresses: ['10.0.0.0/24'] }),
    advertisement({ interfaces: ['eth0.1', 'a+b'] }),
  )
  const { value: read, mistakes } = decodeL2Policy(policy)
  assert.deepEqual(mistakes, [])
  const matches = (name: string) => read?.interfaces.some((pattern) => new RegExp(pattern).test(name))
  assert.deepEqual(['eth0.1', 'a+b', 'eth0x1', 'eth0.10', 'veth0.1', 'aab'].map(matches), [
    true,
    true,
    false,
    false,
    false,
    false,
  ])
})

test('migrate() gives every object an outcome, and never throws', () => {
  const kinds = fc.constantFrom(
    'IPAddressPool',
    'L2Advertisement',
    'BGPPeer',
    'ConfigMap',
    'Service',
    'Namespace',
    'Odd',
  )
  const versions = fc.constantFrom('metallb.io/v1beta1', 'v1', 'x/v1')
  const objects = fc.oneof(
    fc.anything(),
    fc.record({ apiVersion: versions, kind: kinds, metadata: fc.constant(METADATA), spec: fc.anything() }),
    fc.anything().map((addresses) => poolOf({ addresses })),
    fc
      .anything()
      .map((config) => ({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'config' }, data: { config } })),
  )
  fc.assert(
    fc.property(objects, (object) => {
      const { kind, apiVersion } = Object(object) as { kind?: unknown; apiVersion?: unknown }
      const isSilent = apiVersion === 'v1' && (kind === 'Service' || kind === 'Namespace' || kind === 'ConfigMap')
      const { outcomes } = migrate([{ source: 'x', object }])
      assert.ok(isSilent || outcomes.length > 0)
    }),
  )
})
