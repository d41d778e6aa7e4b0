/** Rules of MetalLB that its users rely on: sharing, pools that are asked for, two families, and what a change of a pool does. */
import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { METALLB_NAMESPACE } from '#crd/metallb/kinds.ts'
import type { KubeObject } from '#ports/kube-api.ts'
import { ADDRESS_POOLS, SERVICES } from '#ports/kube-resources.ts'
import { parseYaml } from './harness.ts'
import { addressPoolYaml, allocatedFrom, createMetallbWorld, statusOf } from './metallb-world.ts'
import { addressesOf, conditionOf, eventsOf, type OperatorWorld, poolYaml, serviceYaml } from './operator-world.ts'

async function begin(t: TestContext, yaml: string): Promise<OperatorWorld> {
  const world = await createMetallbWorld()
  t.after(() => world.close())
  await world.apply(yaml)
  return world
}

interface Wish {
  readonly ask?: Readonly<Record<string, string>>
  readonly port?: string
  readonly more?: string
}

/** A Service; `ask` are annotations, those without a prefix of MetalLB's. */
function wish(name: string, { ask = {}, port = '{port: 80, protocol: TCP}', more = '' }: Wish = {}): string {
  const annotations = Object.fromEntries(
    Object.entries(ask).map(([key, value]) => [key.includes('/') ? key : `metallb.io/${key}`, value]),
  )
  return serviceYaml(name, more, `annotations: ${JSON.stringify(annotations)}`).replace(
    '{port: 80, protocol: TCP}',
    port,
  )
}

function dualStack(yaml: string, policy: string): string {
  return yaml
    .replace('clusterIPs: [10.43.0.10]', 'clusterIPs: [10.43.0.10, "fd00:43::10"]')
    .replace('ipFamilies: [IPv4]', `ipFamilies: [IPv4, IPv6]\n  ipFamilyPolicy: ${policy}`)
}

const service = (world: OperatorWorld, name: string): KubeObject | undefined => world.object(SERVICES, name)
const given = (world: OperatorWorld, name: string): string => addressesOf(service(world, name)).join()
const reason = (world: OperatorWorld, name: string): string => {
  const condition = conditionOf(service(world, name), 'cilium.io/IPAMRequestSatisfied')
  return `${condition?.reason}: ${condition?.message}`
}

const ONE = addressPoolYaml('one', '10.9.9.9/32', 'autoAssign: false')
const DNS = { 'allow-shared-ip': 'dns', loadBalancerIPs: '10.9.9.9' }

test('Services with one key share a /32 by port and protocol, and each that may not is told by whom and why', async (t) => {
  const world = await begin(t, ONE)
  await world.apply(wish('tcp', { ask: DNS, port: '{port: 53, protocol: TCP}' }))
  await world.apply(wish('udp', { ask: DNS, port: '{port: 53, protocol: UDP}' }))
  await world.apply(wish('old', { ask: { ...DNS, 'metallb.universe.tf/allow-shared-ip': 'dns' }, port: '{port: 54}' }))
  await world.apply(wish('other', { ask: DNS, port: '{port: 55}' }).replace('namespace: default', 'namespace: other'))
  for (const name of ['tcp', 'udp', 'old', 'other']) assert.equal(given(world, name), '10.9.9.9', name)

  const local = 'externalTrafficPolicy: Local\n  selector: {app: a}'
  const refused: readonly (readonly [name: string, yaml: string, says: RegExp])[] = [
    [
      'port',
      wish('port', { ask: DNS, port: '{port: 53, protocol: TCP}' }),
      /^already_allocated_incompatible_service: .*TCP 53/,
    ],
    ['key', wish('key', { ask: { ...DNS, 'allow-shared-ip': 'x' }, port: '{port: 56}' }), /different sharing key/],
    ['policy', wish('policy', { ask: DNS, port: '{port: 57}', more: local }), /different ExternalTrafficPolicy/],
    [
      'empty',
      wish('empty', { ask: { ...DNS, 'allow-shared-ip': '' }, port: '{port: 58}' }),
      /^already_allocated: 10\.9\.9\.9 is held by/,
    ],
  ]
  for (const [name, yaml, says] of refused) {
    await world.apply(yaml)
    assert.equal(given(world, name), '', name)
    assert.match(reason(world, name), says, name)
  }
  await world.pass()
  assert.deepEqual(statusOf(world, 'one'), { assignedIPv4: 1, assignedIPv6: 0, availableIPv4: 0, availableIPv6: 0 })
  assert.ok(eventsOf(world).some((event) => event.startsWith('Warning AllocationFailed port: ')))
})

test('a shared address is free again when its last Service goes, and not before', async (t) => {
  const world = await begin(t, ONE)
  await world.apply(wish('a', { ask: DNS, port: '{port: 53}' }) + wish('b', { ask: DNS, port: '{port: 54}' }))
  await world.apply(wish('waits', { ask: { loadBalancerIPs: '10.9.9.9' } }))
  await world.remove(SERVICES, 'a', 'default')
  assert.deepEqual([given(world, 'b'), given(world, 'waits')], ['10.9.9.9', ''])
  await world.remove(SERVICES, 'b', 'default')
  assert.equal(given(world, 'waits'), '10.9.9.9')
})

test('lower priorities go first, 0 and none last, and the next pool serves when one is full', async (t) => {
  const pool = (name: string, net: number, allocation: string): string =>
    addressPoolYaml(name, `10.0.${net}.1/32`, `serviceAllocation: {${allocation}}`)
  const world = await begin(
    t,
    pool('zero', 4, 'priority: 0, namespaces: [default]') +
      pool('second', 2, 'priority: 20') +
      pool('first', 1, 'priority: 3, namespaces: [default, other]') +
      pool('third', 3, 'priority: 100, namespaceSelectors: [{}]') +
      addressPoolYaml('none', '10.0.5.1/32') +
      '{apiVersion: v1, kind: Namespace, metadata: {name: default}}',
  )
  for (const [index, pooled] of ['first', 'second', 'third', 'zero', 'none'].entries()) {
    await world.apply(wish(`s${index}`))
    await world.pass()
    assert.equal(allocatedFrom(service(world, `s${index}`)), pooled)
  }
  await world.apply(wish('late'))
  assert.match(reason(world, 'late'), /^out_of_ips: /)
})

test('a pool with autoAssign false gives to who asks for it or for an address of it, in any spelling, and to nobody else', async (t) => {
  const world = await begin(t, addressPoolYaml('dear', '10.5.0.0/28', 'autoAssign: false'))
  await world.apply(wish('plain'))
  assert.match(reason(world, 'plain'), /gives addresses only to Services that ask for it \(autoAssign: false\)/)
  const asking: readonly (readonly [name: string, Wish])[] = [
    ['a', { ask: { 'address-pool': 'dear' } }],
    ['b', { ask: { 'metallb.universe.tf/address-pool': 'dear' } }],
    ['c', { ask: { 'balise.io/pool': 'metallb-system/dear' } }],
    ['d', { ask: { loadBalancerIPs: '10.5.0.9' } }],
    ['e', { ask: { 'lbipam.cilium.io/ips': '10.5.0.10' } }],
    ['f', { more: 'loadBalancerIP: 10.5.0.11' }],
  ]
  for (const [name, asked] of asking) await world.apply(wish(name, asked))
  assert.deepEqual(
    asking.map(([name]) => given(world, name)),
    ['10.5.0.0', '10.5.0.1', '10.5.0.2', '10.5.0.9', '10.5.0.10', '10.5.0.11'],
  )
  assert.equal(given(world, 'plain'), '')
})

test('pool and address at once must agree, and a request that cannot be met gets nothing else instead', async (t) => {
  const tenant = addressPoolYaml('tenant', '10.6.0.0/29', 'serviceAllocation: {namespaces: [other]}')
  const world = await begin(t, addressPoolYaml('blue', '10.5.0.0/28', 'avoidBuggyIPs: true') + tenant)
  const cases: readonly (readonly [name: string, ask: Wish, ip: string, says: RegExp])[] = [
    ['both', { ask: { 'address-pool': 'blue', loadBalancerIPs: '10.5.0.5' } }, '10.5.0.5', /^satisfied/],
    [
      'apart',
      { ask: { 'address-pool': 'tenant', loadBalancerIPs: '10.5.0.6' } },
      '',
      /^no_pool: .*tenant does not contain it/,
    ],
    ['foreign', { ask: { 'address-pool': 'tenant' } }, '', /^no_pool: .*tenant is for namespaces other only/],
    ['theirs', { ask: { loadBalancerIPs: '10.6.0.1' } }, '', /^pool_selector_mismatch: /],
    ['unknown', { ask: { 'address-pool': 'green' } }, '', /^no_pool: There is no pool green: ask for one of/],
    ['outside', { ask: { loadBalancerIPs: '172.16.0.1' } }, '', /^no_pool: /],
    [
      'buggy',
      { ask: { loadBalancerIPs: '10.5.0.0' } },
      '',
      /blue keeps it back, for it ends in \.0 or \.255 \(avoidBuggyIPs: true\)/,
    ],
    ['field', { ask: { loadBalancerIPs: '10.5.0.7' }, more: 'loadBalancerIP: 10.5.0.8' }, '', /^invalid_request: /],
  ]
  for (const [name, ask, ip, says] of cases) {
    await world.apply(wish(name, ask))
    assert.equal(given(world, name), ip, name)
    assert.match(reason(world, name), says, name)
  }
})

test('who asks for another pool or another address moves there, and has none while that cannot be had', async (t) => {
  const world = await begin(t, addressPoolYaml('blue', '10.5.0.0/30') + addressPoolYaml('green', '10.6.0.1/32'))
  const move = async (asked: Wish): Promise<string> => {
    await world.apply(wish('web', asked))
    await world.pass(2_000)
    return `${given(world, 'web')} ${allocatedFrom(service(world, 'web'))}`
  }
  assert.equal(await move({ ask: { 'address-pool': 'blue' } }), '10.5.0.0 blue')
  assert.equal(await move({ ask: { 'address-pool': 'green' } }), '10.6.0.1 green')
  assert.equal(await move({ ask: { loadBalancerIPs: '10.5.0.2' } }), '10.5.0.2 blue')
  assert.equal(await move({}), '10.5.0.2 blue')
  await world.apply(wish('first', { ask: { 'address-pool': 'green' } }))
  assert.equal(await move({ ask: { 'address-pool': 'green' } }), ' undefined')
})

test('two families come from one pool that has both, one family of it is told, and an additional one comes later', async (t) => {
  const world = await begin(
    t,
    addressPoolYaml('dual', '10.5.0.0/30, "fd00:5::/126"') +
      addressPoolYaml('four', '10.6.0.0/30', 'autoAssign: false'),
  )
  await world.apply(dualStack(wish('all'), 'RequireDualStack'))
  await world.apply(dualStack(wish('v6first'), 'RequireDualStack').replace('[IPv4, IPv6]', '[IPv6, IPv4]'))
  await world.apply(dualStack(wish('named', { ask: { loadBalancerIPs: 'fd00:5::3, 10.5.0.3' } }), 'PreferDualStack'))
  await world.apply(dualStack(wish('half', { ask: { 'address-pool': 'four' } }), 'PreferDualStack'))
  await world.apply(dualStack(wish('strict', { ask: { loadBalancerIPs: '10.5.0.2' } }), 'RequireDualStack'))
  await world.pass()
  assert.deepEqual(
    ['all', 'v6first', 'named', 'half', 'strict'].map((name) => given(world, name)),
    ['10.5.0.0,fd00:5::', 'fd00:5::1,10.5.0.1', 'fd00:5::3,10.5.0.3', '10.6.0.0', ''],
  )
  assert.match(reason(world, 'strict'), /^invalid_request: .*asks for an IPv4 address only/)
  assert.ok(
    eventsOf(world).some((event) =>
      event.startsWith('Normal AdditionalAssignFailed half: cannot assign additional IP'),
    ),
  )
  assert.deepEqual(statusOf(world, 'dual'), { assignedIPv4: 3, assignedIPv6: 3, availableIPv4: 1, availableIPv6: 1 })
  await world.apply(addressPoolYaml('four', '10.6.0.0/30, "fd00:6::/126"', 'autoAssign: false'))
  await world.pass()
  assert.equal(given(world, 'half'), '10.6.0.0,fd00:6::')
})

test('a pool that changes under its Services moves those alone that it no longer has, or is no longer for', async (t) => {
  const world = await begin(t, addressPoolYaml('blue', '10.5.0.0/29'))
  const show = (): string => ['a', 'b', 'c'].map((name) => given(world, name)).join(' ')
  const change = async (yaml: string): Promise<string> => {
    await world.apply(yaml)
    await world.pass(2_000)
    return show()
  }
  assert.equal(await change(wish('a') + wish('b') + wish('c')), '10.5.0.0 10.5.0.1 10.5.0.2')
  assert.equal(await change(addressPoolYaml('spare', '10.7.0.0/29')), '10.5.0.0 10.5.0.1 10.5.0.2')
  assert.equal(await change(addressPoolYaml('blue', '10.5.0.0/29', 'autoAssign: false')), '10.5.0.0 10.5.0.1 10.5.0.2')
  assert.equal(
    await change(addressPoolYaml('blue', '10.5.0.0/29', 'avoidBuggyIPs: true')),
    '10.5.0.3 10.5.0.1 10.5.0.2',
  )
  assert.equal(await change(addressPoolYaml('blue', '10.5.0.0-10.5.0.2')), '10.5.0.0 10.5.0.1 10.5.0.2')
  const closed = addressPoolYaml('blue', '10.5.0.0/29', 'serviceAllocation: {namespaces: [other]}')
  assert.equal(await change(closed), '10.7.0.0 10.7.0.1 10.7.0.2')
  await world.pass()
  assert.deepEqual(statusOf(world, 'blue'), { assignedIPv4: 0, assignedIPv6: 0, availableIPv4: 8, availableIPv6: 0 })
  assert.equal(allocatedFrom(service(world, 'a')), 'spare')
})

test('a pool that is split, or given another name in one apply, moves nobody', async (t) => {
  const world = await begin(t, addressPoolYaml('blue', '10.5.0.0/29') + wish('a') + wish('b'))
  await world.pass()
  const parts = [addressPoolYaml('low', '10.5.0.0/32'), addressPoolYaml('high', '10.5.0.1-10.5.0.7')]
  for (const object of parseYaml(parts.join(''))) world.api.put(object)
  await world.api.delete(ADDRESS_POOLS, { name: 'blue', namespace: METALLB_NAMESPACE })
  await world.pass(3_000)
  const [a, b] = ['a', 'b'].map((name) => service(world, name))
  const held = [a, b].map((one) => `${addressesOf(one).join()} ${allocatedFrom(one)}`).toSorted()
  assert.deepEqual(held, ['10.5.0.0 low', '10.5.0.1 high'])
  assert.ok(!eventsOf(world).some((event) => event.includes('instead of') || event.includes('IPReleased')))
})

test('annotations of both dialects on one Service: the higher says what address, and a pool of the other must have it', async (t) => {
  const world = await begin(t, poolYaml('blue', '10.1.0.1', '10.1.0.3') + addressPoolYaml('blue', '10.2.0.0/30'))
  const both = (cilium: string, metallb: Readonly<Record<string, string>>): Wish => ({
    ask: { 'lbipam.cilium.io/ips': cilium, ...metallb },
  })
  await world.apply(wish('a', both('10.1.0.2', { loadBalancerIPs: '10.2.0.2' })))
  await world.apply(wish('b', both('10.2.0.1', { 'address-pool': 'metallb-system/blue' })))
  await world.apply(wish('c', both('10.1.0.3', { 'address-pool': 'metallb-system/blue' })))
  assert.deepEqual(
    ['a', 'b', 'c'].map((name) => given(world, name)),
    ['10.1.0.2', '10.2.0.1', ''],
  )
  assert.match(reason(world, 'a'), /metallb\.io\/loadBalancerIPs.* is ignored, because lbipam\.cilium\.io\/ips/)
  assert.match(reason(world, 'c'), /^no_pool: .*metallb-system\/blue does not contain it/)
})
