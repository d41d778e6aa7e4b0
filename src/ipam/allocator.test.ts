import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { formatIp, mustParseIp } from '#model/ip.ts'
import type { PoolPolicy } from '#model/pool-policy.ts'
import { NO_PRIORITY, type Pool, poolKey } from '#model/pool.ts'
import { type Labels, type LabelSelector, SELECT_ALL } from '#model/selector.ts'
import type { Service } from '#model/service.ts'
import { L2_CLASS } from './ownership.ts'
import type { Claim } from './request.ts'
import { claim, policy, pool, ports, service, sharing, these } from './samples.fake.ts'
import {
  breakPool,
  changePolicies,
  changePools,
  createWorld,
  label,
  look,
  overwrite,
  putClaim,
  remove,
  restart,
  type Step,
  write,
} from './allocator.contract.ts'

const anyName = fc.constantFrom('a', 'b', 'c', 'd', 'e', 'f', 'g', 'h')
const anyNamespace = fc.constantFrom('default', 'default', 'shop')
const host = (n: number): string => `10.0.0.${n}`

/** Everybody, by a label, and by the two keys that a Service has beside its labels. */
const anySelector = fc.constantFrom<LabelSelector[]>(
  SELECT_ALL,
  SELECT_ALL,
  { requirements: [{ key: 'app', operator: 'In', values: ['x'] }] },
  { requirements: [{ key: 'app', operator: 'NotIn', values: ['x'] }] },
  { requirements: [{ key: 'app', operator: 'Exists', values: [] }] },
  { requirements: [{ key: 'app', operator: 'DoesNotExist', values: [] }] },
  { requirements: [{ key: 'io.kubernetes.service.namespace', operator: 'In', values: ['shop'] }] },
  { requirements: [{ key: 'io.kubernetes.service.name', operator: 'NotIn', values: ['a', 'b'] }] },
)

const anyPool = fc
  .record({
    name: fc.constantFrom('p', 'q', 'r'),
    isMetallb: fc.boolean(),
    first: fc.nat(12),
    more: fc.nat(4),
    mark: fc.constantFrom('', '', '!'),
    second: fc.option(fc.nat(14), { nil: undefined, freq: 2 }),
    hasSix: fc.boolean(),
    serviceSelector: anySelector,
    disabled: fc.constantFrom(false, false, false, true),
    priority: fc.constantFrom(NO_PRIORITY, NO_PRIORITY, 1),
    autoAssign: fc.constantFrom(true, true, true, false),
    namespaces: fc.constantFrom([], [], ['shop']),
    creationTimestampMs: fc.nat(2),
  })
  .map(({ name, isMetallb, first, more, mark, second, hasSix, autoAssign, namespaces, ...rest }): Pool => {
    const four = `${host(first)}-${host(first + more)}${more >= 2 ? mark : ''}`
    const six = hasSix ? [`fd00::${first + 1}-fd00::${first + 1 + (more >> 1)}`] : []
    const ofMetallb = { dialect: 'metallb', namespace: 'm', autoAssign, namespaces, avoidBuggyIps: true } as const
    // May overlap the first one.
    const other = second === undefined ? [] : [host(second)]
    return pool(name, four, ...other, ...six, { ...rest, ...(isMetallb ? ofMetallb : {}) })
  })

const TEAM = { requirements: [{ key: 'team', operator: 'In' as const, values: ['a'] }] }
const anyNamespaces = fc.constantFrom(
  'all' as const,
  { names: ['shop'], selector: undefined },
  { names: [], selector: TEAM },
)
const anyLimit = fc.constantFrom(undefined, 0, 1, 2, 3)
const anyPolicy = fc
  .record({
    name: fc.constantFrom('one', 'two'),
    pools: fc.constantFrom('all' as const, ['p'], ['m/q', 'r']),
    reserved: fc.array(
      fc
        .record({
          at: fc.nat(14),
          requestableBy: fc.constantFrom('nobody' as const, 'everybody' as const, {
            names: ['shop'],
            selector: undefined,
          }),
        })
        .map(({ at, requestableBy }) => ({ text: host(at), requestableBy })),
      { maxLength: 2 },
    ),
    quotas: fc.array(fc.record({ namespaces: anyNamespaces, maxAddresses: anyLimit, maxServices: anyLimit }), {
      maxLength: 2,
    }),
  })
  .map(({ name, ...rest }) => policy(name, rest))

const anyStack = fc.constantFrom<Pick<Service, 'families' | 'familyPolicy'>[]>(
  { families: ['IPv4'], familyPolicy: 'SingleStack' },
  { families: ['IPv4'], familyPolicy: 'SingleStack' },
  { families: ['IPv6'], familyPolicy: 'SingleStack' },
  { families: ['IPv4'], familyPolicy: 'PreferDualStack' },
  { families: ['IPv6', 'IPv4'], familyPolicy: 'PreferDualStack' },
  { families: ['IPv4', 'IPv6'], familyPolicy: 'RequireDualStack' },
)
const anyAddress = fc.oneof(
  { weight: 4, arbitrary: fc.nat(14).map(host) },
  { weight: 1, arbitrary: fc.nat(8).map((n) => `fd00::${n}`) },
)

const anyClaim = fc
  .record({
    name: anyName,
    namespace: anyNamespace,
    uid: fc.constantFrom('1', '1', '1', '2'),
    type: fc.constantFrom(
      'LoadBalancer' as const,
      'LoadBalancer' as const,
      'LoadBalancer' as const,
      'ClusterIP' as const,
    ),
    app: fc.constantFrom('x', 'y', undefined),
    port: fc.constantFrom(['TCP/80'], ['TCP/81'], ['UDP/80'], ['TCP/82'], ['TCP/80', 'UDP/80'], ['TCP/81', 'TCP/82']),
    externalTrafficPolicy: fc.constantFrom('Cluster' as const, 'Cluster' as const, 'Local' as const),
    stack: anyStack,
    creationTimestampMs: fc.nat(2),
    loadBalancerClass: fc.constantFrom('', '', '', '', L2_CLASS, 'other/class'),
    wanted: fc.option(fc.uniqueArray(anyAddress, { minLength: 1, maxLength: 3 }), { nil: undefined, freq: 2 }),
    isUnclear: fc.constantFrom(false, false, false, false, false, false, true),
    key: fc.constantFrom(undefined, undefined, 'k', 'k', 'l'),
    crossing: fc.constantFrom<'all' | readonly string[]>('all', ['default', 'shop'], ['shop'], []),
    differentPods: fc.boolean(),
    pool: fc.constantFrom('', '', '', '', 'p', 'm/p'),
  })
  .map(({ app, port, stack, wanted, isUnclear, key, crossing, differentPods, pool: inPool, ...rest }): Claim => {
    const labels: Labels = app === undefined ? {} : { app }
    const { name, ...fields } = { ...rest, ...ports(...port), labels, selector: labels, ...stack }
    const asked = {
      ...(wanted === undefined ? {} : these(...wanted)),
      ...(isUnclear ? { wanted: { kind: 'unclear' } as const } : {}),
      ...(key === undefined ? {} : sharing(key, { namespaces: crossing, differentPods })),
      pool: inPool,
    }
    return claim(service(name, fields), asked)
  })

const anyServiceStep: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 10,
    arbitrary: anyClaim.map(
      (made): Step =>
        (world) =>
          putClaim(world, made),
    ),
  },
  {
    weight: 4,
    arbitrary: fc.tuple(anyNamespace, anyName).map(
      ([at, name]): Step =>
        (world) =>
          remove(world, `${at}/${name}`),
    ),
  },
  {
    weight: 8,
    arbitrary: fc.array(fc.boolean(), { minLength: 1, maxLength: 4 }).map(
      (through): Step =>
        (world) =>
          write(world, through),
    ),
  },
  {
    weight: 2,
    arbitrary: fc.tuple(anyName, fc.uniqueArray(anyAddress, { maxLength: 2 }), fc.boolean()).map(
      ([name, addresses, isProxied]): Step =>
        (world) =>
          overwrite(world, `default/${name}`, addresses.map(mustParseIp), isProxied),
    ),
  },
)
const anyRuleStep: fc.Arbitrary<Step> = fc.oneof(
  anyPool.map(
    (made): Step =>
      (world) =>
        changePools(world, poolKey(made), made),
  ),
  fc.constantFrom('p', 'q', 'm/r').map(
    (key): Step =>
      (world) =>
        changePools(world, key, undefined),
  ),
  anyPolicy.map(
    (made): Step =>
      (world) =>
        changePolicies(world, made.name, made),
  ),
  fc.constantFrom('one', 'two').map(
    (name): Step =>
      (world) =>
        changePolicies(world, name, undefined),
  ),
  fc.boolean().map(
    (isTeam): Step =>
      (world) =>
        label(world, isTeam ? { team: 'a' } : {}),
  ),
  fc.boolean().map(
    (isBroken): Step =>
      (world) =>
        breakPool(world, isBroken),
  ),
  fc.constant(restart),
)

test('an allocator tells at the next look of a quota that the other family of the same Service has used up', () => {
  const both = { families: ['IPv4', 'IPv6'], familyPolicy: 'RequireDualStack' } as const
  const pools = [pool('p', '10.0.0.1', 'fd00::1-fd00::9')]
  const steps: readonly Step[] = [
    (world) => putClaim(world, claim(service('e', { namespace: 'shop' }))),
    (world) => putClaim(world, claim(service('a', both))),
    () => undefined,
  ]
  run(
    pools,
    [policy('one', { quotas: [{ maxAddresses: 1 }] })],
    steps.map((step) => [step]),
  )
})

test('an allocator counts an address that two pools hold for the policies of the one that gives it out', () => {
  const pools = [
    { ...pool('r', '10.0.0.0', 'fd00::1'), creationTimestampMs: 0 },
    { ...pool('p', '10.0.0.1'), creationTimestampMs: 0 },
    { ...pool('q', '10.0.0.0-10.0.0.1'), creationTimestampMs: 1 }, // in conflict with both
  ]
  const world = createWorld(pools, [policy('none', { pools: ['q', 'r'], quotas: [{ maxServices: 0 }] })])
  putClaim(world, claim(service('a', { families: ['IPv4', 'IPv6'], familyPolicy: 'PreferDualStack' })))
  look(world)
  assert.deepEqual(world.allocator.outcome().assignments.get('default/a')?.addresses.map(formatIp), ['10.0.0.1'])
})

/** Several changes are one look. */
function anyHistory(step: fc.Arbitrary<Step>): fc.Arbitrary<readonly (readonly Step[])[]> {
  return fc.array(fc.array(step, { minLength: 0, maxLength: 3 }), { minLength: 20, maxLength: 100 })
}

const anyStart = fc.record({
  pools: fc.uniqueArray(anyPool, { minLength: 1, maxLength: 3, selector: poolKey }),
  policies: fc.uniqueArray(anyPolicy, { maxLength: 2, selector: ({ name }) => name }),
})

function run(pools: readonly Pool[], policies: readonly PoolPolicy[], history: readonly (readonly Step[])[]): void {
  const world = createWorld(pools, policies)
  for (const steps of history) {
    for (const step of steps) step(world)
    look(world)
  }
}

test('an allocator with a memory finds what allocate() finds, after any changes of Services', () => {
  fc.assert(
    fc.property(anyStart, anyHistory(anyServiceStep), ({ pools, policies }, history) => run(pools, policies, history)),
    { numRuns: 150 },
  )
})

test('an allocator with a memory finds what allocate() finds, with other pools and policies and restarts at any point', () => {
  const anyStep = fc.oneof({ weight: 8, arbitrary: anyServiceStep }, { weight: 1, arbitrary: anyRuleStep })
  fc.assert(
    fc.property(anyStart, anyHistory(anyStep), ({ pools, policies }, history) => run(pools, policies, history)),
    { numRuns: 100 },
  )
})
