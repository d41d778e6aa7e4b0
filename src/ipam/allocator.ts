import { compareIp, type Ip } from '#model/ip.ts'
import type { IpRange } from '#model/range.ts'
import { type ServiceKey, serviceKey } from '#model/service.ts'
import type { IpamRules, Outcome } from './allocate.ts'
import { compareText, findConflicts } from './conflicts.ts'
import { compareTurn, type Draft, type DraftContext, draftsOf, type Remembered } from './draft.ts'
import { assignmentOf, grant, holdShown, shownBeside } from './grant.ts'
import { createHoldings, type Journal, release, unshow } from './holdings.ts'
import { keepValid } from './keep.ts'
import type { Market } from './look.ts'
import { isRemembered } from './memory.ts'
import { createOrdered, drop, first, put } from './ordered.ts'
import { DEFAULT_IPAM, type NotOurs } from './ownership.ts'
import { arrangePools, type OpenPool } from './pools.ts'
import type { Claim } from './request.ts'
import { type Tenant, tenantOf } from './sharing.ts'
import { countOut, createUsage, type Limit } from './usage.ts'
import { type Concerned, concernedBy, createWaiting, enter, leave, nextFor, type Waiting } from './waiting.ts'

/** What is handed over of Services: the claim as it is now, or undefined for one that is gone. */
export type ClaimChanges = ReadonlyMap<ServiceKey, Claim | undefined>

export interface AllocatorLook {
  /** Services that may have got, lost or been told something else than before; those of `changes` are among them. */
  readonly changed: ReadonlySet<ServiceKey>
  /** There is more to find out at the next look, although nothing has happened: somebody came to a place that another may share. */
  readonly isUnfinished: boolean
}

/**
 * `allocate()` with a memory: it knows who was given what, who waits for what, and is told of each change. With unchanged rules an event
 * costs what it concerns and O(log n) each. What it finds is what `allocate()` finds with what was given so far as `remembered`; that
 * holds for any sequence of changes, and is tested so.
 */
export interface Allocator {
  /** Takes changes in. `rules` that are not the very object of the last look are new ones: all Services are looked at again. */
  look(rules: IpamRules, changes: ClaimChanges): AllocatorLook
  /** As of the last look; it changes with the next. */
  outcome(): Outcome & { readonly waiting: number }
}

export function createAllocator(): Allocator {
  let state: State | undefined
  return {
    look(rules, changes) {
      if (state?.rules === rules) return lookAt(state, changes)
      const before = state
      state = createState(rules)
      return lookAt(state, withAll(before, changes), before)
    },
    outcome() {
      if (state === undefined) throw new Error('The allocator has not looked yet')
      return outcomeOf(state)
    },
  }
}

interface State {
  readonly rules: IpamRules
  readonly context: DraftContext
  readonly market: Market
  readonly conflicts: Outcome['conflicts']
  readonly drafts: Map<ServiceKey, Draft>
  readonly strangers: Map<ServiceKey, Stranger>
  readonly waiting: Waiting
  readonly journal: Journal
  readonly limits: Set<Limit>
  /** Blocks of open pools that are given out unasked, ascending; they do not overlap. */
  readonly blocks: readonly PoolRange[]
  /** Who is to be looked at again at the next look. */
  agenda: Set<Draft>
}

/** A Service that gets nothing from a pool. */
interface Stranger {
  readonly claim: Claim
  readonly tenant: Tenant
  readonly why: NotOurs
}

interface PoolRange {
  readonly range: IpRange
  readonly pool: string
}

function createState(rules: IpamRules): State {
  const { pools, brokenPools, settings = DEFAULT_IPAM, namespaces, policies = [] } = rules
  const conflicts = findConflicts(pools)
  const journal = { addresses: new Map<string, Ip>(), keys: new Set<string>() }
  const limits = new Set<Limit>()
  const usage = createUsage(policies, { pools, conflicts }, namespaces, limits)
  const open = arrangePools(pools, conflicts, usage.policies)
  const holdings = createHoldings(journal)
  return {
    rules,
    context: { anyPool: pools.length + brokenPools.length > 0, settings, namespaces },
    market: { pools: open, holdings, usage, brokenPools: brokenPools.toSorted(compareText) },
    conflicts,
    drafts: new Map(),
    strangers: new Map(),
    waiting: createWaiting(open, holdings, usage),
    journal,
    limits,
    blocks: blocksOf(open),
    agenda: new Set(),
  }
}

function blocksOf(pools: readonly OpenPool[]): readonly PoolRange[] {
  return pools
    .filter(({ closed }) => closed === undefined)
    .flatMap(({ key, unreserved }) => [...unreserved.IPv4, ...unreserved.IPv6].map((range) => ({ range, pool: key })))
    .toSorted((a, b) => compareIp(a.range.first, b.range.first))
}

/** The open pool that gives out an address unasked. O(log blocks). */
function poolAt({ blocks }: State, ip: Ip): string | undefined {
  let low = 0
  let high = blocks.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if (compareIp((blocks[middle] as PoolRange).range.last, ip) < 0) low = middle + 1
    else high = middle
  }
  const found = blocks[low]
  return found !== undefined && compareIp(found.range.first, ip) <= 0 ? found.pool : undefined
}

/** All claims that were known, as they have become. */
function withAll(before: State | undefined, changes: ClaimChanges): ClaimChanges {
  if (before === undefined) return changes
  const all = new Map<ServiceKey, Claim | undefined>()
  for (const [key, { claim }] of before.drafts) all.set(key, claim)
  for (const [key, { claim }] of before.strangers) all.set(key, claim)
  for (const [key, claim] of changes) all.set(key, claim)
  return all
}

/** `before`: where to look up what Services were given, when that is not this state. */
function lookAt(state: State, changes: ClaimChanges, before: State = state): AllocatorLook {
  const remembered = rememberedOf(before, changes)
  const concerned = new Set(state.agenda)
  state.agenda = new Set()
  for (const key of changes.keys()) withdraw(state, key, concerned)
  const drafts = takeIn(state, changes, remembered)
  const changed = new Set(changes.keys())
  serve(state, [...concerned, ...drafts], changed)
  return { changed, isUnfinished: state.agenda.size > 0 }
}

function rememberedOf({ drafts }: State, changes: ClaimChanges): Remembered {
  const remembered = new Map<ServiceKey, readonly Ip[]>()
  for (const [key, claim] of changes) {
    const draft = drafts.get(key)
    if (draft === undefined || claim === undefined) continue
    if (isRemembered(draft.claim, claim, draft.kept)) remembered.set(key, draft.kept)
  }
  return remembered
}

/** Takes a Service out, with all that it holds, shows and waits for. */
function withdraw(state: State, key: ServiceKey, concerned: Set<Draft>): void {
  const { market, waiting, drafts, strangers } = state
  const draft = drafts.get(key)
  const stranger = strangers.get(key)
  if (draft !== undefined) {
    drafts.delete(key)
    concerned.delete(draft)
    leave(waiting, draft)
    for (const ip of draft.kept) {
      release(market.holdings, ip, draft.tenant)
      countOut(market.usage, draft.claim.service, ip)
    }
  }
  strangers.delete(key)
  const gone = draft ?? stranger
  if (gone === undefined) return
  for (const ip of shownBeside(gone.claim, draft?.kept ?? [])) unshow(market.holdings, ip, gone.tenant)
}

/** Lets changed Services keep what they may, and notes what they may still show. */
function takeIn(state: State, changes: ClaimChanges, remembered: Remembered): readonly Draft[] {
  const { market, context, rules } = state
  const claims = [...changes.values()].filter((claim) => claim !== undefined)
  const notOurs = new Map<ServiceKey, NotOurs>()
  const drafts = draftsOf(claims, { ...context, remembered }, notOurs)
  keepValid(drafts, market, rules.brokenPools.length === 0)
  for (const draft of drafts) {
    state.drafts.set(draft.key, draft)
    holdShown(draft.claim, draft.tenant, draft.kept, market.holdings)
  }
  for (const claim of claims) {
    const key = serviceKey(claim.service)
    const why = notOurs.get(key)
    if (why === undefined) continue
    const tenant = tenantOf(claim.service, undefined)
    state.strangers.set(key, { claim, tenant, why })
    holdShown(claim, tenant, [], market.holdings)
  }
  return drafts
}

/**
 * Goes through those whom something concerns, in turn. What is found for one may concern others: those whose turn is yet to come are looked
 * at when it comes, and those whose turn is over at the next look, as `allocate()` would.
 */
function serve(state: State, drafts: readonly Draft[], changed: Set<ServiceKey>): void {
  const { market, waiting, journal, limits } = state
  const queue = createOrdered<Draft, Draft>(compareTurn)
  for (const draft of drafts) put(queue, draft, draft)
  const sources = new Set<Concerned['sources'][number]>()
  let position: Draft | undefined
  for (;;) {
    const concerned = concernedBy(waiting, journal, limits, (ip) => poolAt(state, ip))
    for (const source of concerned.sources) sources.add(source)
    for (const draft of concerned.all) {
      if (position === undefined || compareTurn(draft, position) > 0) put(queue, draft, draft)
      else state.agenda.add(draft)
    }
    let next = first(queue)?.value
    for (const source of sources) {
      const other = nextFor(source, position)
      if (other === undefined) sources.delete(source)
      else if (next === undefined || compareTurn(other, next) < 0) next = other
    }
    if (next === undefined) return
    drop(queue, next)
    position = next
    leave(waiting, next)
    next.refusals.length = 0
    grant(next, market)
    enter(waiting, next)
    changed.add(next.key)
  }
}

function outcomeOf({ drafts, strangers, conflicts, market, waiting }: State): Outcome & { readonly waiting: number } {
  return {
    assignments: {
      get(key) {
        const draft = drafts.get(key)
        return draft === undefined ? undefined : assignmentOf(draft)
      },
      size: drafts.size,
    },
    notOurs: { get: (key) => strangers.get(key)?.why },
    conflicts,
    holdings: market.holdings,
    usage: market.usage,
    waiting: waiting.count,
  }
}
