import type { EventRecorder, EventText } from '#agents/event-recorder.ts'
import type { MetallbEvent } from '#crd/metallb/events.ts'
import type { ServiceL2Status, ServiceL2StatusObject } from '#crd/metallb/service-l2-status.ts'
import { type Announcements, createAnnouncements } from '#l2/announced.ts'
import type { Clock } from '#ports/clock.ts'
import type { KubeApi, KubeResource } from '#ports/kube-api.ts'
import { L2_ADVERTISEMENTS, SERVICES } from '#ports/kube-resources.ts'
import type { Failure } from '#runtime/failure.ts'
import type { Informer } from '#runtime/informer.ts'
import { createReconciler, type ReconcileAnswer } from '#runtime/reconciler.ts'
import { advertisementEvents, assignedEvent, failedEvents, wasAnnouncedBefore } from './announcer-events.ts'
import { announcerName, type AnnouncerWriter, createAnnouncerWriter } from './announcer-writer.ts'
import type { L2Moment, L2View } from '#agents/operator/announcements/l2-view.ts'
import type { AdvertisementRecord } from './metallb-records.ts'
import type { ObjectRecord, ServiceRecord } from '#agents/operator/records.ts'
import type { OperatorReports } from '#agents/operator/reports.ts'
import { createTold, type Told } from '#agents/operator/told.ts'

export interface AnnouncerLoopOptions {
  readonly api: KubeApi
  readonly clock: Clock
  readonly random: () => number
  /** Of MetalLB's objects. */
  readonly namespace: string
  readonly services: Informer<ServiceRecord>
  readonly advertisements: Informer<AdvertisementRecord>
  /** Those that are ours. */
  readonly statuses: Informer<ServiceL2StatusObject>
  readonly view: L2View
  readonly events: EventRecorder
  readonly reports: OperatorReports
}

/** Nothing waits for what this loop writes, so a burst is one look. */
const SETTLE_MS = 500
const RESYNC_MS = 60_000

interface LoopState {
  readonly writer: AnnouncerWriter
  readonly toldOfAdvertisements: Told
  readonly toldOfServices: Told
  /** Who answers for a Service, as long as neither it nor the nodes change. */
  readonly sights: WeakMap<ServiceRecord, Sight>
  /** The moment that the announcements are of. */
  known: { readonly moment: L2Moment; readonly announcements: Announcements } | undefined
  readonly beganMs: number
}

interface Sight {
  readonly moment: L2Moment
  readonly advertisedBy: ReadonlyMap<string, readonly string[]>
}

/**
 * Tells users of MetalLB's kinds what its speakers would tell them: a ServiceL2Status for each Service and the node that answers for it, Events
 * when a node takes it or none can, and what is wrong in an L2Advertisement.
 */
export function startAnnouncerLoop(options: AnnouncerLoopOptions, signal: AbortSignal): { close(): Promise<void> } {
  const { clock, random, services, advertisements, statuses, view, reports } = options
  const state: LoopState = {
    writer: createAnnouncerWriter(options, signal),
    toldOfAdvertisements: createTold(),
    toldOfServices: createTold(),
    sights: new WeakMap(),
    known: undefined,
    beganMs: clock.nowMs(),
  }
  const reconcile = async (running: AbortSignal): Promise<ReconcileAnswer> => {
    const beganMs = clock.monotonicMs()
    reconcileOnce(options, state)
    const tookMs = clock.monotonicMs() - beganMs
    if (tookMs > SETTLE_MS) await clock.sleep(tookMs, running)
    return undefined
  }
  const onFailure = (failure: Failure, inARow: number): void => reports.loopFailed('announcers', failure, inARow)
  const timing = { settleMs: SETTLE_MS, resyncMs: RESYNC_MS, clock, random }
  const reconciler = createReconciler({ reconcile, onFailure, ...timing }, signal)
  const sources: readonly { onChange(listener: () => void): () => void }[] = [services, advertisements, statuses, view]
  const unsubscribe = sources.map((source) => source.onChange(reconciler.poke))
  reconciler.poke()
  return {
    async close() {
      for (const off of unsubscribe) off()
      await Promise.all([reconciler.close(), state.writer.close()])
    },
  }
}

function reconcileOnce(options: AnnouncerLoopOptions, state: LoopState): void {
  const { services, advertisements, statuses, view } = options
  const moment = view.moment()
  const isListed = [services, advertisements, statuses].every((informer) => informer.status().synced)
  // Who has not been heard of yet is not gone.
  if (moment === undefined || !moment.isSettled || !isListed) return
  if (state.known?.moment !== moment)
    state.known = { moment, announcements: createAnnouncements(moment.nodes, moment.rules) }
  tellOfAdvertisements(options, state, moment)
  const shown = new Map(Array.from(statuses.items().values(), (object) => [object.name, object]))
  state.writer.settle(lookAtServices(options, state, state.known, shown), shown)
}

function tellOfAdvertisements(
  { advertisements, events }: AnnouncerLoopOptions,
  { toldOfAdvertisements: told }: LoopState,
  moment: L2Moment,
): void {
  const items = advertisements.items()
  for (const [key, record] of items) {
    tell(events, L2_ADVERTISEMENTS, record, told.news(key, advertisementEvents(record, moment)))
  }
  told.retain((key) => items.has(key))
}

/** The wanted statuses, by name; tells of Services what is new on the way. */
function lookAtServices(
  { services, events }: AnnouncerLoopOptions,
  { toldOfServices: told, sights, beganMs }: LoopState,
  { moment, announcements }: NonNullable<LoopState['known']>,
  shown: ReadonlyMap<string, unknown>,
): ReadonlyMap<string, ServiceL2Status> {
  const wanted = new Map<string, ServiceL2Status>()
  const items = services.items()
  for (const [key, record] of items) {
    const before = sights.get(record)
    const sight =
      before?.moment === moment ? before : { moment, advertisedBy: announcements.advertisedBy(record.service) }
    sights.set(record, sight)
    const own = statusesOf(record, sight.advertisedBy)
    for (const status of own) wanted.set(announcerName(status), status)
    if (before === sight) continue
    const isFirstLook = !told.knows(key)
    const news = told.news(key, [...own.map(({ node }) => assignedEvent(node)), ...failuresOf(record, announcements)])
    // Before this term began, others have told of it.
    const isOld =
      isFirstLook && (wasAnnouncedBefore(record, beganMs) || own.some((one) => shown.has(announcerName(one))))
    if (!isOld) tell(events, SERVICES, record, news)
  }
  told.retain((key) => items.has(key))
  return wanted
}

function statusesOf(
  { service }: ServiceRecord,
  advertisedBy: ReadonlyMap<string, readonly string[]>,
): readonly ServiceL2Status[] {
  const { namespace: serviceNamespace, name: serviceName } = service
  return Array.from(advertisedBy, ([node, interfaces]) => ({ node, serviceNamespace, serviceName, interfaces }))
}

function failuresOf(record: ServiceRecord, announcements: Announcements): readonly MetallbEvent[] {
  return announcements.isAdvertised(record.service) ? failedEvents(record) : []
}

function tell(events: EventRecorder, kind: KubeResource, record: ObjectRecord, news: readonly EventText[]): void {
  for (const event of news) events.record(record, event, kind)
}
