import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { formatIp } from '#model/ip.ts'
import { allocate } from './allocate.ts'
import type { Claim } from './request.ts'
import { claim, pool, ports, service, sharing, these, withAddresses } from './samples.fake.ts'
import { incompatibility, type Tenant, tenantOf } from './sharing.ts'

const LAB = pool('lab', '10.0.0.1-10.0.0.9')

function granted(claims: readonly Claim[], pools = [LAB]): Readonly<Record<string, string>> {
  const { assignments } = allocate({ pools, brokenPools: [], claims })
  return Object.fromEntries(
    Array.from(assignments, ([key, { addresses }]) => [key.slice('default/'.length), addresses.map(formatIp).join()]),
  )
}

const K = sharing('k')
const on = (name: string, port: string, ...held: readonly string[]) =>
  withAddresses(service(name, ports(port)), ...held)

test('allocate() gives Services with one key one address, and a second where ports meet', () => {
  const claims = [claim(on('a', 'TCP/80'), K), claim(on('b', 'TCP/81'), K), claim(on('c', 'TCP/80'), K)]
  const more = [claim(on('d', 'UDP/80'), K), claim(on('e', 'TCP/81'), K)]
  assert.deepEqual(granted([...claims, ...more]), {
    a: '10.0.0.1',
    b: '10.0.0.1',
    c: '10.0.0.2',
    d: '10.0.0.1',
    e: '10.0.0.2',
  })
})

test('allocate() keeps shared addresses over a restart', () => {
  const claims = [
    claim(on('a', 'TCP/80', '10.0.0.5'), K),
    claim(on('b', 'TCP/81', '10.0.0.5'), K),
    claim(on('c', 'TCP/82'), K),
  ]
  assert.deepEqual(granted(claims), { a: '10.0.0.5', b: '10.0.0.5', c: '10.0.0.5' })
})

test('allocate() shares in the family of the request only', () => {
  const six = claim(service('six', { families: ['IPv6'], ...ports('TCP/81') }), K)
  const pools = [LAB, pool('six', 'fd00::1-fd00::9')]
  assert.deepEqual(granted([claim(on('a', 'TCP/80'), K), six], pools), { a: '10.0.0.1', six: 'fd00::1' })
})

test('allocate() moves the one that changed its key, and not those that it lived with', () => {
  const held = (name: string, port: string, key: string): Claim => claim(on(name, port, '10.0.0.5'), sharing(key))
  const claims = [held('a', 'TCP/80', 'new'), held('b', 'TCP/81', 'k'), held('c', 'TCP/82', 'k')]
  assert.deepEqual(granted(claims), { a: '10.0.0.1', b: '10.0.0.5', c: '10.0.0.5' })
})

test('allocate() moves the younger of two whose ports meet by now', () => {
  const held = (name: string, port: string): Claim => claim(on(name, port, '10.0.0.5'), K)
  assert.deepEqual(granted([held('a', 'TCP/80'), held('b', 'TCP/80'), held('c', 'TCP/82')]), {
    a: '10.0.0.5',
    b: '10.0.0.1',
    c: '10.0.0.5',
  })
})

test('allocate() shares an address that is asked for', () => {
  const asking = { ...K, ...these('10.0.0.7') }
  assert.deepEqual(granted([claim(on('a', 'TCP/80'), asking), claim(on('b', 'TCP/81'), asking)]), {
    a: '10.0.0.7',
    b: '10.0.0.7',
  })
})

test('allocate() takes nobody in at an address of a disabled pool, or one for others', () => {
  const held = claim(on('a', 'TCP/80', '10.0.0.5'), K)
  const late = claim(on('b', 'TCP/81'), K)
  const other = pool('other', '10.1.0.1')
  assert.equal(granted([held, late], [{ ...LAB, disabled: true }, other])['b'], '10.1.0.1')
  const requirements = [{ key: 'io.kubernetes.service.name', operator: 'In', values: ['a'] }] as const
  assert.equal(granted([held, late], [{ ...LAB, serviceSelector: { requirements } }, other])['b'], '10.1.0.1')
})

function reasonFor(web: Claim, ...others: readonly Claim[]): string | undefined {
  const { assignments } = allocate({ pools: [LAB], brokenPools: [], claims: [...others, web] })
  return assignments.get('default/web')?.refusals[0]?.code
}

test('allocate() refuses a taken address with a reason that tells whether sharing was asked for', () => {
  const held = claim(on('a', 'TCP/80', '10.0.0.5'), K)
  const asking = these('10.0.0.5')
  assert.equal(reasonFor(claim(on('web', 'TCP/81'), asking), held), 'already_allocated')
  const clash = 'already_allocated_incompatible_service'
  assert.equal(reasonFor(claim(on('web', 'TCP/80'), { ...K, ...asking }), held), clash)
  assert.equal(reasonFor(claim(on('web', 'TCP/81'), { ...sharing('x'), ...asking }), held), clash)
})

test('allocate() refuses a first address that is kept back, with or without a key', () => {
  const kept = [pool('lab', '10.0.0.0/29!')]
  for (const asked of [these('10.0.0.0'), { ...K, ...these('10.0.0.7') }]) {
    const { assignments } = allocate({ pools: kept, brokenPools: [], claims: [claim(service('web'), asked)] })
    assert.equal(assignments.get('default/web')?.refusals[0]?.code, 'already_allocated')
  }
})

test('allocate() lets who has a first address keep it when the pool keeps it back by now, and gives it to nobody after', () => {
  const kept = [pool('lab', '10.0.0.0/30!')]
  assert.deepEqual(granted([claim(on('a', 'TCP/80', '10.0.0.0')), claim(on('b', 'TCP/80'))], kept), {
    a: '10.0.0.0',
    b: '10.0.0.1',
  })
  assert.deepEqual(
    granted([claim(on('b', 'TCP/80', '10.0.0.1')), claim(on('c', 'TCP/80')), claim(on('d', 'TCP/80'))], kept),
    {
      b: '10.0.0.1',
      c: '10.0.0.2',
      d: '',
    },
  )
})

test('allocate() looks at pools by priority, then at the one for fewer Services, then by name', () => {
  const requirements = [{ key: 'app', operator: 'In', values: ['x'] }] as const
  const pools = [
    pool('a', '10.0.1.1'),
    pool('b', '10.0.2.1', { serviceSelector: { requirements } }),
    pool('c', '10.0.3.1', { priority: 5 }),
    pool('d', '10.0.4.1', { priority: 1 }),
    pool('e', '10.0.5.1', { namespaces: ['default', 'x'], serviceSelector: { requirements } }),
  ]
  const claims = [1, 2, 3, 4, 5].map((index) => claim(service(`${index}`, { labels: { app: 'x' } })))
  assert.deepEqual(granted(claims, pools), {
    1: '10.0.4.1',
    2: '10.0.3.1',
    3: '10.0.5.1',
    4: '10.0.2.1',
    5: '10.0.1.1',
  })
})

test('allocate() takes from a pool that is not automatic only for who asks for it', () => {
  const pools = [pool('a', '10.0.1.1-10.0.1.5', { autoAssign: false }), pool('b', '10.0.2.1')]
  const claims = [
    claim(service('any')),
    claim(service('named'), { pool: 'a' }),
    claim(service('exact'), these('10.0.1.5')),
    claim(service('late')),
  ]
  assert.deepEqual(granted(claims, pools), { any: '10.0.2.1', named: '10.0.1.1', exact: '10.0.1.5', late: '' })
})

test('allocate() moves a Service that asks for another pool by now', () => {
  const pools = [pool('a', '10.0.1.1'), pool('b', '10.0.2.1')]
  assert.deepEqual(granted([claim(withAddresses(service('web'), '10.0.1.1'), { pool: 'b' })], pools), {
    web: '10.0.2.1',
  })
})

test('allocate() lets a Service whose request is unclear keep what it has, and gives it nothing', () => {
  const unclear = { wanted: { kind: 'unclear' } } as const
  const claims = [claim(on('a', 'TCP/80', '10.0.0.5'), unclear), claim(on('b', 'TCP/80'), unclear)]
  assert.deepEqual(granted(claims), { a: '10.0.0.5', b: '' })
})

test('allocate() gives no address that ends in .0 or .255 where a pool avoids those', () => {
  const avoiding = [pool('a', '10.0.0.255-10.0.1.1', { avoidBuggyIps: true })]
  assert.deepEqual(granted([claim(service('a')), claim(service('b'))], avoiding), { a: '10.0.1.1', b: '' })
})

const anyTenancy = fc.record({
  namespace: fc.constantFrom('default', 'default', 'shop'),
  port: fc.constantFrom(['TCP/80'], ['TCP/81'], ['TCP/82', 'UDP/80'], ['TCP/83', 'TCP/80'], ['TCP/84'], []),
  key: fc.constantFrom(undefined, 'k', 'k', 'k', 'l'),
  namespaces: fc.constantFrom<'all' | readonly string[]>('all', [], ['shop'], ['default', 'shop']),
  externalTrafficPolicy: fc.constantFrom('Cluster' as const, 'Cluster' as const, 'Local' as const),
  app: fc.constantFrom('x', 'x', 'y', undefined),
  differentPods: fc.boolean(),
})
/** In the order of their age, all with one address in their status. */
const anyHousehold = fc.array(anyTenancy, { maxLength: 12 }).map((tenancies) =>
  tenancies.map(({ namespace, port, key, namespaces, externalTrafficPolicy, app, differentPods }, index) => {
    const selector = app === undefined ? {} : { app }
    const fields = { namespace, externalTrafficPolicy, selector, creationTimestampMs: index, ...ports(...port) }
    const of = withAddresses(service(`s${index}`, fields), '10.0.0.5')
    return claim(of, key === undefined ? {} : sharing(key, { namespaces, differentPods }))
  }),
)

/** Everybody compared with everybody else. */
function staying(claims: readonly Claim[]): readonly string[] {
  const tenants = claims.map(({ service: of, asked }) => tenantOf(of, asked.sharing))
  const friends = (one: Tenant): number =>
    tenants.filter((other) => other !== one && incompatibility(one, other) === undefined).length
  const settle = (inTurn: readonly Tenant[]): readonly Tenant[] =>
    inTurn.reduce<readonly Tenant[]>(
      (stay, one) => (stay.every((other) => incompatibility(one, other) === undefined) ? [...stay, one] : stay),
      [],
    )
  const isPeaceful = settle(tenants).length === tenants.length
  const stay = isPeaceful ? tenants : settle(tenants.toSorted((a, b) => friends(b) - friends(a)))
  return stay.map(({ key }) => key).toSorted()
}

test('allocate() lets those keep an address after a restart that agree with most others, and of these the older', () => {
  fc.assert(
    fc.property(anyHousehold, (claims) => {
      const { assignments } = allocate({ pools: [LAB], brokenPools: [], claims })
      const kept = [...assignments].filter(([, { addresses }]) => addresses.map(formatIp).includes('10.0.0.5'))
      assert.deepEqual(kept.map(([key]) => key).toSorted(), staying(claims))
    }),
    { numRuns: 500 },
  )
})
