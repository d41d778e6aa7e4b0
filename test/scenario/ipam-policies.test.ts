import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { POOL_POLICIES, SERVICES } from '#ports/kube-resources.ts'
import { createScenario } from './harness.ts'
import {
  addressesOf,
  conditionOf,
  createOperatorWorld,
  eventsOf,
  type OperatorWorld,
  poolYaml,
  serviceYaml,
} from './operator-world.ts'

const LAB = poolYaml('lab', '192.168.10.75', '192.168.10.79')
const HOLDS = /Nobody loses an address for that/

async function worldWith(t: TestContext, yaml: string): Promise<OperatorWorld> {
  const world = await createOperatorWorld()
  t.after(() => world.close())
  await world.apply(yaml)
  return world
}

function policyYaml(spec: string, name = 'rules'): string {
  return `
apiVersion: balise.io/v1alpha1
kind: LoadBalancerIPPoolPolicy
metadata: {name: ${name}}
spec: {${spec}}
---
`
}

function namespaceYaml(name: string, labels: string): string {
  return `
apiVersion: v1
kind: Namespace
metadata: {name: ${name}, labels: {${labels}}}
---
`
}

const asking = (ip: string): string => `annotations: {lbipam.cilium.io/ips: "${ip}"}`

/** `True valid: message` of the policy `rules`. */
function told(world: OperatorWorld, type: string): string {
  const condition = conditionOf(world.object(POOL_POLICIES, 'rules'), type)
  return condition === undefined ? 'nothing' : `${condition.status} ${condition.reason}: ${condition.message}`
}

function usedBy(world: OperatorWorld): unknown {
  return (world.object(POOL_POLICIES, 'rules')?.['status'] as Record<string, unknown> | undefined)?.['namespaces']
}

test('ipam gives out no reserved address, and tells who asks for one what it is for', async (t) => {
  const policy = policyYaml('reserved: [{start: 192.168.10.75, stop: 192.168.10.76, reason: printers}]')
  const world = await worldWith(t, LAB + policy + serviceYaml('web') + serviceYaml('asks', '', asking('192.168.10.75')))
  assert.equal(
    world.show(),
    `pool lab: total 5, available 2, used 3
service default/asks: <pending>, address_reserved
  192.168.10.75 is reserved by LoadBalancerIPPoolPolicy rules (printers). Ask for another address, or change reserved in that policy
service default/web: 192.168.10.77, satisfied`,
  )
  assert.ok(
    eventsOf(world).some((event) => event.startsWith('Warning AllocationFailed asks: 192.168.10.75 is reserved')),
  )
  assert.equal(told(world, 'balise.io/Valid'), 'True valid: ')
  assert.equal(told(world, 'balise.io/Respected'), 'True respected: ')
  await world.apply(policyYaml('reserved: [{start: 192.168.10.75, requestable: true}]'))
  assert.deepEqual(addressesOf(world.object(SERVICES, 'asks')), ['192.168.10.75'])
  assert.equal(told(world, 'balise.io/Respected'), 'True respected: ')
})

test('ipam lets everybody keep what a new policy would not have given, also over a restart, and says so', async (t) => {
  const world = await worldWith(t, LAB + serviceYaml('a') + serviceYaml('b'))
  const before = [['192.168.10.75'], ['192.168.10.76']]
  await world.apply(policyYaml('reserved: [{address: 192.168.10.75}], quotas: [{maxAddresses: 1}]'))
  const shown = (): unknown => ['a', 'b'].map((name) => addressesOf(world.object(SERVICES, name)))
  assert.deepEqual(shown(), before)
  assert.match(
    told(world, 'balise.io/Respected'),
    /^False held_before: Namespace default has 2 addresses, maxAddresses is 1/,
  )
  assert.match(told(world, 'balise.io/Respected'), /192\.168\.10\.75 is held by default\/a/)
  assert.match(told(world, 'balise.io/Respected'), HOLDS)
  await world.restart()
  assert.deepEqual(shown(), before)
  await world.apply(serviceYaml('c'))
  assert.match(
    world.show(),
    /default\/c: <pending>, quota_exceeded\n {2}No IPv4 address for this Service: its namespace has all/,
  )
  await world.remove(SERVICES, 'a', 'default')
  await world.remove(SERVICES, 'b', 'default')
  assert.deepEqual(addressesOf(world.object(SERVICES, 'c')), ['192.168.10.76'])
  await world.pass()
  assert.equal(told(world, 'balise.io/Respected'), 'True respected: ')
})

test('ipam tells a policy what each namespace has', async (t) => {
  const shop = serviceYaml('a').replace('namespace: default', 'namespace: shop')
  const quotas = 'quotas: [{namespaces: [shop], maxServices: 1}, {maxAddresses: 5}]'
  const world = await worldWith(t, LAB + policyYaml(quotas) + serviceYaml('a') + serviceYaml('b') + shop)
  assert.deepEqual(usedBy(world), [
    { namespace: 'shop', addresses: 1, services: 1, maxServices: 1 },
    { namespace: 'default', addresses: 2, maxAddresses: 5, services: 2 },
  ])
  const patches = (): number =>
    world.api.requests.filter(({ verb, resource }) => verb === 'patch' && resource.plural === POOL_POLICIES.plural)
      .length
  const before = patches()
  await world.restart()
  await world.pass(120_000)
  assert.equal(patches(), before)
  for (const name of ['a', 'b']) await world.remove(SERVICES, name, 'default')
  await world.pass()
  assert.deepEqual(usedBy(world), [{ namespace: 'shop', addresses: 1, services: 1, maxServices: 1 }])
})

test('ipam applies quotas by the labels that namespaces have by now', async (t) => {
  const quota = policyYaml('quotas: [{namespaceSelector: {matchLabels: {team: a}}, maxServices: 1}]')
  const world = await worldWith(t, namespaceYaml('default', 'team: a') + LAB + quota)
  await world.apply(serviceYaml('a') + serviceYaml('b'))
  assert.match(world.show(), /default\/b: <pending>, quota_exceeded/)
  await world.apply(namespaceYaml('default', 'team: b'))
  assert.match(world.show(), /default\/b: 192\.168\.10\.76, satisfied/)
})

test('ipam tells every mistake of a policy on it, and the rest is in force', async (t) => {
  const reserved = 'reserved: [{address: 192.168.10}, {address: 192.168.10.75}]'
  const world = await worldWith(t, LAB + policyYaml(`pools: [lab, lap], ${reserved}`) + serviceYaml('a'))
  assert.deepEqual(addressesOf(world.object(SERVICES, 'a')), ['192.168.10.76'])
  assert.equal(
    told(world, 'balise.io/Valid'),
    'False mistakes: spec.reserved[0].address "192.168.10" is not an IP address: write an address like 192.168.10.75 or fd00::75. spec.pools[1] "lap" is the name of no pool: name one that exists, there are lab',
  )
  await world.apply(policyYaml('pools: Lab, reserved: [{address: 192.168.10.75}]'))
  assert.match(told(world, 'balise.io/Valid'), /^False mistakes: spec.pools "Lab" is not a list/)
  assert.equal(told(world, 'balise.io/Respected'), 'nothing')
})

test('ipam works where the kind of policies is not installed, and finds it when it is', async (t) => {
  const scenario = createScenario()
  const absent = { plural: POOL_POLICIES.plural, outcome: { code: 'NotFound', message: 'No such kind' } } as const
  const install = scenario.api.inject(absent)
  const world = await createOperatorWorld(scenario)
  t.after(() => world.close())
  await world.apply(LAB + serviceYaml('web'))
  assert.deepEqual(addressesOf(world.object(SERVICES, 'web')), ['192.168.10.75'])
  assert.deepEqual(world.operator().status().missing, [])
  assert.deepEqual(
    world.log.lines.filter(({ level }) => level === 'warn' || level === 'error'),
    [],
  )
  install()
  await world.apply(policyYaml('reserved: [{start: 192.168.10.76, stop: 192.168.10.78}]'))
  await world.pass(31_000)
  await world.apply(serviceYaml('more'))
  assert.deepEqual(addressesOf(world.object(SERVICES, 'more')), ['192.168.10.79'])
})

const KEY = 'lbipam.cilium.io/sharing-key: k'
const sharer = (name: string, port: number, ip = ''): string =>
  serviceYaml(name, '', `annotations: {${KEY}${ip === '' ? '' : `, lbipam.cilium.io/ips: ${ip}`}}`).replace(
    'port: 80',
    `port: ${port}`,
  )

function shownBy(world: OperatorWorld, ...names: readonly string[]): readonly string[] {
  return names.map((name) => addressesOf(world.object(SERVICES, name)).join(' '))
}

function reasonOf(world: OperatorWorld, name: string): string | undefined {
  return conditionOf(world.object(SERVICES, name), 'cilium.io/IPAMRequestSatisfied')?.reason
}

test('ipam counts an address that Services of a namespace share once, and the Services each', async (t) => {
  const world = await worldWith(t, LAB + policyYaml('quotas: [{maxAddresses: 1, maxServices: 3}]'))
  await world.apply(sharer('a', 80) + sharer('b', 81) + serviceYaml('other'))
  // One more address is one too many, one more Service at the same address is not.
  assert.deepEqual(shownBy(world, 'a', 'b', 'other'), ['192.168.10.75', '192.168.10.75', ''])
  assert.equal(reasonOf(world, 'other'), 'quota_exceeded')
  await world.apply(sharer('c', 82) + sharer('d', 83) + sharer('e', 84, '192.168.10.75'))
  assert.deepEqual(shownBy(world, 'c', 'd', 'e'), ['', '', '192.168.10.75'])
  assert.equal(reasonOf(world, 'c'), 'quota_exceeded')
  assert.deepEqual(usedBy(world), [
    { namespace: 'default', addresses: 1, maxAddresses: 1, services: 3, maxServices: 3 },
  ])
  await world.remove(SERVICES, 'a', 'default')
  assert.deepEqual(shownBy(world, 'b', 'c', 'd', 'e'), ['192.168.10.75', '192.168.10.75', '', '192.168.10.75'])
})

test('ipam lets sharers keep their address when the quota falls below what they use, and gives again when it rises', async (t) => {
  const world = await worldWith(t, LAB + sharer('a', 80) + sharer('b', 81))
  await world.apply(sharer('c', 82, '192.168.10.78'))
  const before = ['192.168.10.75', '192.168.10.75', '192.168.10.78']
  assert.deepEqual(shownBy(world, 'a', 'b', 'c'), before)
  await world.apply(policyYaml('quotas: [{maxAddresses: 1, maxServices: 1}]'))
  await world.restart()
  assert.deepEqual(shownBy(world, 'a', 'b', 'c'), before)
  assert.match(
    told(world, 'balise.io/Respected'),
    /^False held_before: Namespace default has 2 addresses, maxAddresses is 1\. Namespace default has 3 Services, maxServices is 1\. Nobody loses/,
  )
  // Who changes its port stays where it is: that is no new grant.
  await world.apply(sharer('b', 90) + sharer('d', 83))
  assert.deepEqual(shownBy(world, 'a', 'b', 'c', 'd'), [...before, ''])
  await world.apply(policyYaml('quotas: [{maxAddresses: 2, maxServices: 4}]'))
  assert.deepEqual(shownBy(world, 'a', 'b', 'c', 'd'), [...before, '192.168.10.75'])
  assert.equal(told(world, 'balise.io/Respected'), 'True respected: ')
})

test('ipam holds all of several policies of one pool', async (t) => {
  const two =
    policyYaml(
      'pools: [lab], quotas: [{maxAddresses: 3}], reserved: [{address: 192.168.10.75, requestable: true}]',
      'one',
    ) +
    policyYaml(
      'quotas: [{maxAddresses: 2}], reserved: [{start: 192.168.10.75, stop: 192.168.10.76, reason: routers}]',
      'two',
    )
  const world = await worldWith(t, LAB + two + serviceYaml('asks', '', asking('192.168.10.75')))
  assert.equal(reasonOf(world, 'asks'), 'address_reserved')
  for (const name of ['a', 'b', 'c']) await world.apply(serviceYaml(name))
  assert.deepEqual(shownBy(world, 'a', 'b', 'c'), ['192.168.10.77', '192.168.10.78', ''])
  assert.match(world.show(), /at most 2 addresses \(maxAddresses in LoadBalancerIPPoolPolicy two\)/)
  await world.remove(POOL_POLICIES, 'two')
  assert.deepEqual(shownBy(world, 'asks', 'a', 'b', 'c'), ['192.168.10.75', '192.168.10.77', '192.168.10.78', ''])
  assert.match(world.show(), /at most 3 addresses \(maxAddresses in LoadBalancerIPPoolPolicy one\)/)
})

test('ipam lets who may ask for a reserved address share it with who asks for it too, and nobody else', async (t) => {
  const reserved = 'reserved: [{address: 192.168.10.75, namespaces: [default]}]'
  const world = await worldWith(t, LAB + policyYaml(reserved) + sharer('a', 80, '192.168.10.75'))
  const shop = sharer('shop', 83, '192.168.10.75').replace('namespace: default', 'namespace: shop')
  await world.apply(sharer('b', 81, '192.168.10.75') + sharer('c', 82) + shop)
  assert.deepEqual(shownBy(world, 'a', 'b', 'c'), ['192.168.10.75', '192.168.10.75', '192.168.10.76'])
  assert.equal(reasonOf(world, 'shop'), 'address_reserved')
})
