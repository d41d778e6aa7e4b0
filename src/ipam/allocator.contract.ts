import assert from 'node:assert/strict'
import { formatIp, type Ip } from '#model/ip.ts'
import type { PoolPolicy } from '#model/pool-policy.ts'
import { type Pool, poolKey } from '#model/pool.ts'
import type { Labels } from '#model/selector.ts'
import { type ServiceKey, serviceKey } from '#model/service.ts'
import { type Allocation, allocate, type IpamRules, type Outcome } from './allocate.ts'
import { type Allocator, createAllocator } from './allocator.ts'
import { isRemembered } from './memory.ts'
import { assertPolicies } from './policies.contract.ts'
import { countPool } from './pool-conditions.ts'
import type { Claim } from './request.ts'
import { serviceCondition } from './service-condition.ts'

/** A world that steps change, and what was found at the last look by the slow way and by the quick one: `look` holds the quick one to the slow. */
interface World {
  rules: IpamRules
  readonly claims: Map<ServiceKey, Claim>
  readonly touched: Set<ServiceKey>
  model: { readonly claims: ReadonlyMap<ServiceKey, Claim>; readonly allocation: Allocation } | undefined
  allocator: Allocator
}

export type Step = (world: World) => void

/** While there is a broken pool nobody loses an address for being in no pool. */
export function breakPool(world: World, isBroken: boolean): void {
  world.rules = { ...world.rules, brokenPools: isBroken ? ['z'] : [] }
}

/** A changed Service keeps its age and what its status shows, as the API has it; another one of its name is new. */
export function putClaim(world: World, made: Claim): void {
  const key = serviceKey(made.service)
  const before = world.claims.get(key)
  const {
    ingressIps = [],
    conditions = [],
    creationTimestampMs = made.service.creationTimestampMs,
  } = before?.service.uid === made.service.uid ? before.service : {}
  const changed = { ...made, service: { ...made.service, ingressIps, conditions, creationTimestampMs } }
  set(world, key, { ...changed, alsoShown: before?.alsoShown ?? [] })
}

function set(world: World, key: ServiceKey, to: Claim): void {
  world.claims.set(key, to)
  world.touched.add(key)
}

export function remove(world: World, key: ServiceKey): void {
  world.claims.delete(key)
  world.touched.add(key)
}

/** Of what the last look found some is written: through, or not known whether it came through. */
export function write(world: World, through: readonly boolean[]): void {
  let index = 0
  for (const [key, { addresses, ...rest }] of world.model?.allocation.assignments ?? []) {
    const before = world.claims.get(key)
    if (before === undefined) continue
    const isThrough = through[index++ % through.length] === true
    if (!isThrough && index % 2 === 0) continue
    const conditions = [serviceCondition({ addresses, ...rest })]
    const written = { ...before.service, ingressIps: addresses, conditions }
    set(world, key, { ...before, service: written, alsoShown: isThrough ? [] : before.service.ingressIps })
  }
}

/** Somebody else writes addresses into a status, or clears it. `isProxied`: he answers for them himself. */
export function overwrite(world: World, key: ServiceKey, addresses: readonly Ip[], isProxied: boolean): void {
  const before = world.claims.get(key)
  if (before === undefined) return
  const ingressIps = isProxied ? [] : addresses
  const alsoShown = isProxied ? addresses : []
  set(world, key, { ...before, alsoShown, service: { ...before.service, ingressIps } })
}

export function changePools(world: World, key: string, made: Pool | undefined): void {
  const others = world.rules.pools.filter((one) => poolKey(one) !== key)
  world.rules = { ...world.rules, pools: made === undefined ? others : [...others, made] }
}

export function changePolicies(world: World, name: string, made: PoolPolicy | undefined): void {
  const others = (world.rules.policies ?? []).filter((one) => one.name !== name)
  world.rules = { ...world.rules, policies: made === undefined ? others : [...others, made] }
}

export function label(world: World, labels: Labels): void {
  world.rules = {
    ...world.rules,
    namespaces: new Map([
      ['shop', labels],
      ['default', {}],
    ]),
  }
}

export function restart(world: World): void {
  world.allocator = createAllocator()
  world.model = undefined
  for (const key of world.claims.keys()) world.touched.add(key)
}

export function createWorld(pools: readonly Pool[], policies: readonly PoolPolicy[]): World {
  const rules: IpamRules = { pools, brokenPools: [], policies, namespaces: new Map([['default', {}]]) }
  return { rules, claims: new Map(), touched: new Set(), model: undefined, allocator: createAllocator() }
}

/** The slow model: everything anew, from what was given to those that have not changed since. */
function lookSlowly(world: World): Allocation {
  const { rules, claims, model } = world
  const remembered = new Map(
    Array.from(model?.allocation.assignments ?? []).flatMap(([key, { addresses }]) => {
      const before = model?.claims.get(key)
      const now = claims.get(key)
      const isKnown = before !== undefined && now !== undefined && isRemembered(before, now, addresses)
      return isKnown ? [[key, addresses] as const] : []
    }),
  )
  const allocation = allocate({ ...rules, claims: [...claims.values()], remembered })
  world.model = { claims: new Map(claims), allocation }
  return allocation
}

/** Everything that an outcome says, as text. */
function textOf({ rules, claims }: World, outcome: Outcome): readonly string[] {
  const services = [...claims.keys()].toSorted().map((key) => {
    const assignment = outcome.assignments.get(key)
    if (assignment === undefined) return `${key} ${outcome.notOurs.get(key)}`
    const { reason, message } = serviceCondition(assignment)
    return `${key} ${assignment.addresses.map(formatIp).join()} ${reason} ${message}`
  })
  const pools = rules.pools.map((one) => `${poolKey(one)} ${countPool(one, outcome.holdings).used}`)
  const used = [...outcome.usage.limits.values()]
    .flat()
    .filter(({ addresses }) => addresses.size > 0)
    .map((limit) => `${limit.policy.name} ${limit.namespace} ${limit.addresses.size} ${limit.services.size}`)
  return [...services, ...pools, ...used.toSorted()]
}

export function look(world: World): { readonly isUnfinished: boolean } {
  const before = new Map(world.model?.allocation.assignments)
  const allocation = lookSlowly(world)
  assertPolicies(world.rules, world.claims, before, allocation)
  const changes = new Map([...world.touched].map((key) => [key, world.claims.get(key)]))
  world.touched.clear()
  const answer = world.allocator.look(world.rules, changes)
  const outcome = world.allocator.outcome()
  assert.deepEqual(textOf(world, outcome), textOf(world, allocation))
  assert.equal(outcome.assignments.size, allocation.assignments.size)
  assert.equal(
    outcome.waiting,
    [...allocation.assignments.values()].filter(({ refusals }) => refusals.length > 0).length,
  )
  for (const [key, assignment] of allocation.assignments) {
    if (answer.changed.has(key)) continue
    const known = before.get(key)
    assert.ok(known !== undefined)
    assert.equal(serviceCondition(known).message, serviceCondition(assignment).message, `${key} is told something new`)
    assert.deepEqual(known.addresses, assignment.addresses, `${key} has another address`)
  }
  return answer
}
