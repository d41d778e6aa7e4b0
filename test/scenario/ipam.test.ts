import assert from 'node:assert/strict'
import { test } from 'node:test'
import { POOLS, SERVICES } from '#ports/kube-resources.ts'
import { conditionOf, createOperatorWorld, eventsOf, poolYaml, serviceYaml } from './operator-world.ts'

const LAB = poolYaml('lab', '192.168.10.75', '192.168.10.78')

const bad = (name: string, blocks: string, more = ''): string => `
apiVersion: cilium.io/v2
kind: CiliumLoadBalancerIPPool
metadata: {name: ${name}}
spec:
  blocks: ${blocks}
  ${more}
---
`

test('ipam names every mistake of a pool in its status, and other pools go on', async (t) => {
  const world = await createOperatorWorld()
  t.after(() => world.close())
  await world.apply(
    bad('backwards', '[{start: 192.168.10.78, stop: 192.168.10.75}]') +
      bad('cidr', '[{cidr: 192.168.10.0/33}, {cidr: 10.1.0.0/30}]') +
      bad('mixed', '[{start: 192.168.10.1, stop: "fd00::1"}]') +
      bad('selector', '[{cidr: 10.2.0.0/30}]', 'serviceSelector: {matchExpressions: [{key: app, operator: Is}]}') +
      LAB,
  )
  await world.apply(serviceYaml('web'))
  assert.equal(
    world.show(),
    `pool backwards: total 0, available 0, used 0
  mistakes: spec.blocks[0].start "192.168.10.78" is after stop 192.168.10.75: write the lower address as start and the higher as stop
pool cidr: total 4, available 3, used 1
  mistakes: spec.blocks[0].cidr "192.168.10.0/33" is not a CIDR: write an address, a slash and a length: 192.168.10.64/28 (length 0 to 32) or fd00::/64 (length 0 to 128)
pool lab: total 4, available 4, used 0
pool mixed: total 0, available 0, used 0
  mistakes: spec.blocks[0].start "192.168.10.1" is IPv4, but stop fd00::1 is IPv6: write both of one family; a pool may have one block for each
pool selector: total 0, available 0, used 0
  mistakes: spec.serviceSelector.matchExpressions[0].operator "Is" is no operator: write one of In, NotIn, Exists, DoesNotExist
service default/web: 10.1.0.0, satisfied`,
  )
})

test('ipam takes no address away while a pool has a mistake, also over a restart', async (t) => {
  const world = await createOperatorWorld()
  t.after(() => world.close())
  await world.apply(LAB + serviceYaml('web'))
  await world.apply(bad('lab', '[{start: 192.168.10.78, stop: 192.168.10.75}]'))
  await world.restart()
  await world.apply(serviceYaml('new'))
  assert.equal(
    world.show(),
    `pool lab: total 0, available 0, used 0
  mistakes: spec.blocks[0].start "192.168.10.78" is after stop 192.168.10.75: write the lower address as start and the higher as stop
service default/new: <pending>, no_pool
  No pool gives an IPv4 address to this Service. Pool lab has mistakes (kubectl describe of it lists them). Mend the mistakes of the pool, or create a CiliumLoadBalancerIPPool
service default/web: 192.168.10.75, satisfied`,
  )
  await world.apply(bad('lab', '[{start: 192.168.10.76, stop: 192.168.10.78}]'))
  assert.equal(
    world.show(),
    `pool lab: total 3, available 1, used 2
service default/new: 192.168.10.77, satisfied
service default/web: 192.168.10.76, satisfied`,
  )
})

test('ipam points to the mistakes of a pool of which it is not known whom it is for, also when it is asked for by name', async (t) => {
  const world = await createOperatorWorld()
  t.after(() => world.close())
  await world.apply(
    bad('odd', '[{cidr: 10.2.0.0/30}]', 'serviceSelector: {matchExpressions: [{key: app, operator: Is}]}') +
      bad('typo', '[{cidr: 10.3.0.0/33}]'),
  )
  await world.apply(serviceYaml('any') + serviceYaml('named', '', 'annotations: {balise.io/pool: odd}'))
  const messageOf = (name: string): string =>
    conditionOf(world.object(SERVICES, name), 'cilium.io/IPAMRequestSatisfied')?.message ?? ''
  assert.equal(
    messageOf('any'),
    'No pool gives an IPv4 address to this Service. Pool odd has mistakes (kubectl describe of it lists them); Pool typo has mistakes (kubectl describe of it lists them). Mend the mistakes of the pool, or create a CiliumLoadBalancerIPPool',
  )
  assert.equal(
    messageOf('named'),
    'No pool gives an IPv4 address to this Service. Pool odd has mistakes (kubectl describe of it lists them). Mend the mistakes of the pool, or create a CiliumLoadBalancerIPPool',
  )
})

test('ipam marks the newer of two pools that overlap, and uses it when the older is gone', async (t) => {
  const world = await createOperatorWorld()
  t.after(() => world.close())
  await world.apply(poolYaml('z-old', '192.168.10.75', '192.168.10.76'))
  await world.apply(poolYaml('a-new', '192.168.10.76', '192.168.10.77') + serviceYaml('web') + serviceYaml('www'))
  await world.apply(serviceYaml('more'))
  assert.equal(
    world.show(),
    `pool a-new: total 2, available 1, used 1
  cidr_overlap: Pool conflicts since range '192.168.10.76 - 192.168.10.77' overlaps range '192.168.10.75 - 192.168.10.76' from IP Pool 'z-old'
pool z-old: total 2, available 0, used 2
service default/more: <pending>, out_of_ips
  No IPv4 address is free. Pool a-new gives out nothing, for it overlaps another pool (kubectl describe of the pool says which); Pool z-old is full. Add addresses to a pool, or delete a Service of type LoadBalancer
service default/web: 192.168.10.75, satisfied
service default/www: 192.168.10.76, satisfied`,
  )
  await world.remove(POOLS, 'z-old')
  assert.equal(
    world.show(),
    `pool a-new: total 2, available 0, used 2
service default/more: <pending>, out_of_ips
  No IPv4 address is free. Pool a-new is full. Add addresses to a pool, or delete a Service of type LoadBalancer
service default/web: 192.168.10.77, satisfied
service default/www: 192.168.10.76, satisfied`,
  )
})

test('ipam keeps every address when a pool is grown, split or renamed', async (t) => {
  const world = await createOperatorWorld()
  t.after(() => world.close())
  await world.apply(LAB + serviceYaml('a') + serviceYaml('b') + serviceYaml('c'))
  const services = (): string =>
    world
      .show()
      .split('\n')
      .filter((line) => line.startsWith('service'))
      .join('\n')
  const before = services()
  await world.apply(poolYaml('lab', '192.168.10.70', '192.168.10.90'))
  assert.equal(services(), before)
  await world.apply(
    bad('lab', '[{start: 192.168.10.76, stop: 192.168.10.78}, {start: 192.168.10.70, stop: 192.168.10.75}]'),
  )
  assert.equal(services(), before)
  await world.apply(poolYaml('renamed', '192.168.10.70', '192.168.10.90'))
  await world.remove(POOLS, 'lab')
  assert.equal(services(), before)
})

test('ipam lets a disabled pool keep its holders over a restart', async (t) => {
  const world = await createOperatorWorld()
  t.after(() => world.close())
  await world.apply(LAB + serviceYaml('web'))
  await world.apply(poolYaml('lab', '192.168.10.75', '192.168.10.78', 'disabled: true') + serviceYaml('new'))
  await world.restart()
  assert.equal(
    world.show(),
    `pool lab: total 4, available 3, used 1
service default/new: <pending>, no_pool
  No pool gives an IPv4 address to this Service. Pool lab is disabled. Set spec.disabled: false in the pool, or create a CiliumLoadBalancerIPPool
service default/web: 192.168.10.75, satisfied`,
  )
})

test('ipam serves only the Services that a pool selects, and frees the address of one that it no longer does', async (t) => {
  const world = await createOperatorWorld()
  t.after(() => world.close())
  const selector = 'serviceSelector: {matchLabels: {app: blue}}'
  await world.apply(poolYaml('blue', '192.168.10.75', '192.168.10.75', selector))
  await world.apply(serviceYaml('first', '', 'labels: {app: blue}') + serviceYaml('second', '', 'labels: {app: red}'))
  assert.equal(
    world.show(),
    `pool blue: total 1, available 0, used 1
service default/first: 192.168.10.75, satisfied
service default/second: <pending>, no_pool
  No pool gives an IPv4 address to this Service. Pool blue selects app=blue only. Give this Service what the pool asks for, or create a CiliumLoadBalancerIPPool`,
  )
  await world.apply(serviceYaml('second', '', 'labels: {app: blue}'))
  await world.apply(serviceYaml('first', '', 'labels: {app: red}'))
  assert.match(world.show(), /first: <pending>, no_pool\n[^\n]*\nservice default\/second: 192\.168\.10\.75, satisfied/)
})

test('ipam selects by the keys for name and namespace, which no label can forge', async (t) => {
  const world = await createOperatorWorld()
  t.after(() => world.close())
  const selector = 'serviceSelector: {matchLabels: {io.kubernetes.service.namespace: shop}}'
  await world.apply(poolYaml('shop', '192.168.10.75', '192.168.10.75', selector))
  await world.apply(serviceYaml('web', '', 'labels: {io.kubernetes.service.namespace: shop}'))
  assert.match(world.show(), /default\/web: <pending>, no_pool/)
})

test('ipam gives the address that an annotation or loadBalancerIP asks for', async (t) => {
  const world = await createOperatorWorld()
  t.after(() => world.close())
  await world.apply(LAB)
  await world.apply(
    serviceYaml('a', '', 'annotations: {lbipam.cilium.io/ips: "192.168.10.78"}') +
      serviceYaml('b', 'loadBalancerIP: 192.168.10.77') +
      serviceYaml('c', 'loadBalancerIP: 192.168.10.300'),
  )
  assert.equal(
    world.show(),
    `pool lab: total 4, available 2, used 2
service default/a: 192.168.10.78, satisfied
service default/b: 192.168.10.77, satisfied
service default/c: <pending>, invalid_request
  spec.loadBalancerIP "192.168.10.300" is not an IP address: write an address like 192.168.10.75 or fd00::75`,
  )
})

test('ipam tells who asks for an address of a pool for others whom that is for, and gives nothing else instead', async (t) => {
  const world = await createOperatorWorld()
  t.after(() => world.close())
  const selector = 'serviceSelector: {matchLabels: {color: blue}}'
  await world.apply(LAB + poolYaml('blue', '192.168.10.90', '192.168.10.90', selector))
  await world.apply(serviceYaml('web', '', 'annotations: {lbipam.cilium.io/ips: "192.168.10.90"}'))
  assert.equal(
    world.show(),
    `pool blue: total 1, available 1, used 0
pool lab: total 4, available 4, used 0
service default/web: <pending>, pool_selector_mismatch
  192.168.10.90 is in a pool for other Services. Pool blue selects color=blue only. Give this Service what the pool asks for, change whom the pool is for, or ask for another address`,
  )
  await world.apply(
    serviceYaml('web', '', 'annotations: {lbipam.cilium.io/ips: "192.168.10.90"}, labels: {color: blue}'),
  )
  assert.match(world.show(), /default\/web: 192\.168\.10\.90, satisfied/)
})

test('ipam says which pools there are when a Service asks for one that there is not', async (t) => {
  const world = await createOperatorWorld()
  t.after(() => world.close())
  await world.apply(LAB + serviceYaml('web', '', 'annotations: {metallb.io/address-pool: labor}'))
  assert.equal(
    world.show(),
    `pool lab: total 4, available 4, used 0
service default/web: <pending>, no_pool
  There is no pool labor: ask for one of lab`,
  )
})

test('ipam serves class io.cilium/l2-announcer and leaves other classes alone', async (t) => {
  const world = await createOperatorWorld()
  t.after(() => world.close())
  await world.apply(LAB)
  await world.apply(
    serviceYaml('l2', 'loadBalancerClass: io.cilium/l2-announcer') +
      serviceYaml('x', 'loadBalancerClass: example.com/x'),
  )
  assert.equal(
    world.show(),
    `pool lab: total 4, available 3, used 1
service default/l2: 192.168.10.75, satisfied
service default/x: <pending>, no condition`,
  )
})

test('ipam reads the old shape with cidrs', async (t) => {
  const world = await createOperatorWorld()
  t.after(() => world.close())
  await world.apply(bad('old', '[]', 'cidrs: [{cidr: 10.0.0.0/30}]') + serviceYaml('web'))
  assert.match(world.show(), /^pool old: total 4, available 3, used 1\nservice default\/web: 10\.0\.0\.0, satisfied/)
})

test('ipam tells of a move in an Event', async (t) => {
  const world = await createOperatorWorld()
  t.after(() => world.close())
  await world.apply(LAB + serviceYaml('web'))
  await world.apply(poolYaml('lab', '192.168.10.80', '192.168.10.81'))
  await world.remove(POOLS, 'lab')
  assert.deepEqual(eventsOf(world), [
    'Normal IPAllocated web: Assigned 192.168.10.75',
    'Normal IPAllocated web: Assigned 192.168.10.80 instead of 192.168.10.75',
    'Normal IPReleased web: Released 192.168.10.80',
    'Warning AllocationFailed web: There is no pool to take an IPv4 address from: create a CiliumLoadBalancerIPPool with free addresses of your network in spec.blocks',
  ])
})
