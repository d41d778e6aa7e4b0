import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { formatIp, type Ip } from '#model/ip.ts'
import type { Pool } from '#model/pool.ts'
import { rangeContains, rangeSize } from '#model/range.ts'
import { serviceKey } from '#model/service.ts'
import { type Allocation, allocate, type IpamInput } from './allocate.ts'
import { claim, pool, service, these, withAddresses } from './samples.fake.ts'
import { serviceCondition } from './service-condition.ts'

/** Addresses of every Service of ours, as text. */
function granted(allocation: Allocation): Readonly<Record<string, readonly string[]>> {
  return Object.fromEntries(
    Array.from(allocation.assignments, ([key, { addresses }]) => [key, addresses.map(formatIp)]),
  )
}

function run(input: Partial<IpamInput>): Allocation {
  return allocate({ pools: [], brokenPools: [], claims: [], ...input })
}

/** What every Service of ours is told. */
function messages({ assignments }: Allocation): Readonly<Record<string, string>> {
  return Object.fromEntries(Array.from(assignments, ([key, one]) => [key, serviceCondition(one).message]))
}

function refusalOf(allocation: Allocation, key: string): string | undefined {
  return allocation.assignments.get(key)?.refusals[0]?.code
}

const LAB = pool('lab', '192.168.10.75-192.168.10.78')

test('allocate() gives the lowest free address to the oldest Service', () => {
  const claims = [
    claim(service('young', { creationTimestampMs: 2 })),
    claim(service('old', { creationTimestampMs: 1 })),
  ]
  assert.deepEqual(granted(run({ pools: [LAB], claims })), {
    'default/old': ['192.168.10.75'],
    'default/young': ['192.168.10.76'],
  })
})

test('allocate() looks at pools by name, and at blocks in the order of the pool', () => {
  const pools = [pool('b', '10.0.0.1'), pool('a', '10.0.0.9', '10.0.0.5')]
  const claims = ['1', '2', '3'].map((name) => claim(service(name)))
  assert.deepEqual(granted(run({ pools, claims })), {
    'default/1': ['10.0.0.9'],
    'default/2': ['10.0.0.5'],
    'default/3': ['10.0.0.1'],
  })
})

test('allocate() keeps an address that is valid, although a lower one is free', () => {
  const claims = [claim(service('new')), claim(withAddresses(service('old'), '192.168.10.77'))]
  assert.deepEqual(granted(run({ pools: [LAB], claims })), {
    'default/new': ['192.168.10.75'],
    'default/old': ['192.168.10.77'],
  })
})

test('allocate() leaves an address that two Services show to the older one', () => {
  const claims = [
    claim(withAddresses(service('young', { creationTimestampMs: 2 }), '192.168.10.77')),
    claim(withAddresses(service('old', { creationTimestampMs: 1 }), '192.168.10.77')),
  ]
  assert.deepEqual(granted(run({ pools: [LAB], claims })), {
    'default/old': ['192.168.10.77'],
    'default/young': ['192.168.10.75'],
  })
})

test('allocate() lets a disabled pool keep its holders and gives nothing from it', () => {
  const pools = [{ ...LAB, disabled: true }]
  const allocation = run({
    pools,
    claims: [claim(withAddresses(service('old'), '192.168.10.77')), claim(service('new'))],
  })
  assert.deepEqual(granted(allocation), { 'default/new': [], 'default/old': ['192.168.10.77'] })
  assert.equal(refusalOf(allocation, 'default/new'), 'no_pool')
})

test('allocate() lets a conflicting pool keep its holders and gives nothing from it', () => {
  const late = pool('late', '192.168.10.78-192.168.10.79', { creationTimestampMs: 5 })
  const claims = [claim(withAddresses(service('old'), '192.168.10.79')), claim(service('new', { labels: { a: 'b' } }))]
  const allocation = run({ pools: [{ ...LAB, disabled: true }, late], claims })
  assert.deepEqual([...allocation.conflicts.keys()], ['late'])
  assert.deepEqual(granted(allocation), { 'default/new': [], 'default/old': ['192.168.10.79'] })
})

test('allocate() takes an address away that lies in no pool', () => {
  const claims = [claim(withAddresses(service('web'), '10.9.9.9'))]
  assert.deepEqual(granted(run({ pools: [LAB], claims })), { 'default/web': ['192.168.10.75'] })
})

test('allocate() takes nothing away while a pool cannot be read', () => {
  const claims = [claim(withAddresses(service('web'), '10.9.9.9'))]
  assert.deepEqual(granted(run({ pools: [LAB], brokenPools: ['x'], claims })), { 'default/web': ['10.9.9.9'] })
})

test('allocate() gives an address that is to be taken from a Service to nobody before that status is cleared', () => {
  const holder = withAddresses(service('holder', { labels: { app: 'other' } }), '192.168.10.75')
  const pools = [
    pool('lab', '192.168.10.75', {
      serviceSelector: { requirements: [{ key: 'app', operator: 'DoesNotExist', values: [] }] },
    }),
  ]
  const claims = [claim(holder), claim(service('next'))]
  assert.deepEqual(granted(run({ pools, claims })), { 'default/holder': [], 'default/next': [] })
  const cleared = [claim({ ...holder, ingressIps: [] }), claim(service('next'))]
  assert.deepEqual(granted(run({ pools, claims: cleared })), {
    'default/holder': [],
    'default/next': ['192.168.10.75'],
  })
})

test('allocate() does not give out an address whose write has not been answered yet', () => {
  const claims = [
    { ...claim(service('unsure')), alsoShown: LAB.blocks.map(({ range }) => range.first) },
    claim(service('a')),
  ]
  const first = granted(run({ pools: [LAB], claims }))
  assert.deepEqual(first, { 'default/a': ['192.168.10.76'], 'default/unsure': ['192.168.10.77'] })
})

test('allocate() gives one address of each family that is requested', () => {
  const pools = [LAB, pool('six', 'fd00::10-fd00::11')]
  const both = { families: ['IPv6', 'IPv4'], familyPolicy: 'PreferDualStack' } as const
  assert.deepEqual(granted(run({ pools, claims: [claim(service('web', both))] })), {
    'default/web': ['fd00::10', '192.168.10.75'],
  })
})

test('allocate() refuses the family that RequireDualStack lacks, and gives the other', () => {
  const claims = [claim(service('web', { familyPolicy: 'RequireDualStack' }))]
  const allocation = run({ pools: [LAB], claims })
  assert.deepEqual(granted(allocation), { 'default/web': ['192.168.10.75'] })
  assert.equal(refusalOf(allocation, 'default/web'), 'no_pool')
})

test('allocate() serves requests for certain addresses before those for any', () => {
  const asking = claim(service('this', { creationTimestampMs: 9 }), these('192.168.10.75'))
  const claims = [claim(service('any')), asking]
  assert.deepEqual(granted(run({ pools: [LAB], claims })), {
    'default/any': ['192.168.10.76'],
    'default/this': ['192.168.10.75'],
  })
})

const REASONS: readonly { readonly name: string; readonly input: Partial<IpamInput>; readonly reason: string }[] = [
  { name: 'no pool at all', input: { pools: [] }, reason: 'no_pool' },
  {
    name: 'all full',
    input: { pools: [pool('lab', '10.0.0.1')], claims: [claim(withAddresses(service('a'), '10.0.0.1'))] },
    reason: 'out_of_ips',
  },
]
for (const { name, input, reason } of REASONS) {
  test(`allocate() refuses with ${reason}: ${name}`, () => {
    const allocation = run({ ...input, claims: [...(input.claims ?? []), claim(service('web'))] })
    assert.equal(refusalOf(allocation, 'default/web'), reason)
  })
}

const SPECIFIC_REASONS: readonly { readonly name: string; readonly ips: string; readonly reason: string }[] = [
  { name: 'in no pool', ips: '10.9.9.9', reason: 'no_pool' },
  { name: 'in a pool for others', ips: '10.0.1.1', reason: 'pool_selector_mismatch' },
  { name: 'in a disabled pool', ips: '10.0.2.1', reason: 'no_pool' },
  { name: 'held by another', ips: '10.0.0.1', reason: 'already_allocated' },
]
for (const { name, ips, reason } of SPECIFIC_REASONS) {
  test(`allocate() refuses a certain address with ${reason}: ${name}`, () => {
    const serviceSelector = { requirements: [{ key: 'app', operator: 'Exists', values: [] }] } as const
    const pools = [
      pool('open', '10.0.0.0-10.0.0.9'),
      pool('others', '10.0.1.0-10.0.1.9', { serviceSelector }),
      pool('off', '10.0.2.0-10.0.2.9', { disabled: true }),
    ]
    const claims = [claim(withAddresses(service('first'), '10.0.0.1')), claim(service('web'), these(ips))]
    assert.equal(refusalOf(run({ pools, claims }), 'default/web'), reason)
  })
}

const anyAddress = fc
  .integer({ min: 0, max: 24 })
  .map((host): Ip => ({ family: 'IPv4', value: 0x0a000000n + BigInt(host) }))
const anyPool = fc.record({
  name: fc.constantFrom('a', 'b', 'c', 'd'),
  first: fc.integer({ min: 0, max: 20 }),
  length: fc.integer({ min: 1, max: 6 }),
  disabled: fc.boolean(),
  creationTimestampMs: fc.integer({ min: 0, max: 2 }),
  app: fc.option(fc.constantFrom('x', 'y'), { nil: undefined }),
})
const anyService = fc.record({
  name: fc.stringMatching(/^[a-h]{1,2}$/),
  creationTimestampMs: fc.integer({ min: 0, max: 3 }),
  held: fc.array(anyAddress, { maxLength: 2 }),
  wanted: fc.option(anyAddress, { nil: undefined }),
  app: fc.constantFrom('x', 'y', 'z'),
})
const anyInput: fc.Arbitrary<IpamInput> = fc.record({
  pools: fc.uniqueArray(anyPool, { selector: ({ name }) => name }).map((pools) =>
    pools.map(({ name, first, length, app, ...rest }): Pool => {
      const requirements = app === undefined ? [] : [{ key: 'app', operator: 'In' as const, values: [app] }]
      return pool(name, `10.0.0.${first}-10.0.0.${first + length - 1}`, { ...rest, serviceSelector: { requirements } })
    }),
  ),
  brokenPools: fc.constant([]),
  claims: fc
    .uniqueArray(anyService, { selector: ({ name }) => name, maxLength: 20 })
    .map((services) =>
      services.map(({ name, held, wanted, app, creationTimestampMs }) =>
        claim(
          service(name, { creationTimestampMs, labels: { app }, ingressIps: held }),
          wanted === undefined ? {} : these(formatIp(wanted)),
        ),
      ),
    ),
})

/** One pass after another, as the operator does it: what is granted is what the status shows next. */
function settleDown(input: IpamInput): { readonly input: IpamInput; readonly allocation: Allocation } {
  const allocation = allocate(input)
  const claims = input.claims.map(({ service: before, asked }) => {
    const ingressIps = allocation.assignments.get(serviceKey(before))?.addresses ?? before.ingressIps
    return claim({ ...before, ingressIps }, asked)
  })
  return { input: { ...input, claims }, allocation }
}

test('allocate() never gives one address twice', () => {
  fc.assert(
    fc.property(anyInput, (input) => {
      const all = [...allocate(input).assignments.values()].flatMap(({ addresses }) => addresses.map(formatIp))
      assert.equal(new Set(all).size, all.length)
    }),
  )
})

test('allocate() never gives an address that another Service still shows', () => {
  fc.assert(
    fc.property(anyInput, (input) => {
      for (const [
        key,
        {
          addresses,
          service: { ingressIps },
        },
      ] of allocate(input).assignments) {
        const fresh = addresses.filter((ip) => !ingressIps.some((held) => held.value === ip.value))
        const others = input.claims.filter(({ service: other }) => serviceKey(other) !== key)
        const shown = others.flatMap(({ service: other }) => other.ingressIps.map(formatIp))
        assert.deepEqual(
          fresh.filter((ip) => shown.includes(formatIp(ip))),
          [],
        )
      }
    }),
  )
})

test('allocate() is the same in whatever order pools and Services come', () => {
  fc.assert(
    fc.property(
      anyInput.chain((input) =>
        fc.tuple(
          fc.constant(input),
          fc.shuffledSubarray([...input.pools], { minLength: input.pools.length }),
          fc.shuffledSubarray([...input.claims], { minLength: input.claims.length }),
          fc.subarray(['w', 'x', 'y', 'z']),
        ),
      ),
      ([input, pools, claims, brokenPools]) => {
        const one = allocate({ ...input, brokenPools })
        const other = allocate({ ...input, pools, claims, brokenPools: brokenPools.toReversed() })
        assert.deepEqual(granted(other), granted(one))
        assert.deepEqual(messages(other), messages(one))
      },
    ),
  )
})

test('allocate() moves nobody once all that was freed is cleared', () => {
  fc.assert(
    fc.property(anyInput, (input) => {
      const once = settleDown(input)
      const twice = settleDown(once.input)
      for (const [key, { addresses }] of once.allocation.assignments) {
        const later = twice.allocation.assignments.get(key)?.addresses.map(formatIp) ?? []
        assert.deepEqual(later.slice(0, addresses.length).toSorted(), addresses.map(formatIp).toSorted())
      }
    }),
  )
})

test('allocate() refuses with out_of_ips only when every open pool for the Service is full', () => {
  fc.assert(
    fc.property(anyInput, (input) => {
      const { assignments, conflicts } = allocate(input)
      const shown = new Set(input.claims.flatMap(({ service: { ingressIps } }) => ingressIps.map(formatIp)))
      const all = new Set([...assignments.values()].flatMap(({ addresses }) => addresses.map(formatIp)))
      for (const { refusals, service: refused } of assignments.values()) {
        if (refusals[0]?.code !== 'out_of_ips') continue
        const app = refused.labels['app'] ?? ''
        const open = input.pools.filter(
          ({ name, disabled, serviceSelector: { requirements } }) =>
            !disabled && !conflicts.has(name) && requirements.every(({ values }) => values.includes(app)),
        )
        for (const { range } of open.flatMap(({ blocks }) => blocks)) {
          const used = [...new Set([...all, ...shown])].filter((text) => rangeContains(range, parse(text)))
          assert.equal(BigInt(used.length), rangeSize(range))
        }
      }
    }),
  )
})

function parse(text: string): Ip {
  return { family: 'IPv4', value: text.split('.').reduce((sum, part) => sum * 256n + BigInt(part), 0n) }
}

test('allocate() takes a /64 as easily as a single address', () => {
  const six = { families: ['IPv6'] } as const
  const claims = Array.from({ length: 1000 }, (_, index) => claim(service(`s${index}`, six)))
  const { assignments } = run({ pools: [pool('six', 'fd00::/64')], claims })
  assert.equal(new Set([...assignments.values()].map(({ addresses }) => addresses.map(formatIp).join())).size, 1000)
})
