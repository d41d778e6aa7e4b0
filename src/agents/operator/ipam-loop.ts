import type { IpamSettings } from '#ipam/ownership.ts'
import { serviceKey } from '#model/service.ts'
import type { Clock } from '#ports/clock.ts'
import type { KubeApi } from '#ports/kube-api.ts'
import { POOLS, SERVICES } from '#ports/kube-resources.ts'
import type { Informer } from '#runtime/informer.ts'
import type { Failure } from '#runtime/failure.ts'
import { createReconciler, type ReconcileAnswer, type Reconciler } from '#runtime/reconciler.ts'
import type { OperatorReports } from './reports.ts'
import type { EventRecorder } from './event-recorder.ts'
import { announcementsOf } from './announcement-plan.ts'
import type { L2View } from './l2-view.ts'
import { allocateFrom, poolImage, serviceImage } from './ipam-plan.ts'
import { type NodeSources, nodeAssigner } from './node-source.ts'
import type { PoolRecord, ServiceRecord } from './records.ts'
import { createSeen, type Seen } from './seen.ts'
import { noticesOf } from './service-events.ts'
import { settle } from './settle.ts'
import { createStatusWriter, type StatusWrite, type StatusWriter } from './status-writer.ts'

export interface IpamLoopOptions {
  readonly api: KubeApi
  readonly clock: Clock
  readonly random: () => number
  readonly pools: Informer<PoolRecord>
  readonly services: Informer<ServiceRecord>
  /** Undefined where node IPAM is off. */
  readonly nodeSources: NodeSources | undefined
  readonly settings: IpamSettings
  /** Who answers for the addresses. */
  readonly view: L2View
  readonly events: EventRecorder
  readonly reports: OperatorReports
}

interface ServiceWrite extends StatusWrite {
  readonly record: ServiceRecord
}

/** A burst of changes is one allocation; where one takes longer than this, the loop rests as long as it worked. */
const SETTLE_MS = 10
/** Writes that were refused for good (a missing rule) are tried again at least that often. */
const RESYNC_MS = 60_000

/** Gives Services their addresses and tells pools how they stand. Writes nothing before both kinds are listed in full. */
export function startIpamLoop(options: IpamLoopOptions, signal: AbortSignal): { close(): Promise<void> } {
  const { api, clock, random, pools, services, nodeSources, view, events, reports } = options
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
  const seen = createSeen()
  const reconcile = async (running: AbortSignal): Promise<ReconcileAnswer> => {
    const beganMs = clock.monotonicMs()
    const answer = reconcileOnce(options, serviceWriter, poolWriter, seen)
    const tookMs = clock.monotonicMs() - beganMs
    if (tookMs > SETTLE_MS) await clock.sleep(tookMs, running)
    return answer
  }
  const onFailure = (failure: Failure, inARow: number): void => reports.loopFailed('ipam', failure, inARow)
  const timing = { settleMs: SETTLE_MS, resyncMs: RESYNC_MS, clock, random }
  const reconciler = createReconciler({ reconcile, onFailure, ...timing }, signal)
  const ofNodes = nodeSources === undefined ? [] : [nodeSources.nodes, nodeSources.slices]
  const unsubscribe = [pools, services, view, ...ofNodes].map((source) => source.onChange(reconciler.poke))
  reconciler.poke()
  return { close: () => closeAll(unsubscribe, [reconciler, serviceWriter, poolWriter]) }
}

async function closeAll(
  unsubscribe: readonly (() => void)[],
  parts: readonly Pick<Reconciler, 'close'>[],
): Promise<void> {
  for (const off of unsubscribe) off()
  await Promise.all(parts.map((part) => part.close()))
}

function reconcileOnce(
  { pools, services, nodeSources, settings, view, clock, reports }: IpamLoopOptions,
  serviceWriter: StatusWriter<ServiceWrite>,
  poolWriter: StatusWriter<StatusWrite>,
  seen: Seen,
): ReconcileAnswer {
  if (!pools.status().synced || !services.status().synced) return undefined
  const nowMs = clock.nowMs()
  const moment = view.moment()
  const announcements = announcementsOf(moment, nowMs)
  const allocation = allocateFrom(pools.items(), services.items(), serviceWriter.ledger, settings)
  const assignNodes = nodeAssigner(nodeSources)
  for (const [key, record] of services.items()) {
    if (seen.isSettled(key, record, moment, allocation.assignments.get(key))) continue
    const { conditions, ingress, service } = record
    const settling = settle(
      serviceWriter,
      key,
      record,
      { conditions, ingress, addresses: service.ingressIps },
      (current) => {
        const image = serviceImage(key, record, current, { allocation, announcements, assignNodes, nowMs })
        return image === undefined ? undefined : { image, write: { record, image } }
      },
    )
    if (settling === 'unchanged') seen.note(key, record, moment)
  }
  for (const [key, record] of pools.items()) {
    settle(poolWriter, key, record, { conditions: record.conditions, addresses: [] }, (current) => {
      const image = poolImage(record, current, allocation, nowMs)
      return { image, write: { record, image } }
    })
  }
  seen.retain(services.items())
  serviceWriter.retain(services.items())
  poolWriter.retain(pools.items())
  reports.allocated(allocation)
  return { runAgainInMs: announcements?.nextLookMs() }
}
