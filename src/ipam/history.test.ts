import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { type Family, formatIp, type Ip, mustParseIp, sameIp } from '#model/ip.ts'
import type { Pool } from '#model/pool.ts'
import { rangeContains } from '#model/range.ts'
import { type Labels, selectorMatches, serviceSelectorLabels } from '#model/selector.ts'
import type { ServiceRequest } from '#model/service-request.ts'
import { type Service, serviceKey } from '#model/service.ts'
import { type Allocation, allocate, type Assignment } from './allocate.ts'
import { L2_CLASS } from './ownership.ts'
import type { Refusal } from './refusal.ts'
import type { Claim } from './request.ts'
import { claim, pool, ports, service, sharing, these } from './samples.fake.ts'
import { serviceCondition } from './service-condition.ts'
import { incompatibility, type Tenant, tenantOf } from './sharing.ts'

type Step =
  | { readonly kind: 'pool'; readonly pool: Pool }
  | { readonly kind: 'noPool'; readonly name: string }
  | { readonly kind: 'service'; readonly service: Service; readonly asked: Partial<ServiceRequest> }
  | { readonly kind: 'noService'; readonly key: string }
  /** The operator writes statuses, of which some get through before it dies. */
  | { readonly kind: 'write'; readonly through: readonly boolean[] }
  /** Somebody else writes into a status, or clears it. */
  | { readonly kind: 'overwrite'; readonly key: string; readonly addresses: readonly string[] }

/** Pools and Services are of one family or of both; the last octet is the same in each. */
const PREFIXES: { readonly [F in Family]: string } = { IPv4: '10.0.0.', IPv6: 'fd00::' }
const address = (family: Family, host: number): string =>
  `${PREFIXES[family]}${host.toString(family === 'IPv4' ? 10 : 16)}`
const anyFamilies = fc.constantFrom<readonly Family[]>(['IPv4'], ['IPv4'], ['IPv6'], ['IPv4', 'IPv6'])
/** As the API server fills them in: what prefers both has one alone in a cluster of one family. */
const anyStack = fc.constantFrom<Pick<Service, 'families' | 'familyPolicy'>[]>(
  { families: ['IPv4'], familyPolicy: 'SingleStack' },
  { families: ['IPv6'], familyPolicy: 'SingleStack' },
  { families: ['IPv4'], familyPolicy: 'PreferDualStack' },
  { families: ['IPv6', 'IPv4'], familyPolicy: 'PreferDualStack' },
  { families: ['IPv4', 'IPv6'], familyPolicy: 'RequireDualStack' },
  { families: ['IPv6'], familyPolicy: 'RequireDualStack' },
)
const anyHost = fc.integer({ min: 0, max: 15 })
const anyPool = fc
  .record({
    name: fc.constantFrom('p', 'q', 'r'),
    first: anyHost,
    more: fc.nat(5),
    second: fc.option(anyHost, { nil: undefined, freq: 2 }),
    families: anyFamilies,
    keepsEnds: fc.boolean(),
    disabled: fc.constantFrom(false, false, false, true),
    priority: fc.constantFrom(1, 2),
    app: fc.constantFrom(undefined, undefined, 'x', 'y'),
    creationTimestampMs: fc.nat(2),
  })
  .map(({ name, first, more, second, families, keepsEnds, app, ...rest }): Pool => {
    const requirements = app === undefined ? [] : [{ key: 'app', operator: 'In' as const, values: [app] }]
    const mark = keepsEnds && more >= 2 ? '!' : ''
    const blocks = families.map((family) => `${address(family, first)}-${address(family, first + more)}${mark}`)
    // May overlap the first one.
    const others = second === undefined ? [] : families.map((family) => address(family, second))
    return pool(name, ...blocks, ...others, { ...rest, serviceSelector: { requirements } })
  })
const anyAddress = fc
  .tuple(fc.constantFrom<Family[]>('IPv4', 'IPv4', 'IPv6'), anyHost)
  .map(([family, host]) => address(family, host))
const anyAsked = fc.record({
  wanted: fc.option(fc.uniqueArray(anyAddress, { minLength: 1, maxLength: 3 }), { nil: undefined, freq: 2 }),
  key: fc.constantFrom(undefined, 'k', 'k', 'l'),
  namespaces: fc.constantFrom<'all' | readonly string[]>('all', ['default', 'shop'], ['shop'], []),
  differentPods: fc.boolean(),
  pool: fc.constantFrom('', '', '', 'p'),
})
const anyServiceStep = fc
  .record({
    name: fc.constantFrom('a', 'b', 'c', 'd', 'e', 'f'),
    namespace: fc.constantFrom('default', 'default', 'shop'),
    uid: fc.constantFrom('1', '1', '1', '2'),
    type: fc.constantFrom(
      'LoadBalancer' as const,
      'LoadBalancer' as const,
      'LoadBalancer' as const,
      'ClusterIP' as const,
    ),
    loadBalancerClass: fc.constantFrom('', '', '', L2_CLASS, 'other/class'),
    app: fc.constantFrom('x', 'y', undefined),
    port: fc.constantFrom(['TCP/80'], ['TCP/81'], ['UDP/80'], ['TCP/80', 'UDP/80']),
    externalTrafficPolicy: fc.constantFrom('Cluster' as const, 'Cluster' as const, 'Local' as const),
    creationTimestampMs: fc.nat(2),
    stack: anyStack,
    asked: anyAsked,
  })
  .map(({ name, app, port, stack, asked, ...rest }): Step => {
    const labels: Labels = app === undefined ? {} : { app }
    const fields = { ...rest, ...stack, ...ports(...port), labels, selector: labels }
    const wanted = asked.wanted === undefined ? {} : these(...asked.wanted)
    const { namespaces, differentPods } = asked
    const shared = asked.key === undefined ? {} : sharing(asked.key, { namespaces, differentPods })
    return { kind: 'service', service: service(name, fields), asked: { ...wanted, ...shared, pool: asked.pool } }
  })
const anyStep: fc.Arbitrary<Step> = fc.oneof(
  { weight: 2, arbitrary: anyPool.map((made): Step => ({ kind: 'pool', pool: made })) },
  { weight: 1, arbitrary: fc.constantFrom('p', 'q', 'r').map((name): Step => ({ kind: 'noPool', name })) },
  { weight: 8, arbitrary: anyServiceStep },
  {
    weight: 1,
    arbitrary: fc.constantFrom('a', 'b').map((name): Step => ({ kind: 'noService', key: `default/${name}` })),
  },
  {
    weight: 1,
    arbitrary: fc
      .tuple(fc.constantFrom('a', 'b', 'c'), fc.uniqueArray(anyAddress, { maxLength: 2 }))
      .map(([name, addresses]): Step => ({ kind: 'overwrite', key: `default/${name}`, addresses })),
  },
  {
    weight: 5,
    arbitrary: fc
      .array(fc.boolean(), { minLength: 1, maxLength: 4 })
      .map((through): Step => ({ kind: 'write', through })),
  },
)

const anySteps = fc.array(anyStep, { minLength: 20, maxLength: 60 })

function createWorld(): World {
  return { pools: new Map([['p', pool('p', '10.0.0.2-10.0.0.5', 'fd00::2-fd00::3')]]), claims: new Map() }
}

interface World {
  readonly pools: Map<string, Pool>
  readonly claims: Map<string, Claim>
}

function run({ pools, claims }: World): Allocation {
  return allocate({ pools: [...pools.values()], brokenPools: [], claims: [...claims.values()] })
}

function carryOut(world: World, step: Step): void {
  switch (step.kind) {
    case 'pool':
      world.pools.set(step.pool.name, step.pool)
      return
    case 'noPool':
      world.pools.delete(step.name)
      return
    case 'service': {
      const key = serviceKey(step.service)
      const known = world.claims.get(key)?.service
      // Another one of its name is new.
      const before = known?.uid === step.service.uid ? known : undefined
      const { creationTimestampMs } = before ?? step.service
      const conditions = before?.conditions ?? []
      const changed = { ...step.service, creationTimestampMs, conditions, ingressIps: before?.ingressIps ?? [] }
      world.claims.set(key, claim(changed, step.asked))
      return
    }
    case 'noService':
      world.claims.delete(step.key)
      return
    case 'overwrite': {
      const before = world.claims.get(step.key)
      if (before === undefined) return
      const ingressIps = step.addresses.map(mustParseIp)
      world.claims.set(step.key, { ...before, service: { ...before.service, ingressIps } })
      return
    }
    case 'write':
      write(world, step.through)
  }
}

/** What the API shows after some of the writes have come through. */
function write({ pools, claims }: World, through: readonly boolean[]): void {
  const { assignments } = run({ pools, claims })
  let index = 0
  for (const [key, before] of [...claims]) {
    const assignment = assignments.get(key)
    const isToBeWritten = assignment !== undefined || before.service.conditions.length > 0
    if (!isToBeWritten || through[index++ % through.length] === false) continue
    // Of one that is not ours any more what we wrote is taken back.
    const ingressIps = assignment?.addresses ?? []
    const conditions = assignment === undefined ? [] : [serviceCondition(assignment)]
    claims.set(key, { ...before, service: { ...before.service, ingressIps, conditions } })
  }
}

function tenant({ service: of, asked }: Claim): Tenant {
  return tenantOf(of, asked.sharing)
}

function isFor(one: Pool, { service: of, asked }: Claim): boolean {
  return (
    (asked.pool === '' || asked.pool === one.name) && selectorMatches(one.serviceSelector, serviceSelectorLabels(of))
  )
}

function holds(one: Pool, ip: Ip): boolean {
  return one.blocks.some(({ range }) => rangeContains(range, ip))
}

/** In a pool that is for the Service, and what it asks for. */
function isValid({ pools }: World, of: Claim, ip: Ip): boolean {
  const isWanted = piecesOf(of).some((piece) => isPiece(ip, piece))
  return isWanted && [...pools.values()].some((one) => isFor(one, of) && holds(one, ip))
}

function shows({ service: { ingressIps } }: Claim, ip: Ip): boolean {
  return ingressIps.some((one) => sameIp(one, ip))
}

function assertNoDouble(world: World, assignments: Allocation['assignments']): void {
  const holders = [...assignments].flatMap(([key, { addresses }]) => addresses.map((ip) => ({ key, ip })))
  for (const a of holders) {
    for (const b of holders) {
      if (a.key >= b.key || !sameIp(a.ip, b.ip)) continue
      assert.equal(incompatibility(tenant(claimOf(world, a.key)), tenant(claimOf(world, b.key))), undefined)
    }
  }
}

function claimOf({ claims }: World, key: string): Claim {
  const found = claims.get(key)
  assert.ok(found !== undefined)
  return found
}

/** Nobody gets what another still shows and does not share. */
function assertNothingTaken(world: World, assignments: Allocation['assignments']): void {
  for (const [key, { addresses }] of assignments) {
    const own = claimOf(world, key)
    for (const ip of addresses.filter((one) => !shows(own, one))) {
      for (const other of world.claims.values()) {
        if (other === own || !shows(other, ip)) continue
        assert.equal(incompatibility(tenant(own), tenant(other)), undefined, `${key} got ${formatIp(ip)}`)
      }
    }
  }
}

/** What is new is from a pool that is open, for this Service, and gives that address out. */
function assertFromOpenPools(world: World, { assignments, conflicts }: Allocation): void {
  for (const [key, { addresses }] of assignments) {
    const own = claimOf(world, key)
    const open = [...world.pools.values()].filter((one) => isFor(one, own) && !one.disabled && !conflicts.has(one.name))
    const ranges = open.flatMap(({ blocks }) => blocks.map(({ range, usable }) => usable ?? range))
    for (const ip of addresses.filter((one) => !shows(own, one)))
      assert.ok(
        ranges.some((range) => rangeContains(range, ip)),
        `${key} got ${formatIp(ip)}`,
      )
  }
}

/** Who shows a valid address for a piece of its request, with nobody there who does not agree and has a right to it, keeps that or another. */
function assertNoNeedlessMove(world: World, assignments: Allocation['assignments']): void {
  for (const [key, { addresses }] of assignments) {
    const own = claimOf(world, key)
    const undisputed = own.service.ingressIps.filter((ip) => isValid(world, own, ip) && !isDisputed(world, own, ip))
    for (const piece of piecesOf(own)) {
      const mayStay = undisputed.filter((ip) => isPiece(ip, piece))
      const isKept = addresses.some((ip) => isPiece(ip, piece) && shows(own, ip))
      assert.ok(mayStay.length === 0 || isKept, `${key} lost ${mayStay.map(formatIp).join()}`)
    }
  }
}

function isDisputed(world: World, own: Claim, ip: Ip): boolean {
  const others = [...world.claims.values()].filter(
    (other) => other !== own && isServed(other) && shows(other, ip) && isValid(world, other, ip),
  )
  return others.some((other) => incompatibility(tenant(own), tenant(other)) !== undefined)
}

function isServed({ service: { type, loadBalancerClass } }: Claim): boolean {
  return type === 'LoadBalancer' && loadBalancerClass !== 'other/class'
}

/** What a Service is to have: an address of each of these families, or each of these addresses. */
function piecesOf({ service: of, asked: { wanted } }: Claim): readonly (Family | Ip)[] {
  if (wanted.kind === 'these') return wanted.addresses
  if (of.familyPolicy !== 'RequireDualStack') return of.families
  return of.families[0] === 'IPv6' ? ['IPv6', 'IPv4'] : ['IPv4', 'IPv6']
}

/** The Service is satisfied when it has all, and each piece that it lacks has a reason. */
function assertConditionTrue(world: World, allocation: Allocation, of: Assignment): void {
  const own = claimOf(world, serviceKey(of.service))
  const pieces = piecesOf(own)
  const lacking = pieces.filter((piece) => !of.addresses.some((ip) => isPiece(ip, piece)))
  assert.equal(of.addresses.length + lacking.length, pieces.length, 'one address for each piece')
  const { status, reason } = serviceCondition(of)
  assert.equal(status, lacking.length === 0 ? 'True' : 'False')
  assert.equal(reason, of.refusals[0]?.code ?? 'satisfied')
  assert.deepEqual(
    of.refusals.map(({ wanted }) => wanted),
    lacking,
  )
  for (const refusal of of.refusals) assertRefusalTrue(world, allocation, own, refusal)
}

function isPiece(ip: Ip, piece: Family | Ip): boolean {
  return typeof piece === 'string' ? ip.family === piece : sameIp(ip, piece)
}

/** The reason is what a look at all pools and holders says. */
function assertRefusalTrue(world: World, allocation: Allocation, own: Claim, { code, wanted }: Refusal): void {
  const { conflicts, assignments } = allocation
  const open = [...world.pools.values()].filter((one) => isFor(one, own) && !one.disabled && !conflicts.has(one.name))
  const isHeld = (ip: Ip): boolean =>
    [...world.claims.values()].some((other) => shows(other, ip)) ||
    [...assignments.values()].some(({ addresses }) => addresses.some((one) => sameIp(one, ip)))
  if (typeof wanted === 'string') {
    const blocks = open.flatMap((one) => one.blocks).filter(({ range }) => range.first.family === wanted)
    assert.equal(code, blocks.length === 0 ? 'no_pool' : 'out_of_ips')
    for (const { first, last } of blocks.map(({ range, usable }) => usable ?? range))
      for (let { value } = first; value <= last.value; value++) assert.ok(isHeld({ family: wanted, value }))
    return
  }
  const hasOpen = open.some((one) => holds(one, wanted))
  const hasOther = [...world.pools.values()].some((one) => holds(one, wanted) && !isFor(one, own))
  assert.equal(hasOpen, code !== 'no_pool' && code !== 'pool_selector_mismatch', code)
  if (code === 'pool_selector_mismatch') assert.ok(hasOther || own.asked.pool !== '')
}

/** Gives how many Services that require both families have one. */
function assertSound(world: World): number {
  const allocation = run(world)
  assertNoDouble(world, allocation.assignments)
  assertNothingTaken(world, allocation.assignments)
  assertFromOpenPools(world, allocation)
  assertNoNeedlessMove(world, allocation.assignments)
  const all = [...allocation.assignments.values()]
  for (const assignment of all) assertConditionTrue(world, allocation, assignment)
  const halves = all.filter(
    ({ service: of, request, addresses }) =>
      of.familyPolicy === 'RequireDualStack' && request.kind === 'any' && addresses.length === 1,
  )
  return halves.length
}

test('allocate() is sound after any steps, with the operator dying between its writes', () => {
  let halves = 0
  fc.assert(
    fc.property(anySteps, (steps) => {
      const world = createWorld()
      for (const step of steps) {
        carryOut(world, step)
        halves += assertSound(world)
      }
    }),
    { numRuns: 400 },
  )
  assert.ok(halves > 0, 'a Service that requires both families had one')
})

test('allocate() comes to rest: once all is written nothing moves any more', () => {
  fc.assert(
    fc.property(anySteps, (steps) => {
      const world = createWorld()
      for (const step of steps) carryOut(world, step)
      const text = (): string =>
        [...world.claims.values()].map(({ service: of }) => of.ingressIps.map(formatIp).join()).join(' ')
      // Each round may free what another waits for.
      for (let round = 0; round <= world.claims.size + 1; round++) write(world, [true])
      const rest = text()
      write(world, [true])
      assert.equal(text(), rest)
    }),
    { numRuns: 200 },
  )
})
