import type { Family, Ip } from '#model/ip.ts'
import { compareTurn, type Draft } from './draft.ts'
import { addressKey, type Holdings, type Journal } from './holdings.ts'
import { after, createOrdered, drop, first, type Ordered, put } from './ordered.ts'
import { firstFree, type OpenPool } from './pools.ts'
import { hasRoom, type Limit, limitsOf, type Reached, type Usage } from './usage.ts'

/** Something that Services wait for one after another: the first in turn takes what there is of it, and for the others nothing changes. */
interface Source {
  readonly waiters: Ordered<Draft, Draft>
  readonly hasSome: () => boolean
}

/** Who is under a limit and lacks something: by the field that refuses them, or `none` where the limit does not stand in their way. */
interface LimitWaiters {
  readonly maxAddresses: Source
  readonly maxServices: Source
  readonly none: Set<Draft>
  /** Whether there was room when that was last looked at. */
  readonly room: { maxAddresses: boolean; maxServices: boolean }
}

/**
 * Services that lack something, by what would change what they are told: so a change costs those that it concerns, and not all.
 * A refusal hangs on whether a pool is full, on who holds the address that is asked for, on the addresses under the sharing key, and on
 * the limits of the namespace. Everything else in it changes only with pools and policies.
 */
export interface Waiting {
  readonly pools: ReadonlyMap<string, Source>
  readonly byAddress: Map<string, Set<Draft>>
  readonly byKey: Map<string, Set<Draft>>
  readonly limits: Map<Limit, LimitWaiters>
  readonly usage: Usage
  /** How many lack something. */
  count: number
}

export function createWaiting(pools: readonly OpenPool[], holdings: Holdings, usage: Usage): Waiting {
  const sources = pools.flatMap((open) =>
    (['IPv4', 'IPv6'] as const).map((family): readonly [string, Source] => [
      sourceKey(open.key, family),
      sourceOf(() => firstFree(open, family, holdings) !== undefined),
    ]),
  )
  return { pools: new Map(sources), byAddress: new Map(), byKey: new Map(), limits: new Map(), usage, count: 0 }
}

function sourceOf(hasSome: () => boolean): Source {
  return { waiters: createOrdered(compareTurn), hasSome }
}

function sourceKey(pool: string, family: Family): string {
  return `${family} ${pool}`
}

/** Enters a Service whose `refusals` are those of this moment. */
export function enter(waiting: Waiting, draft: Draft): void {
  if (draft.refusals.length === 0) return
  waiting.count += 1
  for (const ip of wantedBy(draft)) addTo(waiting.byAddress, addressKey(ip), draft)
  for (const key of keysOf(draft)) addTo(waiting.byKey, key, draft)
  for (const source of fullPoolsOf(waiting, draft)) put(source.waiters, draft, draft)
  const reached = reachedOf(draft)
  for (const limit of limitsOf(waiting.usage, draft.tenant.namespace)) {
    const waiters = waitersUnder(waiting, limit)
    const fields = reached.filter(({ policy }) => policy === limit.policy.name).map(({ field }) => field)
    for (const field of fields) put(waiters[field].waiters, draft, draft)
    if (fields.length === 0) waiters.none.add(draft)
  }
}

/** The inverse of `enter`, before `refusals` change. */
export function leave(waiting: Waiting, draft: Draft): void {
  if (draft.refusals.length === 0) return
  waiting.count -= 1
  for (const ip of wantedBy(draft)) takeFrom(waiting.byAddress, addressKey(ip), draft)
  for (const key of keysOf(draft)) takeFrom(waiting.byKey, key, draft)
  for (const source of fullPoolsOf(waiting, draft)) drop(source.waiters, draft)
  for (const limit of limitsOf(waiting.usage, draft.tenant.namespace)) {
    const waiters = waitersUnder(waiting, limit)
    drop(waiters.maxAddresses.waiters, draft)
    drop(waiters.maxServices.waiters, draft)
    waiters.none.delete(draft)
  }
}

function wantedBy({ request }: Draft): readonly Ip[] {
  return request.kind === 'these' ? request.addresses : []
}

function keysOf({ request, tenant }: Draft): readonly string[] {
  return request.kind === 'any' && tenant.sharing !== undefined ? [tenant.sharing.key] : []
}

function fullPoolsOf({ pools }: Waiting, draft: Draft): readonly Source[] {
  return draft.refusals.flatMap((refusal) => {
    if (!('looked' in refusal) || typeof refusal.wanted !== 'string') return []
    const { wanted, looked } = refusal
    return looked.flatMap(({ code, pool }) => (code === 'full' ? (pools.get(sourceKey(pool, wanted)) ?? []) : []))
  })
}

function reachedOf({ refusals }: Draft): readonly Reached[] {
  return refusals.flatMap((refusal) =>
    'looked' in refusal
      ? refusal.looked.flatMap((verdict) => (verdict.code === 'overQuota' ? verdict.reached : []))
      : [],
  )
}

function waitersUnder({ limits }: Waiting, limit: Limit): LimitWaiters {
  const known = limits.get(limit)
  if (known !== undefined) return known
  const waiters: LimitWaiters = {
    maxAddresses: sourceOf(() => hasRoom(limit, 'maxAddresses')),
    maxServices: sourceOf(() => hasRoom(limit, 'maxServices')),
    none: new Set(),
    // Who is the first to wait under it may have used up what there was, with one address of the two that it wants.
    room: { maxAddresses: true, maxServices: true },
  }
  limits.set(limit, waiters)
  return waiters
}

function addTo(groups: Map<string, Set<Draft>>, key: string, draft: Draft): void {
  const group = groups.get(key)
  if (group === undefined) groups.set(key, new Set([draft]))
  else group.add(draft)
}

function takeFrom(groups: Map<string, Set<Draft>>, key: string, draft: Draft): void {
  const group = groups.get(key)
  if (group?.delete(draft) === true && group.size === 0) groups.delete(key)
}

/** Whom a change concerns: `all` of these, and of each of `sources` the first in turn as long as it has some. */
export interface Concerned {
  readonly all: readonly Draft[]
  readonly sources: readonly Source[]
}

/** Whom the changes in the journals concern; these are emptied. `poolsAt`: the open pool that gives out an address, if one does. */
export function concernedBy(
  waiting: Waiting,
  holdings: Journal,
  limits: Set<Limit>,
  poolAt: (ip: Ip) => string | undefined,
): Concerned {
  const groups: Iterable<Draft>[] = []
  const sources = new Set<Source>()
  for (const [key, ip] of holdings.addresses) {
    groups.push(waiting.byAddress.get(key) ?? [])
    const pool = poolAt(ip)
    const source = pool === undefined ? undefined : waiting.pools.get(sourceKey(pool, ip.family))
    if (source !== undefined && source.waiters.size > 0) sources.add(source)
  }
  for (const key of holdings.keys) groups.push(waiting.byKey.get(key) ?? [])
  for (const limit of limits) {
    const waiters = waitersUnder(waiting, limit)
    groups.push(turnedAway(limit, waiters))
    for (const field of FIELDS)
      if (hasRoom(limit, field) && waiters[field].waiters.size > 0) sources.add(waiters[field])
  }
  holdings.addresses.clear()
  holdings.keys.clear()
  limits.clear()
  // There may be more than a call takes arguments.
  const all = groups.flatMap((group) => [...group])
  return { all, sources: [...sources] }
}

const FIELDS = ['maxAddresses', 'maxServices'] as const

/** Who is told something else now that there is no more room: who was not refused by this limit, or by its other field. */
function turnedAway(limit: Limit, { maxServices, none, room }: LimitWaiters): readonly Draft[] {
  const closed = FIELDS.filter((field) => room[field] && !hasRoom(limit, field))
  for (const field of FIELDS) room[field] = hasRoom(limit, field)
  const others = closed.includes('maxAddresses') ? Array.from(entriesOf(maxServices.waiters)) : []
  return closed.length === 0 ? [] : [...none, ...others]
}

function* entriesOf(waiters: Ordered<Draft, Draft>): Generator<Draft> {
  for (let entry = first(waiters); entry !== undefined; entry = after(waiters, entry.key)) yield entry.value
}

/** The first waiter after `position` for a source that has some; undefined when nobody gets anything of it. */
export function nextFor({ waiters, hasSome }: Source, position: Draft | undefined): Draft | undefined {
  const next = position === undefined ? first(waiters) : after(waiters, position)
  return next !== undefined && hasSome() ? next.value : undefined
}
