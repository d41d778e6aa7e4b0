import { sameAddressPoolStatus } from '#crd/metallb/pool-status.ts'
import { findConflicts, type PoolConflict } from '#ipam/conflicts.ts'
import { IPAM_CONDITION } from '#ipam/ownership.ts'
import type { Condition } from '#model/condition.ts'
import { type Pool, poolKey } from '#model/pool.ts'
import type { Clock } from '#ports/clock.ts'
import type { KubeApi, KubeResource } from '#ports/kube-api.ts'
import { ADDRESS_POOLS, CONFIG_MAPS, SERVICES } from '#ports/kube-resources.ts'
import type { Failure } from '#runtime/failure.ts'
import type { Informer } from '#runtime/informer.ts'
import { createReconciler } from '#runtime/reconciler.ts'
import type { EventRecorder, EventText } from '#agents/event-recorder.ts'
import { legacyEvents, poolEvents, shownAddresses, statusOf } from './metallb-pools.ts'
import { additionalFamilyEvents, annotationEvents, markEvents, poolMark } from './metallb-services.ts'
import { lookAtMetallb, type MetallbSources } from './metallb-source.ts'
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
const RESYNC_MS = 60_000

interface LoopState {
  readonly writers: MetallbWriters
  readonly toldOfPools: Told
  readonly toldOfServices: Told
  /** Versions of Services of which all has been told. */
  readonly lookedAt: WeakSet<ServiceRecord>
  readonly beganMs: number
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
  const state = {
    writers,
    toldOfPools: createTold(),
    toldOfServices: createTold(),
    lookedAt: new WeakSet<ServiceRecord>(),
    beganMs: clock.nowMs(),
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
  const { writers, toldOfPools } = state
  const { pools, services, metallb } = options
  const look = lookAtMetallb(metallb)
  if (look === undefined || !pools.status().synced || !services.status().synced) return
  const all = [...pools.items().values(), ...look.pools].flatMap(({ pool }) => pool ?? [])
  const conflicts = findConflicts(all)
  tellOfPools(options, conflicts, toldOfPools)
  writeStatuses(options, writers)
  const inForceFirst = all.toSorted((a, b) => Number(isClosed(a, conflicts)) - Number(isClosed(b, conflicts)))
  markServices(options, inForceFirst, writers)
  tellOfServices(options, state, inForceFirst)
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

function writeStatuses({ metallb, services }: MetallbLoopOptions, writers: MetallbWriters): void {
  const own = metallb.addressPools.items()
  if (own.size === 0) return
  const shown = shownAddresses(services.items().values())
  for (const [key, record] of own) {
    if (record.pool === undefined) continue
    const status = statusOf(record.pool, shown)
    if (!sameAddressPoolStatus(record.status, status)) writers.putStatus(key, record, status)
  }
}

function markServices({ services }: MetallbLoopOptions, pools: readonly Pool[], writers: MetallbWriters): void {
  for (const [key, record] of services.items()) {
    const patch = poolMark(record, pools)
    if (patch !== undefined) writers.putMark(key, record, patch)
  }
}

/** A Service that was served before this term began has been told already. */
function tellOfServices({ services, events }: MetallbLoopOptions, state: LoopState, pools: readonly Pool[]): void {
  const { toldOfServices: told, lookedAt, beganMs } = state
  const items = services.items()
  for (const [key, record] of items) {
    if (lookedAt.has(record)) continue
    lookedAt.add(record)
    const isOld = !told.knows(key) && wasServedBefore(record, beganMs)
    const news = told.news(key, [...annotationEvents(record), ...additionalFamilyEvents(record, pools)])
    if (!isOld) tell(events, SERVICES, record, news)
  }
  told.retain((key) => items.has(key))
}

function wasServedBefore({ conditions }: ServiceRecord, beganMs: number): boolean {
  const condition = (conditions as readonly Condition[]).find(({ type }) => type === IPAM_CONDITION)
  // Times of conditions are whole seconds.
  return Date.parse(condition?.lastTransitionTime ?? '') + 1000 <= beganMs
}

function tell(events: EventRecorder, kind: KubeResource, record: ObjectRecord, news: readonly EventText[]): void {
  for (const event of news) events.record(record, event, kind)
}
