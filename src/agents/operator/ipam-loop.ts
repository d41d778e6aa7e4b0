import type { IpamSettings } from '#ipam/ownership.ts'
import type { Allocation } from '#ipam/allocate.ts'
import { serviceKey } from '#model/service.ts'
import type { Labels } from '#model/selector.ts'
import type { Clock } from '#ports/clock.ts'
import type { KubeApi } from '#ports/kube-api.ts'
import { POOL_POLICIES, POOLS, SERVICES } from '#ports/kube-resources.ts'
import type { Informer } from '#runtime/informer.ts'
import type { Failure } from '#runtime/failure.ts'
import { createReconciler, type ReconcileAnswer, type Reconciler } from '#runtime/reconciler.ts'
import type { OperatorReports } from './reports.ts'
import type { EventRecorder } from '#agents/event-recorder.ts'
import { announcementsOf } from './announcement-plan.ts'
import type { L2View } from './l2-view.ts'
import { allocateFrom, poolImage, serviceImage } from './ipam-plan.ts'
import { lookAtMetallb, type MetallbSources } from './metallb-source.ts'
import { type NodeSources, nodeAssigner } from './node-source.ts'
import { policyImage, type PoolPolicyRecord, shownPolicyImage } from './pool-policies.ts'
import type { PoolRecord, ServiceRecord } from './records.ts'
import { createSeen, hasAddresses, type Seen } from './seen.ts'
import { noticesOf } from './service-events.ts'
import { settle } from './settle.ts'
import { createStatusWriter, STATUS_WRITES_AT_ONCE, type StatusWrite, type StatusWriter } from './status-writer.ts'

export interface IpamLoopOptions {
  readonly api: KubeApi
  readonly clock: Clock
  readonly random: () => number
  readonly pools: Informer<PoolRecord>
  readonly poolPolicies: Informer<PoolPolicyRecord>
  /** Labels by name. */
  readonly namespaces: Informer<Labels>
  readonly services: Informer<ServiceRecord>
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

interface ServiceWrite extends StatusWrite {
  readonly record: ServiceRecord
}

interface Writers {
  readonly services: StatusWriter<ServiceWrite>
  readonly pools: StatusWriter<StatusWrite>
  readonly policies: StatusWriter<StatusWrite>
}

/** What one look leaves to the next. */
interface Memory {
  readonly seen: Seen
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

/** Gives Services their addresses and tells pools how they stand. Writes nothing before both kinds are listed in full. */
export function startIpamLoop(options: IpamLoopOptions, signal: AbortSignal): { close(): Promise<void> } {
  const { api, clock, random, pools, poolPolicies, namespaces, services, nodeSources, metallb, view } = options
  const { events, reports } = options
  const serviceWriter = createStatusWriter<ServiceWrite>(
    {
      api,
      resource: SERVICES,
      clock,
      random,
      onWritten: (write) => {
        reports.written(SERVICES, serviceKey(write.record))
        for (const notice of noticesOf(write, write.record.service.ingressIps)) events.record(write.record, notice)
      },
      onFailure: (key, failure) => reports.writeFailed(SERVICES, key, failure),
    },
    signal,
  )
  const poolWriter = createStatusWriter<StatusWrite>(
    {
      api,
      resource: POOLS,
      clock,
      random,
      onWritten: ({ record }) => reports.written(POOLS, record.name),
      onFailure: (key, failure) => reports.writeFailed(POOLS, key, failure),
    },
    signal,
  )
  const policyWriter = createStatusWriter<StatusWrite>(
    {
      api,
      resource: POOL_POLICIES,
      clock,
      random,
      onWritten: ({ record }) => reports.written(POOL_POLICIES, record.name),
      onFailure: (key, failure) => reports.writeFailed(POOL_POLICIES, key, failure),
    },
    signal,
  )
  const writers = { services: serviceWriter, pools: poolWriter, policies: policyWriter }
  const memory: Memory = {
    seen: createSeen(),
    hasBacklog: false,
    backlogMs: Number.NEGATIVE_INFINITY,
    poolsMs: undefined,
  }
  const reconcile = async (running: AbortSignal): Promise<ReconcileAnswer> => {
    const beganMs = clock.monotonicMs()
    const answer = reconcileOnce(options, writers, memory)
    const tookMs = clock.monotonicMs() - beganMs
    if (tookMs > SETTLE_MS) await clock.sleep(tookMs * (memory.hasBacklog ? BACKLOG_REST : 1), running)
    return answer
  }
  const onFailure = (failure: Failure, inARow: number): void => reports.loopFailed('ipam', failure, inARow)
  const timing = { settleMs: SETTLE_MS, resyncMs: RESYNC_MS, clock, random }
  const reconciler = createReconciler({ reconcile, onFailure, ...timing }, signal)
  const ofNodes = nodeSources === undefined ? [] : [nodeSources.nodes, nodeSources.slices]
  const ofMetallb = metallb === undefined ? [] : Object.values<Pick<Informer<unknown>, 'onChange'>>({ ...metallb })
  const unsubscribe = [pools, poolPolicies, namespaces, services, view, ...ofNodes, ...ofMetallb].map((source) =>
    source.onChange(reconciler.poke),
  )
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

function reconcileOnce(
  options: IpamLoopOptions,
  { services: serviceWriter, pools: poolWriter, policies: policyWriter }: Writers,
  memory: Memory,
): ReconcileAnswer {
  const { pools, poolPolicies, namespaces, services, settings, events, reports, clock } = options
  const metallb = lookAtMetallb(options.metallb)
  const isListed = [pools, poolPolicies, namespaces, services].every((informer) => informer.status().synced)
  if (!isListed || metallb === undefined) return undefined
  const rules = { settings, metallb, policies: poolPolicies.items().values(), namespaces: namespaces.items() }
  const allocation = allocateFrom(pools.items(), services.items(), serviceWriter.ledger, rules)
  const hadBacklog = memory.hasBacklog
  const { owed, nextLookMs } = settleServices(options, serviceWriter, memory, allocation)
  const poolsWaitMs = settlePools(options, { pools: poolWriter, policies: policyWriter }, memory, allocation)
  const waiting = owed - serviceWriter.status().failing
  // Between two batches of a burst there may be a moment without: one that has begun ends when nobody has waited for a while.
  if (waiting > (memory.hasBacklog ? 0 : STATUS_WRITES_AT_ONCE)) memory.backlogMs = clock.monotonicMs()
  memory.hasBacklog = clock.monotonicMs() - memory.backlogMs < BACKLOG_LOOK_MS
  events.hold(memory.hasBacklog)
  memory.seen.retain(services.items())
  serviceWriter.retain(services.items())
  poolWriter.retain(pools.items())
  policyWriter.retain(poolPolicies.items())
  reports.allocated(allocation)
  // Also when it has just ended: what waited behind it was not looked at this time.
  const looks = [nextLookMs, poolsWaitMs, hadBacklog || memory.hasBacklog ? BACKLOG_LOOK_MS : undefined]
  return { runAgainInMs: earliest(looks) }
}

/** `owed`: Services whose status does not show yet what they were given. */
function settleServices(
  { services, nodeSources, view, clock }: IpamLoopOptions,
  writer: StatusWriter<ServiceWrite>,
  { seen, hasBacklog }: Memory,
  allocation: Allocation,
): { readonly owed: number; readonly nextLookMs: number | undefined } {
  const nowMs = clock.nowMs()
  const moment = view.moment()
  const announcements = hasBacklog ? undefined : announcementsOf(moment, nowMs)
  const plan = { allocation, announcements, assignNodes: nodeAssigner(nodeSources), nowMs }
  let owed = 0
  for (const [key, record] of services.items()) {
    const assignment = allocation.assignments.get(key)
    if (seen.isSettled(key, record, moment, assignment)) continue
    const { conditions, ingress, service } = record
    const shown = { conditions, ingress, addresses: service.ingressIps }
    const settling = settle(writer, key, record, shown, (current) => {
      const image = serviceImage(key, record, current, plan)
      return image === undefined ? undefined : { image, write: { record, image } }
    })
    if (settling === 'unchanged' && !hasBacklog) seen.note(key, record, moment)
    const isSent = settling === 'write' || settling === 'underWay'
    if (isSent && assignment !== undefined && !hasAddresses(record, assignment)) owed += 1
  }
  return { owed, nextLookMs: announcements?.nextLookMs() }
}

/** Answers with how long it has to wait if it is not time yet. */
function settlePools(
  { pools, poolPolicies, clock, metallb }: IpamLoopOptions,
  writers: Pick<Writers, 'pools' | 'policies'>,
  memory: Memory,
  allocation: Allocation,
): number | undefined {
  const elapsedMs = clock.monotonicMs() - (memory.poolsMs ?? Number.NEGATIVE_INFINITY)
  const pauseMs = memory.hasBacklog ? BACKLOG_LOOK_MS : POOL_STATUS_MS
  if (elapsedMs < pauseMs) return pauseMs - elapsedMs
  memory.poolsMs = clock.monotonicMs()
  for (const [key, record] of pools.items()) {
    settle(writers.pools, key, record, { conditions: record.conditions, addresses: [] }, (current) => {
      const image = poolImage(record, current, allocation, clock.nowMs())
      return { image, write: { record, image } }
    })
  }
  const isEveryPoolRead = [...pools.items().values(), ...(lookAtMetallb(metallb)?.pools ?? [])].every(
    ({ pool }) => pool !== undefined,
  )
  for (const [key, record] of poolPolicies.items()) {
    settle(writers.policies, key, record, shownPolicyImage(record), (current) => {
      const image = policyImage(record, current, allocation, isEveryPoolRead, clock.nowMs())
      return { image, write: { record, image } }
    })
  }
  return undefined
}

function earliest(waits: readonly (number | undefined)[]): number | undefined {
  const given = waits.filter((wait) => wait !== undefined)
  return given.length === 0 ? undefined : Math.min(...given)
}
