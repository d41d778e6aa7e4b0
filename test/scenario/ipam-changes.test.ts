import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import type { KubeObject } from '#ports/kube-api.ts'
import { POOLS, SERVICES } from '#ports/kube-resources.ts'
import {
  addressesOf,
  conditionOf,
  createOperatorWorld,
  type OperatorWorld,
  poolYaml,
  serviceYaml,
} from './operator-world.ts'

/** What becomes of the addresses of Services that change, that somebody else writes to, or whose pools change. */
const LAB = poolYaml('lab', '192.168.10.75', '192.168.10.79')
const SIX = poolYaml('six', '"fd00::1"', '"fd00::9"')

async function worldWith(t: TestContext, yaml: string): Promise<OperatorWorld> {
  const world = await createOperatorWorld()
  t.after(() => world.close())
  await world.apply(yaml)
  return world
}

const pool = (name: string, spec: string): string => `
apiVersion: cilium.io/v2
kind: CiliumLoadBalancerIPPool
metadata: {name: ${name}}
spec: {${spec}}
---
`
const asking = (ips: string, more = ''): string => `annotations: {lbipam.cilium.io/ips: "${ips}"${more}}`
const ofFamilies = (name: string, families: string, policy: string, metadata = ''): string =>
  serviceYaml(name, `ipFamilyPolicy: ${policy}`, metadata).replace('ipFamilies: [IPv4]', `ipFamilies: [${families}]`)

function shown(world: OperatorWorld, name: string, namespace = 'default'): string {
  return addressesOf(world.object(SERVICES, name, namespace)).join(' ')
}

function told(world: OperatorWorld, name: string): string {
  const condition = conditionOf(world.object(SERVICES, name, 'default'), 'cilium.io/IPAMRequestSatisfied')
  return condition === undefined ? 'nothing' : `${condition.reason}: ${condition.message}`
}

/** Somebody else writes the ingress of a Service. */
async function overwrite(world: OperatorWorld, name: string, ingress: readonly object[]): Promise<void> {
  const ref = { name, namespace: 'default' }
  const body = { status: { loadBalancer: { ingress: ingress.length === 0 ? null : ingress } } }
  await world.api.patch(SERVICES, ref, { kind: 'merge', body }, { subresource: 'status' }, world.signal)
  await world.pass()
}

const ingressOf = (object: KubeObject | undefined): unknown =>
  (object?.['status'] as { readonly loadBalancer?: { readonly ingress?: unknown } } | undefined)?.loadBalancer?.ingress

/** Holds 192.168.10.77, with lower ones free. */
async function worldWithGaps(t: TestContext): Promise<OperatorWorld> {
  const world = await worldWith(t, LAB + ['a', 'b', 'c'].map((name) => serviceYaml(name)).join(''))
  for (const name of ['a', 'b']) await world.remove(SERVICES, name, 'default')
  assert.equal(shown(world, 'c'), '192.168.10.77')
  return world
}

const OVERWRITTEN: readonly (readonly [what: string, ingress: readonly object[], then: string])[] = [
  ['it is cleared', [], '192.168.10.77'],
  ['a name of a host stands there', [{ hostname: 'lb.example.com' }], '192.168.10.77'],
  ['a name of a host stands beside it', [{ ip: '192.168.10.77' }, { hostname: 'lb.example.com' }], '192.168.10.77'],
  ['another load balancer answers at it', [{ ip: '192.168.10.77', ipMode: 'Proxy' }], '192.168.10.77'],
  ['it is there twice', [{ ip: '192.168.10.77' }, { ip: '192.168.10.77' }], '192.168.10.77'],
  ['an address of no pool stands beside it', [{ ip: '10.9.9.9' }, { ip: '192.168.10.77' }], '192.168.10.77'],
  ['no address at all stands there', [{ ip: 'fe80::1%eth0' }], '192.168.10.77'],
  // What counts then is what the status shows: it is free, and the Service may have it.
  ['another address of its pool stands there', [{ ip: '192.168.10.79' }], '192.168.10.79'],
]
for (const [what, ingress, then] of OVERWRITTEN) {
  test(`ipam puts the status of a Service right that somebody else wrote to: ${what}`, async (t) => {
    const world = await worldWithGaps(t)
    await overwrite(world, 'c', ingress)
    assert.equal(shown(world, 'c'), then)
    assert.doesNotMatch(JSON.stringify(ingressOf(world.object(SERVICES, 'c'))), /Proxy|hostname/)
    assert.equal(told(world, 'c'), 'satisfied: ')
    const writes = (): number =>
      world.api.requests.filter(({ verb, resource }) => verb === 'patch' && resource.plural === SERVICES.plural).length
    // In the meantime it is told that nobody announces it.
    await world.pass(60_000)
    const before = writes()
    await world.pass(120_000)
    assert.equal(writes(), before, 'it is at rest')
  })
}

test('ipam gives nobody the address that a Service of another controller shows, whoever answers at it', async (t) => {
  const foreign = (name: string): string => serviceYaml(name, 'loadBalancerClass: example.com/x')
  const world = await worldWith(t, LAB + foreign('x') + foreign('y'))
  await overwrite(world, 'x', [{ ip: '192.168.10.75' }])
  await overwrite(world, 'y', [{ ip: '192.168.10.76', ipMode: 'Proxy' }])
  await world.apply(serviceYaml('web') + serviceYaml('asks', '', asking('192.168.10.76')))
  assert.equal(shown(world, 'web'), '192.168.10.77')
  assert.match(told(world, 'asks'), /^already_allocated: 192\.168\.10\.76 is held by Service default\/y/)
  assert.deepEqual(ingressOf(world.object(SERVICES, 'y')), [{ ip: '192.168.10.76', ipMode: 'Proxy' }])
  await world.remove(SERVICES, 'y', 'default')
  assert.equal(shown(world, 'asks'), '192.168.10.76')
})

test('ipam takes its address and its condition back from a Service that is of another type by now, and serves it again later', async (t) => {
  const world = await worldWith(t, LAB + serviceYaml('a') + serviceYaml('b'))
  await world.apply(serviceYaml('a').replace('type: LoadBalancer', 'type: ClusterIP'))
  assert.equal(ingressOf(world.object(SERVICES, 'a')), undefined)
  assert.equal(told(world, 'a'), 'nothing')
  await world.apply(serviceYaml('c'))
  assert.equal(shown(world, 'c'), '192.168.10.75', 'it is free for others')
  await world.apply(serviceYaml('a'))
  assert.equal(shown(world, 'a'), '192.168.10.77')
  assert.equal(shown(world, 'b'), '192.168.10.76')
})

test('ipam takes its address back from a Service of another class by now, and serves it again in a class of its own', async (t) => {
  const world = await worldWith(t, LAB + serviceYaml('a'))
  await world.apply(serviceYaml('a', 'loadBalancerClass: example.com/x'))
  assert.equal(ingressOf(world.object(SERVICES, 'a')), undefined)
  assert.equal(told(world, 'a'), 'nothing')
  // From now on it is that of the other controller.
  await overwrite(world, 'a', [{ ip: '192.168.10.75' }])
  await world.apply(serviceYaml('b'))
  assert.equal(shown(world, 'a'), '192.168.10.75')
  assert.equal(shown(world, 'b'), '192.168.10.76')
  await world.apply(serviceYaml('a', 'loadBalancerClass: io.cilium/l2-announcer'))
  assert.equal(shown(world, 'a'), '192.168.10.75')
  assert.equal(told(world, 'a'), 'satisfied: ')
})

test('ipam takes a Service that is made again under its name for a new one', async (t) => {
  const world = await worldWithGaps(t)
  await world.remove(SERVICES, 'c', 'default')
  await world.apply(serviceYaml('c'))
  assert.equal(shown(world, 'c'), '192.168.10.75')
  // Both in one moment, as a watch that broke off shows it.
  await world.apply(serviceYaml('d') + serviceYaml('e'))
  await world.remove(SERVICES, 'c', 'default')
  await world.api.delete(SERVICES, { name: 'd', namespace: 'default' })
  world.api.put({ ...world.object(SERVICES, 'e'), ...parse('d') })
  await world.pass()
  assert.equal(shown(world, 'd'), '192.168.10.75')
  assert.equal(shown(world, 'e'), '192.168.10.77')
})

const parse = (name: string): KubeObject => ({
  apiVersion: 'v1',
  kind: 'Service',
  metadata: { name, namespace: 'default' },
  spec: { type: 'LoadBalancer', ipFamilies: ['IPv4'], ports: [{ port: 80, protocol: 'TCP' }] },
  status: {},
})

test('ipam adds and takes families as ipFamilyPolicy changes, and keeps the address of the family that stays', async (t) => {
  const world = await worldWith(t, LAB + SIX + serviceYaml('other') + ofFamilies('web', 'IPv4', 'SingleStack'))
  for (const [families, policy, expected] of [
    ['IPv4', 'SingleStack', '192.168.10.76'],
    ['IPv4, IPv6', 'PreferDualStack', '192.168.10.76 fd00::1'],
    ['IPv6, IPv4', 'RequireDualStack', 'fd00::1 192.168.10.76'],
    ['IPv6', 'SingleStack', 'fd00::1'],
    ['IPv6', 'RequireDualStack', 'fd00::1 192.168.10.76'],
    ['IPv4', 'PreferDualStack', '192.168.10.76'],
    ['IPv4', 'RequireDualStack', '192.168.10.76 fd00::1'],
  ] as const) {
    await world.apply(ofFamilies('web', families, policy))
    assert.equal(shown(world, 'web'), expected, `${families} ${policy}`)
    assert.equal(told(world, 'web'), 'satisfied: ')
  }
})

test('ipam is not satisfied with one family where two are asked for, preferred or required, and adds the other when a pool has it', async (t) => {
  const names = ['prefer', 'require']
  const services =
    ofFamilies('prefer', 'IPv4, IPv6', 'PreferDualStack') + ofFamilies('require', 'IPv6', 'RequireDualStack')
  const world = await worldWith(t, LAB + services)
  assert.deepEqual(
    names.map((name) => shown(world, name)),
    ['192.168.10.75', '192.168.10.76'],
  )
  for (const name of names) assert.match(told(world, name), /^no_pool: No pool gives an IPv6 address to this Service/)
  await world.apply(SIX)
  assert.deepEqual(
    names.map((name) => shown(world, name)),
    ['192.168.10.75 fd00::1', 'fd00::2 192.168.10.76'],
  )
})

test('ipam gives several addresses of both families in the order that is asked for, each once, and back to one when the request ends', async (t) => {
  const several = asking(' fd00::7, 192.168.10.79 ,fd00:0::7,,192.168.10.78')
  const world = await worldWith(t, LAB + SIX + serviceYaml('web', 'loadBalancerIP: 192.168.10.77', several))
  assert.equal(shown(world, 'web'), '192.168.10.77 fd00::7 192.168.10.79 192.168.10.78')
  assert.equal(told(world, 'web'), 'satisfied: ')
  await world.apply(serviceYaml('web', 'loadBalancerIP: 192.168.10.78', asking('192.168.10.78')))
  assert.equal(shown(world, 'web'), '192.168.10.78')
  await world.apply(serviceYaml('web'))
  assert.equal(shown(world, 'web'), '192.168.10.78')
})

const POOLS_OF_ALL_KINDS = [
  LAB,
  pool('off', 'blocks: [{start: 10.1.0.1}], disabled: true'),
  pool('off-others', 'blocks: [{start: 10.2.0.1}], disabled: true, serviceSelector: {matchLabels: {a: b}}'),
  pool('others', 'blocks: [{start: 10.3.0.1}], serviceSelector: {matchLabels: {a: b}}'),
  pool('self', 'blocks: [{start: 10.4.0.1}, {cidr: 10.4.0.0/30}]'),
  pool('ends', 'blocks: [{cidr: 10.5.0.0/30}], allowFirstLastIPs: "No"'),
  pool('six', 'blocks: [{cidr: "fd00::/64"}]'),
].join('')
const SPECIFIC: readonly (readonly [ip: string, told: string])[] = [
  ['192.168.10.79', 'satisfied: '],
  [
    '10.1.0.1',
    'no_pool: No pool gives 10.1.0.1 to this Service. Pool off is disabled. Set spec.disabled: false in the pool, or create a CiliumLoadBalancerIPPool',
  ],
  [
    '10.2.0.1',
    'no_pool: No pool gives 10.2.0.1 to this Service. Pool off-others selects a=b only. Give this Service what the pool asks for, or create a CiliumLoadBalancerIPPool',
  ],
  [
    '10.3.0.1',
    'pool_selector_mismatch: 10.3.0.1 is in a pool for other Services. Pool others selects a=b only. Give this Service what the pool asks for, change whom the pool is for, or ask for another address',
  ],
  [
    '10.4.0.2',
    'no_pool: No pool gives 10.4.0.2 to this Service. Pool self gives out nothing, for two of its blocks overlap (kubectl describe of the pool says which). Take the overlap out of the pool, or create a CiliumLoadBalancerIPPool',
  ],
  [
    '10.5.0.3',
    'already_allocated: 10.5.0.3 is the first or last address of a block of pool ends, which keeps those back (allowFirstLastIPs: No): ask for another address',
  ],
  [
    '10.9.9.9',
    'no_pool: No pool gives 10.9.9.9 to this Service. Pool off-others does not contain it; Pool others does not contain it; Pool ends does not contain it; Pool lab does not contain it; Pool off does not contain it; 2 more pools refused too. Ask for an address that is in the pool, or create a CiliumLoadBalancerIPPool',
  ],
  [
    '::ffff:192.168.10.79',
    'invalid_request: metadata.annotations["lbipam.cilium.io/ips"] "::ffff:192.168.10.79" is an IPv4 address in the notation of IPv6: write 192.168.10.79',
  ],
  [
    '192.168.010.79',
    'invalid_request: metadata.annotations["lbipam.cilium.io/ips"] "192.168.010.79" is not an IP address: write addresses with commas between them',
  ],
  [
    'fe80::1%eth0',
    'invalid_request: metadata.annotations["lbipam.cilium.io/ips"] "fe80::1%eth0" is not an IP address: write addresses with commas between them',
  ],
]
for (const [ip, answer] of SPECIFIC) {
  test(`ipam answers who asks for one address of pools of all kinds: ${ip}`, async (t) => {
    const world = await worldWith(t, POOLS_OF_ALL_KINDS)
    await world.apply(serviceYaml('web', '', asking(ip)))
    assert.equal(told(world, 'web'), answer)
    // Of several the others are given all the same, and the reason is that of the first that is not.
    await world.apply(serviceYaml('both', '', asking(`192.168.10.75,${ip}`)))
    assert.match(shown(world, 'both'), /^192\.168\.10\.75/)
    const [reason = ''] = answer.split(':')
    assert.match(told(world, 'both'), new RegExp(`^${reason === 'satisfied' ? 'already_allocated' : reason}`))
  })
}

test('ipam tells of a pool that matters before any number of pools that do not', async (t) => {
  const others = Array.from({ length: 9 }, (_, index) => pool(`a${index}`, `blocks: [{start: 10.7.0.${index}}]`))
  const six = Array.from({ length: 9 }, (_, index) => pool(`b${index}`, `blocks: [{start: "fd00:${index}::1"}]`))
  const world = await worldWith(
    t,
    [...others, ...six, pool('z', 'blocks: [{start: "fd01::1"}], disabled: true')].join(''),
  )
  await world.apply(serviceYaml('web', '', asking('fd01::1')))
  assert.match(told(world, 'web'), /^no_pool: No pool gives fd01::1 to this Service\. Pool z is disabled\. Set/)
})

const ODD_BLOCKS: readonly (readonly [block: string, counts: string, first: string])[] = [
  ['{cidr: 10.0.0.6/31}', '2, 1, 1', '10.0.0.6'],
  ['{cidr: 10.0.0.7/31}', '2, 1, 1', '10.0.0.6'],
  ['{cidr: 10.0.0.7/32}', '1, 0, 1', '10.0.0.7'],
  ['{cidr: 10.0.0.7/30}', '4, 1, 3', '10.0.0.5'],
  ['{start: 10.0.0.7, stop: 10.0.0.7}', '1, 0, 1', '10.0.0.7'],
  ['{start: 10.0.0.4, stop: 10.0.0.7}', '4, 3, 1', '10.0.0.4'],
  ['{cidr: "fd00::/127"}', '2, 1, 1', 'fd00::'],
  ['{cidr: "fd00::7/128"}', '1, 0, 1', 'fd00::7'],
  ['{cidr: "fd00::/64"}', '18446744073709551616, 18446744073709551613, 3', 'fd00::1'],
  [
    '{start: "2000::", stop: "3fff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"}',
    `${2n ** 125n}, ${2n ** 125n - 1n}, 1`,
    '2000::',
  ],
  ['{cidr: 10.0.0.4/30, start: 10.9.9.9}', '4, 1, 3', '10.0.0.5'],
]
for (const [block, counts, first] of ODD_BLOCKS) {
  test(`ipam counts a block and gives out its first address, with allowFirstLastIPs: No: ${block}`, async (t) => {
    const family = first.includes(':') ? 'IPv6' : 'IPv4'
    const world = await worldWith(
      t,
      pool('odd', `blocks: [${block}], allowFirstLastIPs: "No"`) + ofFamilies('web', family, 'SingleStack'),
    )
    assert.equal(shown(world, 'web'), first)
    const object = world.object(POOLS, 'odd')
    const count = (type: string): string | undefined => conditionOf(object, `cilium.io/${type}`)?.message
    assert.equal([count('IPsTotal'), count('IPsAvailable'), count('IPsUsed')].join(', '), counts)
    for (const type of ['IPsTotal', 'IPsAvailable', 'IPsUsed']) {
      const { status, reason } = conditionOf(object, `cilium.io/${type}`) ?? assert.fail(type)
      assert.equal(`${status} ${reason}`, 'Unknown noreason')
    }
  })
}

test('ipam gives out nothing that no Service can have, of a pool of all addresses', async (t) => {
  const world = await worldWith(
    t,
    pool('all', 'blocks: [{cidr: 0.0.0.0/0}, {cidr: "::/0"}]') +
      serviceYaml('web') +
      ofFamilies('six', 'IPv6', 'SingleStack'),
  )
  assert.equal(shown(world, 'web'), '1.0.0.0')
  assert.equal(shown(world, 'six'), '::2')
  assert.match(
    conditionOf(world.object(POOLS, 'all'), 'balise.io/Valid')?.message ?? '',
    /^spec\.blocks\[0\]\.cidr "0\.0\.0\.0\/0" has addresses that no Service can have \(0\.0\.0\.0 - 0\.255\.255\.255, /,
  )
  await world.apply(serviceYaml('asks', '', asking('224.0.0.1')) + serviceYaml('fine', '', asking('8.8.8.8')))
  assert.match(told(world, 'asks'), /^no_pool/)
  assert.equal(shown(world, 'fine'), '8.8.8.8')
})

test('ipam selects by every operator, by labels and by the two keys that a Service has beside them', async (t) => {
  const by = (name: string, host: number, ...expressions: readonly string[]): string =>
    pool(name, `blocks: [{start: 10.0.0.${host}}], serviceSelector: {matchExpressions: [${expressions.join(', ')}]}`)
  const pools = [
    by('in', 1, '{key: app, operator: In, values: [x, y]}'),
    by('notin', 2, '{key: app, operator: NotIn, values: [x, y]}', '{key: tier, operator: Exists}'),
    by('namespace', 3, '{key: io.kubernetes.service.namespace, operator: NotIn, values: [default]}'),
    by('name', 4, '{key: io.kubernetes.service.name, operator: In, values: [n]}', '{key: app, operator: DoesNotExist}'),
    by('never', 5, '{key: io.kubernetes.service.name, operator: DoesNotExist}'),
  ]
  const services = [
    serviceYaml('a', '', 'labels: {app: y}'),
    serviceYaml('b', '', 'labels: {tier: ""}'),
    serviceYaml('n'),
    serviceYaml('forged', '', 'labels: {io.kubernetes.service.name: n, io.kubernetes.service.namespace: shop}'),
    serviceYaml('s').replace('namespace: default', 'namespace: shop'),
  ]
  const world = await worldWith(t, [...pools, ...services].join(''))
  const all = ['a', 'b', 'n', 'forged'].map((name) => shown(world, name))
  assert.deepEqual([...all, shown(world, 's', 'shop')], ['10.0.0.1', '10.0.0.2', '10.0.0.4', '', '10.0.0.3'])
  assert.match(told(world, 'forged'), /^no_pool/)
})

test('ipam lets a pool whose own blocks overlap keep its holders, and gives out of it again when they do not', async (t) => {
  const apart = pool('lab', 'blocks: [{cidr: 10.0.0.0/30}, {start: 10.0.0.4}]')
  const world = await worldWith(t, apart + serviceYaml('a') + serviceYaml('b'))
  await world.apply(pool('lab', 'blocks: [{cidr: 10.0.0.0/30}, {start: 10.0.0.3}]') + serviceYaml('c'))
  const { status, reason, message } = conditionOf(world.object(POOLS, 'lab'), 'cilium.io/PoolConflict') ?? assert.fail()
  assert.equal(
    `${status} ${reason} ${message}`,
    "True cidr_overlap Pool conflicts since range '10.0.0.3 - 10.0.0.3' overlaps range '10.0.0.0 - 10.0.0.3' from IP Pool 'lab'",
  )
  await world.restart()
  assert.deepEqual(
    ['a', 'b', 'c'].map((name) => shown(world, name)),
    ['10.0.0.0', '10.0.0.1', ''],
  )
  await world.apply(apart)
  assert.equal(shown(world, 'c'), '10.0.0.2')
  const resolved = conditionOf(world.object(POOLS, 'lab'), 'cilium.io/PoolConflict')
  assert.equal(`${resolved?.status} ${resolved?.reason} ${resolved?.message}`, 'False resolved ')
})

test('ipam moves only those that a pool leaves out when it shrinks, and who was told that all is full gets what comes free', async (t) => {
  const services = ['a', 'b', 'c', 'd', 'e', 'f'].map((name) => serviceYaml(name)).join('')
  const world = await worldWith(t, LAB + services)
  const all = (): readonly string[] =>
    ['a', 'b', 'c', 'd', 'e', 'f'].map((name) => shown(world, name).replace('192.168.10.', ''))
  assert.deepEqual(all(), ['75', '76', '77', '78', '79', ''])
  await world.apply(poolYaml('lab', '192.168.10.76', '192.168.10.79'))
  assert.deepEqual(all(), ['', '76', '77', '78', '79', ''])
  assert.match(told(world, 'a'), /^out_of_ips/)
  await world.apply(
    pool('lab', 'blocks: [{start: 192.168.10.76, stop: 192.168.10.77}, {start: 192.168.10.79, stop: 192.168.10.80}]'),
  )
  assert.deepEqual(all(), ['80', '76', '77', '', '79', ''])
  await world.apply(poolYaml('more', '192.168.10.70', '192.168.10.71'))
  assert.deepEqual(all(), ['80', '76', '77', '70', '79', '71'])
})

test('ipam leaves what other controllers have alone without any pool, and keeps it when a pool comes that has it', async (t) => {
  const world = await createOperatorWorld()
  t.after(() => world.close())
  const foreign = { ...parse('web'), status: { loadBalancer: { ingress: [{ ip: '192.168.10.77' }] } } }
  world.api.put(foreign)
  await world.apply(serviceYaml('new'))
  assert.match(told(world, 'new'), /^no_pool: There is no pool to take an IPv4 address from/)
  assert.deepEqual([shown(world, 'web'), told(world, 'web')], ['192.168.10.77', 'nothing'])
  await world.apply(LAB)
  assert.deepEqual([shown(world, 'web'), told(world, 'web')], ['192.168.10.77', 'satisfied: '])
  await world.remove(POOLS, 'lab')
  assert.equal(shown(world, 'web'), '')
})
