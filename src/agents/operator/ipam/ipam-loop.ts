import type { IpamSettings } from '#ipam/ownership.ts'
import type { Outcome } from '#ipam/allocate.ts'
import type { Labels } from '#model/selector.ts'
import type { Clock } from '#ports/clock.ts'
import type { KubeApi } from '#ports/kube-api.ts'
import { POOL_POLICIES, POOLS, SERVICES } from '#ports/kube-resources.ts'
import type { Informer } from '#runtime/informer.ts'
import type { Failure } from '#runtime/failure.ts'
import { createReconciler, type ReconcileAnswer, type Reconciler } from '#runtime/reconciler.ts'
import type { ServicesByAddress } from '#agents/operator/services-by-address.ts'
import { changedHoldings } from '#agents/operator/announcements/moment-changes.ts'
import type { OperatorReports } from '#agents/operator/reports.ts'
import type { EventRecorder } from '#agents/event-recorder.ts'
import { type AllocationSource, createAllocationSource } from './allocation-source.ts'
import { poolImage } from './ipam-plan.ts'
import type { L2Moment, L2View } from '#agents/operator/announcements/l2-view.ts'
import { lookAtMetallb, type MetallbLook, type MetallbSources } from '#agents/operator/metallb/metallb-source.ts'
import type { NodeSources } from './node-source.ts'
import { policyImage, type PoolPolicyRecord, shownPolicyImage } from './pool-policies.ts'
import type { PoolRecord, ServiceRecord } from '#agents/operator/records.ts'
import { createReminders, type Reminders } from './reminders.ts'
import { noticesOf } from './service-events.ts'
import { createServiceStatuses, type ServiceStatuses, type ServiceWrite } from './service-statuses.ts'
import { settle } from '#agents/operator/status/settle.ts'
import {
  createStatusWriter,
  STATUS_WRITES_AT_ONCE,
  type StatusWrite,
  type StatusWriter,
} from '#agents/operator/status/status-writer.ts'

export interface IpamLoopOptions {
  readonly api: KubeApi
  readonly clock: Clock
  readonly random: () => number
  readonly pools: Informer<PoolRecord>
  readonly poolPolicies: Informer<PoolPolicyRecord>
  /** Labels by name. */
  readonly namespaces: Informer<Labels>
  readonly services: Informer<ServiceRecord>
  readonly byAddress: ServicesByAddress
  /** Undefined where node IPAM is off. */
  readonly nodeSources: NodeSources | undefined
  /** Undefined where the dialect of MetalLB is switched off. */
  readonly metallb: MetallbSources | undefined
  readonly settings: IpamSettings
  /** Who answers for the addresses. */
  readonly view: L2View
  readonly events: EventRecorder
  readonly reports: OperatorReports
}

interface Writers {
  readonly services: StatusWriter<ServiceWrite>
  readonly pools: StatusWriter<StatusWrite>
  readonly policies: StatusWriter<StatusWrite>
}

/** What one look leaves to the next. */
interface Memory {
  readonly source: AllocationSource
  readonly statuses: ServiceStatuses
  readonly reminders: Reminders
  /** The next look is at all Services. */
  isSweepDue: boolean
  /** When all Services were looked at last, by the monotonic clock. */
  sweptMs: number
  moment: L2Moment | undefined
  /** The moment since which nothing has changed in what nodes report that may be about any Service. */
  era: L2Moment | undefined
  /** More Services wait for their address than are written at once. */
  hasBacklog: boolean
  /** When that was so last, by the monotonic clock. */
  backlogMs: number
  /** When pools were looked at last, by the monotonic clock. */
  poolsMs: number | undefined
}

/** A burst of changes is one allocation; where one takes longer than this, the loop rests as long as it worked. */
const SETTLE_MS = 10
/** With more Services waiting for an address than are written at once, all else waits, and the loop rests so many times as long. */
const BACKLOG_REST = 4
/** Nor does a backlog that lasts keep what waits behind it from being looked at that often. */
const BACKLOG_LOOK_MS = 1_000
/** How many addresses of a pool are used changes with every Service: it is written that often at most, less often in a backlog. */
const POOL_STATUS_MS = 200
/** Writes that were refused for good (a missing rule) are tried again at least that often. */
const RESYNC_MS = 60_000

const NOBODY: ReadonlySet<string> = new Set()

/** Gives Services their addresses and tells pools how they stand. Writes nothing before both kinds are listed in full. */
export function startIpamLoop(options: IpamLoopOptions, signal: AbortSignal): { close(): Promise<void> } {
  const { api, clock, random, pools, poolPolicies, namespaces, services, nodeSources, metallb, view } = options
  const { events, reports, settings } = options
  const common = { api, clock, random, reports }
  const onWritten = (write: ServiceWrite): void => {
    for (const notice of noticesOf(write, write.record.service.ingressIps)) events.record(write.record, notice)
  }
  const serviceWriter = createStatusWriter<ServiceWrite>({ ...common, resource: SERVICES, onWritten }, signal)
  const poolWriter = createStatusWriter<StatusWrite>({ ...common, resource: POOLS }, signal)
  const policyWriter = createStatusWriter<StatusWrite>({ ...common, resource: POOL_POLICIES }, signal)
  const writers = { services: serviceWriter, pools: poolWriter, policies: policyWriter }
  const reminders = createReminders({ services, events, clock, random })
  const memory: Memory = {
    source: createAllocationSource({ settings, ledger: serviceWriter.ledger, services: services.keyChanges() }),
    statuses: createServiceStatuses({ services, nodeSources, writer: serviceWriter, reminders, clock }),
    reminders,
    isSweepDue: true,
    sweptMs: Number.NEGATIVE_INFINITY,
    moment: undefined,
    era: undefined,
    hasBacklog: false,
    backlogMs: Number.NEGATIVE_INFINITY,
    poolsMs: undefined,
  }
  const reconcile = async (running: AbortSignal): Promise<ReconcileAnswer> => {
    const beganMs = clock.monotonicMs()
    const answer = reconcileSafely(options, writers, memory)
    const tookMs = clock.monotonicMs() - beganMs
    if (tookMs > SETTLE_MS) await clock.sleep(tookMs * (memory.hasBacklog ? BACKLOG_REST : 1), running)
    return answer
  }
  const onFailure = (failure: Failure, inARow: number): void => reports.loopFailed('ipam', failure, inARow)
  const timing = { settleMs: SETTLE_MS, resyncMs: RESYNC_MS, clock, random }
  const reconciler = createReconciler({ reconcile, onFailure, ...timing }, signal)
  const ofNodes = nodeSources === undefined ? [] : [nodeSources.nodes, nodeSources.slices]
  const ofMetallb = metallb === undefined ? [] : Object.values<Pick<Informer<unknown>, 'onChange'>>({ ...metallb })
  const rules = [pools, poolPolicies, namespaces, ...ofMetallb].map((source) =>
    source.onChange(memory.source.rulesChanged),
  )
  // Which Services a node or an endpoint concerns is found by a look at all of them.
  const nodes = ofNodes.map((source) => source.onChange(() => void (memory.isSweepDue = true)))
  const pokes = [pools, poolPolicies, namespaces, services, view, ...ofNodes, ...ofMetallb].map((source) =>
    source.onChange(reconciler.poke),
  )
  const unsubscribe = [...rules, ...nodes, ...pokes]
  reconciler.poke()
  return { close: () => closeAll(unsubscribe, [reconciler, ...Object.values(writers)]) }
}

async function closeAll(
  unsubscribe: readonly (() => void)[],
  parts: readonly Pick<Reconciler, 'close'>[],
): Promise<void> {
  for (const off of unsubscribe) off()
  await Promise.all(parts.map((part) => part.close()))
}

/** What was found to have changed is lost with a look that breaks off: the next one is at everything. */
function reconcileSafely(options: IpamLoopOptions, writers: Writers, memory: Memory): ReconcileAnswer {
  try {
    return reconcileOnce(options, writers, memory)
  } catch (error) {
    memory.source.startAnew()
    memory.isSweepDue = true
    throw error
  }
}

function reconcileOnce(
  options: IpamLoopOptions,
  { services: serviceWriter, pools: poolWriter, policies: policyWriter }: Writers,
  memory: Memory,
): ReconcileAnswer {
  const { pools, poolPolicies, namespaces, services, byAddress, view, events, reports, clock } = options
  const metallb = lookAtMetallb(options.metallb)
  const isListed = [pools, poolPolicies, namespaces, services].every((informer) => informer.status().synced)
  if (!isListed || metallb === undefined) return undefined
  const items = { pools: pools.items(), policies: poolPolicies.items(), services: services.items() }
  const { source, statuses, reminders } = memory
  const { outcome, changed, isUnfinished } = source.look({ ...items, metallb, namespaces: namespaces.items() })
  const hadBacklog = memory.hasBacklog
  const moment = view.moment()
  const concerned = takeNews(memory, moment, byAddress)
  const isSweep = takeSweep(memory, moment, clock)
  statuses.settle({
    outcome,
    moment,
    era: memory.era,
    changed: concerned.size === 0 ? changed : changed.union(concerned),
    isSweep,
    hasBacklog: hadBacklog,
  })
  const poolsWaitMs = settlePools(options, { pools: poolWriter, policies: policyWriter }, memory, outcome, metallb)
  const waiting = statuses.owed() - serviceWriter.status().failing
  // Between two batches of a burst there may be a moment without: one that has begun ends when nobody has waited for a while.
  if (waiting > (memory.hasBacklog ? 0 : STATUS_WRITES_AT_ONCE)) memory.backlogMs = clock.monotonicMs()
  memory.hasBacklog = clock.monotonicMs() - memory.backlogMs < BACKLOG_LOOK_MS
  // What waited behind the backlog was not looked at.
  if (hadBacklog && !memory.hasBacklog) memory.isSweepDue = true
  events.hold(memory.hasBacklog)
  poolWriter.retain(items.pools)
  policyWriter.retain(items.policies)
  reports.allocated(outcome)
  const ofBacklog = hadBacklog || memory.hasBacklog ? BACKLOG_LOOK_MS : undefined
  reminders.look()
  const waits = [statuses.nextLookMs(), reminders.nextLookMs(), poolsWaitMs, ofBacklog, isUnfinished ? 0 : undefined]
  return { runAgainInMs: earliest(waits) }
}

/** The Services that are concerned by what nodes report since the last look; where that may be all of them, a look at all is due. */
function takeNews(memory: Memory, moment: L2Moment | undefined, byAddress: ServicesByAddress): ReadonlySet<string> {
  const before = memory.moment
  // In a backlog nothing is told of announcements.
  if (before === moment || memory.hasBacklog) return NOBODY
  memory.moment = moment
  const addresses = before === undefined || moment === undefined ? undefined : changedHoldings(before, moment)
  if (addresses !== undefined) return byAddress.keysWith(addresses)
  memory.isSweepDue = true
  return NOBODY
}

/** Whether this look is at all Services: something has changed that may be about any of them, or they have not been looked at for long. */
function takeSweep(memory: Memory, moment: L2Moment | undefined, clock: Clock): boolean {
  const nowMs = clock.monotonicMs()
  if (!memory.isSweepDue && nowMs - memory.sweptMs < RESYNC_MS) return false
  if (memory.isSweepDue) memory.era = moment
  memory.isSweepDue = false
  memory.sweptMs = nowMs
  return true
}

/** Answers with how long it has to wait if it is not time yet. */
function settlePools(
  { pools, poolPolicies, clock }: IpamLoopOptions,
  writers: Pick<Writers, 'pools' | 'policies'>,
  memory: Memory,
  outcome: Outcome,
  metallb: MetallbLook,
): number | undefined {
  const elapsedMs = clock.monotonicMs() - (memory.poolsMs ?? Number.NEGATIVE_INFINITY)
  const pauseMs = memory.hasBacklog ? BACKLOG_LOOK_MS : POOL_STATUS_MS
  if (elapsedMs < pauseMs) return pauseMs - elapsedMs
  memory.poolsMs = clock.monotonicMs()
  for (const [key, record] of pools.items()) {
    settle(writers.pools, key, record, { conditions: record.conditions, addresses: [] }, (current) => {
      const image = poolImage(record, current, outcome, clock.nowMs())
      return { image, write: { record, image } }
    })
  }
  const isEveryPoolRead = [...pools.items().values(), ...metallb.pools].every(({ pool }) => pool !== undefined)
  for (const [key, record] of poolPolicies.items()) {
    settle(writers.policies, key, record, shownPolicyImage(record), (current) => {
      const image = policyImage(record, current, outcome, isEveryPoolRead, clock.nowMs())
      return { image, write: { record, image } }
    })
  }
  return undefined
}

function earliest(waits: readonly (number | undefined)[]): number | undefined {
  const given = waits.filter((wait) => wait !== undefined)
  return given.length === 0 ? undefined : Math.min(...given)
}
