import { isDeepStrictEqual } from 'node:util'
import { sameAddressPoolStatus } from '#crd/metallb/pool-status.ts'
import { findConflicts, type PoolConflict } from '#ipam/conflicts.ts'
import { IPAM_CONDITION } from '#ipam/ownership.ts'
import type { Condition } from '#model/condition.ts'
import { type Pool, poolKey } from '#model/pool.ts'
import type { Clock } from '#ports/clock.ts'
import type { KubeApi, KubeResource } from '#ports/kube-api.ts'
import { ADDRESS_POOLS, CONFIG_MAPS, SERVICES } from '#ports/kube-resources.ts'
import { createDueKeys, type Due, type DueKeys } from '#runtime/due-keys.ts'
import type { Failure } from '#runtime/failure.ts'
import type { Informer } from '#runtime/informer.ts'
import { createReconciler } from '#runtime/reconciler.ts'
import type { EventRecorder, EventText } from '#agents/event-recorder.ts'
import { createShownAddresses, legacyEvents, poolEvents, type ShownAddresses } from './metallb-pools.ts'
import { additionalFamilyEvents, annotationEvents, markEvents, poolMark } from './metallb-services.ts'
import { lookAtMetallb, type MetallbLook, type MetallbSources } from './metallb-source.ts'
import { createMetallbWriters, type MetallbWriters } from './metallb-writers.ts'
import type { ObjectRecord, PoolRecord, ServiceRecord } from '#agents/operator/records.ts'
import type { OperatorReports } from '#agents/operator/reports.ts'
import { lookAndRest } from '#agents/operator/rest.ts'
import { createTold, type Told } from '#agents/operator/told.ts'

export interface MetallbLoopOptions {
  readonly api: KubeApi
  readonly clock: Clock
  readonly random: () => number
  /** Those of Cilium's dialect. */
  readonly pools: Informer<PoolRecord>
  readonly services: Informer<ServiceRecord>
  readonly metallb: MetallbSources
  readonly events: EventRecorder
  readonly reports: OperatorReports
}

/** Nothing waits for what this loop writes, so a burst is one look. */
const SETTLE_MS = 500
/** Writes that were refused for good (a missing rule) are tried again at least that often. */
const RESYNC_MS = 60_000

interface LoopState {
  readonly due: DueKeys
  readonly writers: MetallbWriters
  readonly toldOfPools: Told
  readonly toldOfServices: Told
  /** Versions of Services of which all has been told. */
  readonly lookedAt: WeakSet<ServiceRecord>
  readonly beganMs: number
  pools: PoolSight | undefined
  /** In the pools of MetalLB's kind. */
  shown: ShownAddresses
}

/** The pools of all kinds, which concern every Service. */
interface PoolSight {
  readonly all: readonly Pool[]
  readonly conflicts: ReadonlyMap<string, PoolConflict>
  readonly inForceFirst: readonly Pool[]
  /** A part of MetalLB's could not be read, so they may have more addresses than are known. */
  readonly isUnsure: boolean
}

/**
 * Tells users of MetalLB's kinds and annotations what MetalLB would tell them. It reads what others have written, and gives out nothing
 * itself: addresses come from the loop for all pools.
 */
export function startMetallbLoop(options: MetallbLoopOptions, signal: AbortSignal): { close(): Promise<void> } {
  const { api, clock, random, pools, services, metallb, events, reports } = options
  const writers = createMetallbWriters(
    {
      api,
      clock,
      random,
      reports,
      onMarked: (record, patch) => tell(events, SERVICES, record, markEvents(patch)),
    },
    signal,
  )
  const state: LoopState = {
    due: createDueKeys({ changes: services.keyChanges(), clock, allEveryMs: RESYNC_MS }),
    writers,
    toldOfPools: createTold(),
    toldOfServices: createTold(),
    lookedAt: new WeakSet<ServiceRecord>(),
    beganMs: clock.nowMs(),
    pools: undefined,
    shown: createShownAddresses([]),
  }
  const reconcile = (running: AbortSignal): Promise<void> =>
    lookAndRest(() => reconcileOnce(options, state), clock, running)
  const onFailure = (failure: Failure, inARow: number): void => reports.loopFailed('metallb', failure, inARow)
  const timing = { settleMs: SETTLE_MS, resyncMs: RESYNC_MS, clock, random }
  const reconciler = createReconciler({ reconcile, onFailure, ...timing }, signal)
  const sources: readonly Pick<Informer<unknown>, 'onChange'>[] = [
    pools,
    services,
    metallb.addressPools,
    metallb.legacyConfig,
  ]
  const unsubscribe = sources.map((source) => source.onChange(reconciler.poke))
  reconciler.poke()
  return {
    async close() {
      for (const off of unsubscribe) off()
      await Promise.all([reconciler.close(), writers.close()])
    },
  }
}

function reconcileOnce(options: MetallbLoopOptions, state: LoopState): void {
  const { pools, services, metallb } = options
  const look = lookAtMetallb(metallb)
  if (look === undefined || !pools.status().synced || !services.status().synced) return
  const before = state.pools
  const sight = lookAtPools(options, look, before)
  state.pools = sight
  if (sight !== before) state.due.allDue()
  tellOfPools(options, sight.conflicts, state.toldOfPools)
  state.due.look(services.items().keys(), (due) => lookAtServices(options, state, sight, due))
}

/** The very same as before when nothing has changed but what statuses say. */
function lookAtPools({ pools }: MetallbLoopOptions, look: MetallbLook, before: PoolSight | undefined): PoolSight {
  const all = [...pools.items().values(), ...look.pools].flatMap(({ pool }) => pool ?? [])
  const isUnsure = look.pools.some(({ mistakes }) => mistakes.length > 0)
  if (before?.isUnsure === isUnsure && isDeepStrictEqual(before.all, all)) return before
  const conflicts = findConflicts(all)
  const inForceFirst = all.toSorted((a, b) => Number(isClosed(a, conflicts)) - Number(isClosed(b, conflicts)))
  return { all, conflicts, inForceFirst, isUnsure }
}

function lookAtServices(options: MetallbLoopOptions, state: LoopState, sight: PoolSight, due: Due): void {
  const { inForceFirst, isUnsure } = sight
  const items = options.services.items()
  for (const key of due.keys) if (!items.has(key)) forget(state, key)
  const records = Array.from(due.keys, (key) => [key, items.get(key)] as const).filter(isThere)
  countAddresses(options, state, records, due.isAll)
  writeStatuses(options, state)
  for (const [key, record] of records) {
    const patch = poolMark(record, inForceFirst, isUnsure)
    if (patch !== undefined) state.writers.putMark(key, record, patch)
  }
  for (const [key, record] of records) tellOfService(options, state, key, record, inForceFirst)
}

function isThere(pair: readonly [string, ServiceRecord | undefined]): pair is readonly [string, ServiceRecord] {
  return pair[1] !== undefined
}

function forget({ writers, toldOfServices, shown }: LoopState, key: string): void {
  writers.forget(key)
  toldOfServices.forget(key)
  shown.put(key, undefined)
}

function isClosed(pool: Pool, conflicts: ReadonlyMap<string, PoolConflict>): boolean {
  return conflicts.has(poolKey(pool))
}

function tellOfPools(
  { metallb, events }: MetallbLoopOptions,
  conflicts: ReadonlyMap<string, PoolConflict>,
  told: Told,
): void {
  const own = metallb.addressPools.items()
  const legacy = metallb.legacyConfig.items()
  for (const [key, record] of own) {
    tell(events, ADDRESS_POOLS, record, told.news(`pool ${key}`, poolEvents(record, conflicts)))
  }
  for (const [key, record] of legacy) {
    tell(events, CONFIG_MAPS, record, told.news(`config ${key}`, legacyEvents(record, own, conflicts)))
  }
  told.retain((key) => own.has(key.slice('pool '.length)) || legacy.has(key.slice('config '.length)))
}

/** A look at all of them counts anew. */
function countAddresses(
  { metallb }: MetallbLoopOptions,
  state: LoopState,
  records: readonly (readonly [string, ServiceRecord])[],
  isAll: boolean,
): void {
  const own = metallb.addressPools.items().values()
  if (isAll) state.shown = createShownAddresses(Array.from(own).flatMap(({ pool }) => pool ?? []))
  for (const [key, record] of records) state.shown.put(key, record)
}

function writeStatuses({ metallb }: MetallbLoopOptions, { writers, shown }: LoopState): void {
  for (const [key, record] of metallb.addressPools.items()) {
    if (record.pool === undefined) continue
    const status = shown.statusOf(record.pool)
    if (!sameAddressPoolStatus(record.status, status)) writers.putStatus(key, record, status)
  }
}

/** A Service that was served before this term began has been told already. */
function tellOfService(
  { events }: MetallbLoopOptions,
  { toldOfServices: told, lookedAt, beganMs }: LoopState,
  key: string,
  record: ServiceRecord,
  pools: readonly Pool[],
): void {
  if (lookedAt.has(record)) return
  lookedAt.add(record)
  const isOld = !told.knows(key) && wasServedBefore(record, beganMs)
  const news = told.news(key, [...annotationEvents(record), ...additionalFamilyEvents(record, pools)])
  if (!isOld) tell(events, SERVICES, record, news)
}

function wasServedBefore({ conditions }: ServiceRecord, beganMs: number): boolean {
  const condition = (conditions as readonly Condition[]).find(({ type }) => type === IPAM_CONDITION)
  // Times of conditions are whole seconds.
  return Date.parse(condition?.lastTransitionTime ?? '') + 1000 <= beganMs
}

function tell(events: EventRecorder, kind: KubeResource, record: ObjectRecord, news: readonly EventText[]): void {
  for (const event of news) events.record(record, event, kind)
}
