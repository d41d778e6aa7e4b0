import type { EventRecorder, EventText } from '#agents/event-recorder.ts'
import type { MetallbEvent } from '#crd/metallb/events.ts'
import type { ServiceL2Status, ServiceL2StatusObject } from '#crd/metallb/service-l2-status.ts'
import { type Announcements, createAnnouncements } from '#l2/announced.ts'
import type { Clock } from '#ports/clock.ts'
import type { KubeApi, KubeResource } from '#ports/kube-api.ts'
import { L2_ADVERTISEMENTS, SERVICES } from '#ports/kube-resources.ts'
import { createDueKeys, type Due, type DueKeys } from '#runtime/due-keys.ts'
import type { Failure } from '#runtime/failure.ts'
import type { Informer } from '#runtime/informer.ts'
import type { KeyChanges } from '#runtime/key-changes.ts'
import { createReconciler, type ReconcileAnswer } from '#runtime/reconciler.ts'
import { advertisementEvents, assignedEvent, failedEvents, wasAnnouncedBefore } from './announcer-events.ts'
import { announcerName, type AnnouncerWriter, type ByName, createAnnouncerWriter } from './announcer-writer.ts'
import type { L2Moment, L2View } from '#agents/operator/announcements/l2-view.ts'
import { dueByMoment } from '#agents/operator/announcements/moment-changes.ts'
import type { AdvertisementRecord } from './metallb-records.ts'
import { createWantedStatuses, type WantedStatuses } from './wanted-statuses.ts'
import type { ObjectRecord, ServiceRecord } from '#agents/operator/records.ts'
import type { OperatorReports } from '#agents/operator/reports.ts'
import type { ServicesByAddress } from '#agents/operator/services-by-address.ts'
import { createTold, type Told } from '#agents/operator/told.ts'

export interface AnnouncerLoopOptions {
  readonly api: KubeApi
  readonly clock: Clock
  readonly random: () => number
  /** Of MetalLB's objects. */
  readonly namespace: string
  readonly services: Informer<ServiceRecord>
  readonly byAddress: ServicesByAddress
  readonly advertisements: Informer<AdvertisementRecord>
  /** Those that are ours. */
  readonly statuses: Informer<ServiceL2StatusObject>
  readonly view: L2View
  readonly events: EventRecorder
  readonly reports: OperatorReports
}

/** Nothing waits for what this loop writes, so a burst is one look. */
const SETTLE_MS = 500
/** Writes that were refused for good (a missing rule) are tried again at least that often. */
const RESYNC_MS = 60_000

interface LoopState {
  readonly due: DueKeys
  readonly changedStatuses: KeyChanges
  readonly writer: AnnouncerWriter
  readonly toldOfAdvertisements: Told
  readonly toldOfServices: Told
  /** Who answers for a Service, as long as neither it nor the nodes change. */
  readonly sights: WeakMap<ServiceRecord, Sight>
  readonly wanted: WantedStatuses
  /** The moment that the announcements are of. */
  known: Known | undefined
  readonly beganMs: number
}

interface Known {
  readonly moment: L2Moment
  readonly announcements: Announcements
}

interface Sight {
  readonly moment: L2Moment
  /** Its statuses, by name. */
  readonly own: ReadonlyMap<string, ServiceL2Status>
}

/**
 * Tells users of MetalLB's kinds what its speakers would tell them: a ServiceL2Status for each Service and the node that answers for it, Events
 * when a node takes it or none can, and what is wrong in an L2Advertisement.
 */
export function startAnnouncerLoop(options: AnnouncerLoopOptions, signal: AbortSignal): { close(): Promise<void> } {
  const { clock, random, services, advertisements, statuses, view, reports } = options
  const state: LoopState = {
    due: createDueKeys({ changes: services.keyChanges(), clock, allEveryMs: RESYNC_MS }),
    changedStatuses: statuses.keyChanges(),
    writer: createAnnouncerWriter(options, signal),
    toldOfAdvertisements: createTold(),
    toldOfServices: createTold(),
    sights: new WeakMap(),
    wanted: createWantedStatuses(),
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
  const pokes = sources.map((source) => source.onChange(reconciler.poke))
  const unsubscribe = [...pokes, advertisements.onChange(state.due.allDue)]
  reconciler.poke()
  return {
    async close() {
      for (const off of unsubscribe) off()
      await Promise.all([reconciler.close(), state.writer.close()])
    },
  }
}

function reconcileOnce(options: AnnouncerLoopOptions, state: LoopState): void {
  const { services, byAddress, advertisements, statuses, view } = options
  const moment = view.moment()
  const isListed = [services, advertisements, statuses].every((informer) => informer.status().synced)
  // Who has not been heard of yet is not gone.
  if (moment === undefined || !moment.isSettled || !isListed) return
  const known =
    state.known?.moment === moment
      ? state.known
      : { moment, announcements: createAnnouncements(moment.nodes, moment.rules) }
  dueByMoment(state.due, byAddress, state.known?.moment, moment)
  state.known = known
  state.due.look(services.items().keys(), (due) => lookAt(options, state, known, due))
}

function lookAt(options: AnnouncerLoopOptions, state: LoopState, known: Known, { keys, isAll }: Due): void {
  const { services, statuses, namespace } = options
  const { toldOfServices, wanted, writer } = state
  if (isAll) tellOfAdvertisements(options, state, known.moment)
  const shown = byName(statuses, namespace)
  const names = new Set(Array.from(state.changedStatuses.take(), (key) => key.slice(namespace.length + 1)))
  for (const key of keys) {
    const record = services.items().get(key)
    if (record === undefined) toldOfServices.forget(key)
    const own = record === undefined ? undefined : lookAtService(options, state, known, key, record, shown)
    for (const name of wanted.put(key, own)) names.add(name)
  }
  writer.settle(wanted.statuses, shown, isAll ? undefined : names)
}

/** Those of the one namespace that they are in. */
function byName(statuses: Informer<ServiceL2StatusObject>, namespace: string): ByName<ServiceL2StatusObject> {
  const items = statuses.items()
  return {
    get: (name) => items.get(`${namespace}/${name}`),
    keys: () => Array.from(items.values(), ({ name }) => name),
  }
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

/** Its wanted statuses, by name; tells what is new on the way. */
function lookAtService(
  { events }: AnnouncerLoopOptions,
  { toldOfServices: told, sights, beganMs }: LoopState,
  { moment, announcements }: Known,
  key: string,
  record: ServiceRecord,
  shown: ByName<unknown>,
): ReadonlyMap<string, ServiceL2Status> {
  const before = sights.get(record)
  if (before?.moment === moment) return before.own
  const own = statusesOf(record, announcements.advertisedBy(record.service))
  sights.set(record, { moment, own })
  const assigned = Array.from(own.values(), ({ node }) => assignedEvent(node))
  const isFirstLook = !told.knows(key)
  const news = told.news(key, [...assigned, ...failuresOf(record, announcements)])
  // Before this term began, others have told of it.
  const isOld =
    isFirstLook && (wasAnnouncedBefore(record, beganMs) || own.keys().some((name) => shown.get(name) !== undefined))
  if (!isOld) tell(events, SERVICES, record, news)
  return own
}

function statusesOf(
  { service }: ServiceRecord,
  advertisedBy: ReadonlyMap<string, readonly string[]>,
): ReadonlyMap<string, ServiceL2Status> {
  const { namespace: serviceNamespace, name: serviceName } = service
  const own = Array.from(advertisedBy, ([node, interfaces]) => ({ node, serviceNamespace, serviceName, interfaces }))
  return new Map(own.map((status) => [announcerName(status), status]))
}

function failuresOf(record: ServiceRecord, announcements: Announcements): readonly MetallbEvent[] {
  return announcements.isAdvertised(record.service) ? failedEvents(record) : []
}

function tell(events: EventRecorder, kind: KubeResource, record: ObjectRecord, news: readonly EventText[]): void {
  for (const event of news) events.record(record, event, kind)
}
