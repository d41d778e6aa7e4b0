import assert from 'node:assert/strict'
import { test } from 'node:test'
import { formatIp } from '#model/ip.ts'
import type { PoolPolicy } from '#model/pool-policy.ts'
import type { Pool } from '#model/pool.ts'
import type { Labels } from '#model/selector.ts'
import { type Allocation, allocate } from './allocate.ts'
import { countPool } from './pool-conditions.ts'
import { namespaceUses, policyMistakes, respectedCondition } from './policy-status.ts'
import { reservedRanges } from './pools.ts'
import type { Claim } from './request.ts'
import { claim, policy, pool, ports, service, sharing, these, withAddresses } from './samples.fake.ts'
import { serviceCondition } from './service-condition.ts'

interface World {
  readonly pools?: readonly Pool[]
  readonly policies: readonly PoolPolicy[]
  readonly claims: readonly Claim[]
  readonly namespaces?: ReadonlyMap<string, Labels>
}

const LAB = pool('lab', '10.0.0.1-10.0.0.9')

function run({ pools = [LAB], ...rest }: World): Allocation {
  return allocate({ pools, brokenPools: [], ...rest })
}

/** `a: 10.0.0.1 satisfied` */
function show(world: World): readonly string[] {
  return Array.from(run(world).assignments, ([key, assignment]) => {
    const addresses = assignment.addresses.map(formatIp).join() || '-'
    return `${key.replace('default/', '')}: ${addresses} ${serviceCondition(assignment).reason}`
  })
}

function messageOf(world: World, key: string): string {
  const assignment = run(world).assignments.get(key) ?? assert.fail('not ours')
  return serviceCondition(assignment).message
}

const GATEWAY = policy('lab', { reserved: [{ text: '10.0.0.1-10.0.0.2', reason: 'routers' }] })

test('a reserved address is given to nobody, asked for or not', () => {
  const world = { policies: [GATEWAY], claims: [claim(service('a')), claim(service('b'), these('10.0.0.1'))] }
  assert.deepEqual(show(world), ['a: 10.0.0.3 satisfied', 'b: - address_reserved'])
  assert.equal(
    messageOf(world, 'default/b'),
    '10.0.0.1 is reserved by LoadBalancerIPPoolPolicy lab (routers). Ask for another address, or change reserved in that policy',
  )
})

test('a pool that is full but for reserved addresses says who reserves them', () => {
  const claims = [claim(service('a')), claim(service('b'))]
  const messageWith = (text: string): string =>
    messageOf(
      { pools: [pool('tiny', '10.0.0.1-10.0.0.2')], policies: [policy('tiny', { reserved: [{ text }] })], claims },
      'default/b',
    )
  assert.match(
    messageWith('10.0.0.2'),
    /Pool tiny is full but for what is reserved by LoadBalancerIPPoolPolicy tiny\. Add/,
  )
  const claimed = [claim(service('a')), claim(service('b')), claim(service('c'))]
  const elsewhere = {
    pools: [pool('tiny', '10.0.0.1-10.0.0.2')],
    policies: [policy('tiny', { reserved: [{ text: '10.0.9.1' }] })],
    claims: claimed,
  }
  assert.match(messageOf(elsewhere, 'default/c'), /Pool tiny is full\. Add/)
})

test('a reserved address stays with who has it', () => {
  const claims = [claim(withAddresses(service('a'), '10.0.0.1')), claim(service('b'))]
  assert.deepEqual(show({ policies: [GATEWAY], claims }), ['a: 10.0.0.1 satisfied', 'b: 10.0.0.3 satisfied'])
})

test('a requestable address goes to who asks for it, from the namespaces that may', () => {
  const mail = {
    names: ['mail'],
    selector: { requirements: [{ key: 'team', operator: 'In', values: ['m'] }] },
  } as const
  const policies = [
    policy('lab', {
      reserved: [
        { text: '10.0.0.1', requestableBy: mail },
        { text: '10.0.0.2', requestableBy: 'everybody' },
      ],
    }),
  ]
  const claims = ['mail', 'labelled', 'other', 'unknown'].map((namespace) =>
    claim(service('a', { namespace }), { ...these('10.0.0.1'), ...sharing('k', { namespaces: 'all' }) }),
  )
  const namespaces = new Map([
    ['labelled', { team: 'm' }],
    ['other', { team: 'x' }],
    ['mail', {}],
  ])
  const everybody = claim(service('z'), these('10.0.0.2'))
  assert.deepEqual(show({ policies, claims: [...claims, everybody], namespaces }), [
    'z: 10.0.0.2 satisfied',
    'labelled/a: 10.0.0.1 satisfied',
    'mail/a: 10.0.0.1 satisfied',
    'other/a: - address_reserved',
    'unknown/a: - address_reserved',
  ])
  assert.match(
    messageOf({ policies, claims, namespaces }, 'other/a'),
    /; Services of namespace mail or namespaces with team=m may ask for it\./,
  )
})

test('of reservations in one policy the first counts, of several policies all', () => {
  const open = { text: '10.0.0.1', requestableBy: 'everybody' } as const
  const one = policy('one', { reserved: [open, { text: '10.0.0.0/29' }] })
  const claims = [claim(service('a'), these('10.0.0.1')), claim(service('b'), these('10.0.0.2'))]
  assert.deepEqual(show({ policies: [one], claims }), ['a: 10.0.0.1 satisfied', 'b: - address_reserved'])
  assert.deepEqual(show({ policies: [one, GATEWAY], claims }), ['a: - address_reserved', 'b: - address_reserved'])
})

test('nobody comes to a reserved address by sharing it, without asking for it', () => {
  const reserved = [{ text: '10.0.0.1', requestableBy: 'everybody' as const }]
  const a = claim(service('a', ports('TCP/80')), { ...these('10.0.0.1'), ...sharing('k') })
  const b = claim(service('b', ports('TCP/81')), sharing('k'))
  assert.deepEqual(show({ policies: [policy('lab', { reserved })], claims: [a, b] }), [
    'a: 10.0.0.1 satisfied',
    'b: 10.0.0.2 satisfied',
  ])
})

test('a reservation concerns the pools that it names, of both dialects', () => {
  const blue = pool('blue', '10.1.0.1-10.1.0.9', { dialect: 'metallb', namespace: 'metallb-system' })
  const reserved = [{ text: '10.0.0.0/7' }]
  for (const [named, expected] of [
    [['lab'], ['a: 10.1.0.1 satisfied']],
    [['lab', 'blue'], ['a: - out_of_ips']],
    [['metallb-system/blue'], ['a: 10.0.0.1 satisfied']],
  ] as const) {
    const policies = [policy('p', { pools: named, reserved })]
    assert.deepEqual(show({ pools: [LAB, blue], policies, claims: [claim(service('a'))] }), expected)
  }
})

const two = policy('two', { quotas: [{ maxAddresses: 2 }] })

test('a quota counts addresses of each namespace for itself, the oldest Services first', () => {
  const claims = ['a', 'b', 'c'].flatMap((name, index) => [
    claim(service(name, { creationTimestampMs: -index })),
    claim(service(name, { namespace: 'shop' })),
  ])
  const world = { policies: [two], claims }
  assert.deepEqual(show(world).toSorted(), [
    'a: - quota_exceeded',
    'b: 10.0.0.2 satisfied',
    'c: 10.0.0.1 satisfied',
    'shop/a: 10.0.0.3 satisfied',
    'shop/b: 10.0.0.4 satisfied',
    'shop/c: - quota_exceeded',
  ])
  assert.equal(
    messageOf(world, 'default/a'),
    'No IPv4 address for this Service: its namespace has all that it may have. Pool lab has no more for namespace default, at most 2 addresses (maxAddresses in LoadBalancerIPPoolPolicy two). Raise the quota, or delete a Service of type LoadBalancer in this namespace',
  )
})

test('an address that Services of a namespace share counts once, Services count each', () => {
  const sharers = ['a', 'b', 'c'].map((name, index) => claim(service(name, ports(`TCP/8${index}`)), sharing('k')))
  const one = { maxAddresses: 1 }
  assert.deepEqual(show({ policies: [policy('p', { quotas: [one] })], claims: sharers }), [
    'a: 10.0.0.1 satisfied',
    'b: 10.0.0.1 satisfied',
    'c: 10.0.0.1 satisfied',
  ])
  assert.deepEqual(show({ policies: [policy('p', { quotas: [{ ...one, maxServices: 2 }] })], claims: sharers }), [
    'a: 10.0.0.1 satisfied',
    'b: 10.0.0.1 satisfied',
    'c: - quota_exceeded',
  ])
})

test('a quota of Services counts one of two families once', () => {
  const dual = { families: ['IPv4', 'IPv6'], familyPolicy: 'RequireDualStack' } as const
  const pools = [pool('lab', '10.0.0.0/24', 'fd00::/64')]
  const claims = [claim(service('a', dual)), claim(service('b', dual))]
  assert.deepEqual(show({ pools, policies: [policy('p', { quotas: [{ maxServices: 1 }] })], claims }), [
    'a: 10.0.0.0,fd00:: satisfied',
    'b: - quota_exceeded',
  ])
  assert.deepEqual(show({ pools, policies: [policy('p', { quotas: [{ maxAddresses: 3 }] })], claims }), [
    'a: 10.0.0.0,fd00:: satisfied',
    'b: 10.0.0.1 quota_exceeded',
  ])
})

test('a quota takes nothing away from who has more', () => {
  const claims = ['1', '2', '3'].map((name) => claim(withAddresses(service(name), `10.0.0.${name}`)))
  assert.deepEqual(show({ policies: [two], claims }), [
    '1: 10.0.0.1 satisfied',
    '2: 10.0.0.2 satisfied',
    '3: 10.0.0.3 satisfied',
  ])
})

test('a quota of one pool leaves others open, also to who asks for an address', () => {
  const pools = [LAB, pool('more', '10.1.0.1-10.1.0.9')]
  const policies = [policy('p', { pools: ['lab'], quotas: [{ maxAddresses: 1 }] })]
  const claims = [claim(service('a')), claim(service('b')), claim(service('c'), these('10.0.0.5'))]
  assert.deepEqual(show({ pools, policies, claims }), [
    'a: 10.1.0.1 satisfied',
    'b: 10.1.0.2 satisfied',
    'c: 10.0.0.5 satisfied',
  ])
  assert.deepEqual(
    show({ pools, policies, claims: [claims[2], claim(service('d'), these('10.0.0.6'))].flatMap((one) => one ?? []) }),
    ['c: 10.0.0.5 satisfied', 'd: - quota_exceeded'],
  )
})

test('of quotas in one policy the first for a namespace counts, of several policies all', () => {
  const vip = { names: ['vip'], selector: undefined }
  const policies = [policy('p', { quotas: [{ namespaces: vip, maxAddresses: 2 }, { maxAddresses: 1 }] })]
  const claims = ['vip', 'shop'].flatMap((namespace) =>
    ['a', 'b', 'c'].map((name) => claim(service(name, { namespace }))),
  )
  const reasons = (of: readonly PoolPolicy[]): string =>
    show({ policies: of, claims })
      .filter((line) => line.endsWith('satisfied'))
      .map((line) => line.split(':')[0])
      .join(' ')
  assert.equal(reasons(policies), 'shop/a vip/a vip/b')
  assert.equal(reasons([...policies, policy('q', { quotas: [{ maxServices: 1 }] })]), 'shop/a vip/a')
})

test('a quota by labels waits for the labels', () => {
  const selector = { requirements: [{ key: 'team', operator: 'In' as const, values: ['a'] }] }
  const policies = [policy('p', { quotas: [{ namespaces: { names: [], selector }, maxAddresses: 0 }] })]
  const claims = [claim(service('a'))]
  assert.deepEqual(show({ policies, claims }), ['a: - quota_exceeded'])
  assert.deepEqual(show({ policies, claims, namespaces: new Map([['default', { team: 'a' }]]) }), [
    'a: - quota_exceeded',
  ])
  assert.deepEqual(show({ policies, claims, namespaces: new Map([['default', {}]]) }), ['a: 10.0.0.1 satisfied'])
})

test('countPool() counts reserved addresses as used, once, held or not', () => {
  const claims = [claim(withAddresses(service('a'), '10.0.0.1')), claim(withAddresses(service('b'), '10.0.0.5'))]
  const { holdings } = run({ policies: [GATEWAY], claims })
  const reserved = reservedRanges([GATEWAY])
  assert.deepEqual(countPool(LAB, holdings, reserved), { total: 9n, used: 3n, available: 6n })
  const ends = pool('ends', '10.0.0.0/29!')
  assert.deepEqual(countPool(ends, holdings, reserved), { total: 8n, used: 5n, available: 3n })
})

test('respectedCondition() tells who has more, or others, than the policy allows', () => {
  const both = policy('both', {
    reserved: [{ text: '10.0.0.1-10.0.0.2', reason: 'routers' }],
    quotas: [{ maxAddresses: 1, maxServices: 1 }],
  })
  const claims = [claim(withAddresses(service('a'), '10.0.0.1')), claim(withAddresses(service('b'), '10.0.0.5'))]
  const { holdings, usage } = run({ policies: [both], claims })
  const condition = respectedCondition(both, { holdings, usage, asksFor: () => false })
  assert.deepEqual(
    [condition.status, condition.reason, condition.message],
    [
      'False',
      'held_before',
      'Namespace default has 2 addresses, maxAddresses is 1. Namespace default has 2 Services, maxServices is 1. 10.0.0.1 (routers) is held by default/a. Nobody loses an address for that: free it, or change the policy',
    ],
  )
  assert.deepEqual(namespaceUses(both, usage), [
    { namespace: 'default', addresses: 2, maxAddresses: 1, services: 2, maxServices: 1 },
  ])
  const { holdings: none, usage: unused } = run({ policies: [both], claims: [] })
  assert.equal(respectedCondition(both, { holdings: none, usage: unused, asksFor: () => false }).status, 'True')
  assert.deepEqual(namespaceUses(both, unused), [])
})

test('respectedCondition() has nothing against who asked for a requestable address', () => {
  const open = policy('open', { reserved: [{ text: '10.0.0.1', requestableBy: 'everybody' }] })
  const { holdings, usage } = run({ policies: [open], claims: [claim(withAddresses(service('a'), '10.0.0.1'))] })
  assert.equal(respectedCondition(open, { holdings, usage, asksFor: () => true }).status, 'True')
  assert.equal(respectedCondition(open, { holdings, usage, asksFor: () => false }).status, 'False')
})

test('policyMistakes() names pools that there are not', () => {
  const [mistake, ...more] = policyMistakes(policy('p', { pools: ['lab', 'lap'] }), [LAB])
  assert.deepEqual(more, [])
  assert.deepEqual(mistake, {
    path: 'spec.pools[1]',
    value: 'lap',
    problem: 'is the name of no pool',
    remedy: 'name one that exists, there are lab',
  })
  assert.deepEqual(policyMistakes(policy('p', {}), []), [])
})
