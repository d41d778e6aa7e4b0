import type { Outcome } from '#ipam/allocate.ts'
import { ANNOUNCED_CONDITION } from '#l2/announced.ts'
import type { Condition } from '#model/condition.ts'
import type { Clock } from '#ports/clock.ts'
import type { Informer } from '#runtime/informer.ts'
import { type AnnouncementPlan, announcementsOf } from '#agents/operator/announcements/announcement-plan.ts'
import { serviceImage, type ServicePlan } from './ipam-plan.ts'
import type { L2Moment } from '#agents/operator/announcements/l2-view.ts'
import type { StatusImage } from '#agents/operator/status/ledger.ts'
import { type NodeSources, nodeAssigner } from './node-source.ts'
import type { ServiceRecord } from '#agents/operator/records.ts'
import type { Reminders } from './reminders.ts'
import { createSeen, hasAddresses } from './seen.ts'
import { settle } from '#agents/operator/status/settle.ts'
import type { StatusWrite, StatusWriter } from '#agents/operator/status/status-writer.ts'

export interface ServiceWrite extends StatusWrite {
  readonly record: ServiceRecord
}

export interface ServiceStatusesOptions {
  readonly services: Informer<ServiceRecord>
  readonly nodeSources: NodeSources | undefined
  readonly writer: StatusWriter<ServiceWrite>
  readonly reminders: Pick<Reminders, 'keep'>
  readonly clock: Clock
}

/** What a look at Services is made with. */
export interface ServiceLook {
  readonly outcome: Outcome
  readonly moment: L2Moment | undefined
  /** The moment since which nothing has changed in what nodes report that may be about any Service. */
  readonly era: L2Moment | undefined
  /** Services that something has changed for. */
  readonly changed: ReadonlySet<string>
  /** Look at all of them: what changed concerns everybody, or nobody has looked for long. */
  readonly isSweep: boolean
  /** Addresses come first: who announces them is told later. */
  readonly hasBacklog: boolean
}

/** The statuses of Services. It knows whom it has to look at again, so that a change costs those that it concerns. */
export interface ServiceStatuses {
  settle(look: ServiceLook): void
  /** Services whose status does not show yet what they were given. */
  owed(): number
  /** When to look again although nothing happens: at those for which nobody answers yet, or at the rest of all; undefined when there is none. */
  nextLookMs(): number | undefined
}

/** So many Services may get an address in a second that each would have a look of its own. */
const AWAITED_LOOK_MS = 250
/**
 * A look at all Services goes on when fewer wait for being written: thousands of statuses made and not sent are memory for nothing, and are
 * old when their turn comes.
 */
const SWEEP_AHEAD = 256
/** How often it is looked whether a look at all of them can go on. */
const SWEEP_LOOK_MS = 20

export function createServiceStatuses(options: ServiceStatusesOptions): ServiceStatuses {
  const { services, nodeSources, writer, reminders, clock } = options
  const seen = createSeen()
  const owed = new Set<string>()
  /** Services of which it is too early to say that nobody announces them. */
  const awaited = new Set<string>()
  let awaitedAtMs: number | undefined
  /** Those that a look at all of them has not come to yet. */
  let unswept: Iterator<string> | undefined
  const isAhead = (): boolean => {
    const { waiting, failing } = writer.status()
    return waiting - failing >= SWEEP_AHEAD
  }
  const forget = (key: string): void => {
    seen.forget(key)
    writer.forget(key)
    owed.delete(key)
    awaited.delete(key)
  }
  const settleOne = (key: string, record: ServiceRecord, look: ServiceLook, plan: ServicePlan): void => {
    const { outcome, era, hasBacklog } = look
    const assignment = outcome.assignments.get(key)
    if (seen.isSettled(key, record, era, assignment)) {
      owed.delete(key)
      awaited.delete(key)
      return
    }
    const { conditions, ingress, service } = record
    const shown = { conditions, ingress, addresses: service.ingressIps }
    let wanted: StatusImage | undefined
    const settling = settle(writer, key, record, shown, (current) => {
      wanted = serviceImage(key, record, current, plan)
      return wanted === undefined ? undefined : { image: wanted, write: { record, image: wanted } }
    })
    if (settling === 'unchanged') reminders.keep(key, record)
    if (settling === 'unchanged' && !hasBacklog) seen.note(key, record, era)
    const isSent = settling === 'write' || settling === 'underWay'
    mark(owed, key, isSent && assignment !== undefined && !hasAddresses(record, assignment))
    mark(awaited, key, plan.announcements !== undefined && assignment !== undefined && isAwaited(wanted))
  }
  return {
    owed: () => owed.size,
    nextLookMs() {
      if (unswept !== undefined) return SWEEP_LOOK_MS
      return awaitedAtMs === undefined ? undefined : Math.max(0, awaitedAtMs - clock.monotonicMs())
    },
    settle(look) {
      const announcements = look.hasBacklog ? undefined : announcementsOf(look.moment, clock.nowMs())
      const plan = {
        allocation: look.outcome,
        announcements,
        assignNodes: nodeAssigner(nodeSources),
        nowMs: clock.nowMs(),
      }
      const isDue = awaitedAtMs !== undefined && clock.monotonicMs() >= awaitedAtMs
      const items = services.items()
      for (const key of look.changed) seen.forget(key)
      const known = look.isSweep ? [...look.changed, ...owed, ...awaited] : look.changed
      for (const key of known) if (!items.has(key)) forget(key)
      const settleKey = (key: string): void => {
        const record = items.get(key)
        if (record !== undefined) settleOne(key, record, look, plan)
      }
      for (const key of new Set([...look.changed, ...(isDue ? awaited : [])])) settleKey(key)
      if (look.isSweep) unswept = [...items.keys()].values()
      unswept = sweep(unswept, isAhead, settleKey)
      awaitedAtMs = awaited.size === 0 ? undefined : nextOf(isDue ? undefined : awaitedAtMs, announcements, clock)
    },
  }
}

/** How many are looked at between two looks at the queue. */
const SWEEP_STEP = 64

/** Goes on with those that are left, until enough is to be written. Answers with what is left then. */
function sweep(
  keys: Iterator<string> | undefined,
  isAhead: () => boolean,
  settleKey: (key: string) => void,
): Iterator<string> | undefined {
  while (keys !== undefined && !isAhead()) {
    for (let count = 0; count < SWEEP_STEP; count += 1) {
      const next = keys.next()
      if (next.done === true) return undefined
      settleKey(next.value)
    }
  }
  return keys
}

function mark(keys: Set<string>, key: string, isIn: boolean): void {
  if (isIn) keys.add(key)
  else keys.delete(key)
}

/** It has an address, and neither its announcement nor the lack of one is told. */
function isAwaited(wanted: StatusImage | undefined): boolean {
  if (wanted === undefined || wanted.addresses.length === 0) return false
  return !(wanted.conditions as readonly Condition[]).some(({ type }) => type === ANNOUNCED_CONDITION)
}

/** The earlier of what was known and what this look has found. */
function nextOf(
  knownMs: number | undefined,
  announcements: AnnouncementPlan | undefined,
  clock: Clock,
): number | undefined {
  const leftMs = announcements?.nextLookMs()
  if (leftMs === undefined) return knownMs
  const foundMs = clock.monotonicMs() + Math.max(AWAITED_LOOK_MS, leftMs)
  return knownMs === undefined ? foundMs : Math.min(knownMs, foundMs)
}
