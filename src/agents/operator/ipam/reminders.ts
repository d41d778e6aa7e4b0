import type { EventRecorder } from '#agents/event-recorder.ts'
import type { Clock } from '#ports/clock.ts'
import { createKeyAgenda } from '#runtime/key-agenda.ts'
import type { ServiceRecord } from '#agents/operator/records.ts'
import { warningsOf } from './service-events.ts'

export interface RemindersOptions {
  readonly services: { items(): ReadonlyMap<string, ServiceRecord> }
  readonly events: Pick<EventRecorder, 'record'>
  readonly clock: Clock
  readonly random: () => number
}

/**
 * Tells of what is wrong with a Service for as long as it is: the API server forgets an Event after an hour, and `kubectl describe service`
 * shows no conditions.
 */
export interface Reminders {
  /** Its status was found to say what there is to say. */
  keep(key: string, record: ServiceRecord): void
  /** Tells of those whose time has come. */
  look(): void
  /** When to look again; undefined when there is nothing to be told of. */
  nextLookMs(): number | undefined
}

/** kube-apiserver --event-ttl is an hour. Not all at once: ten thousand Services may have lost their pool in one second. */
const SOONEST_MS = 40 * 60_000
const SPREAD_MS = 15 * 60_000

export function createReminders({ services, events, clock, random }: RemindersOptions): Reminders {
  const agenda = createKeyAgenda()
  const keep = (key: string): void => agenda.add(clock.monotonicMs() + SOONEST_MS + random() * SPREAD_MS, key)
  return {
    keep(key, { conditions }) {
      if (warningsOf(conditions).length > 0) keep(key)
    },
    look() {
      for (const key of agenda.takeDue(clock.monotonicMs())) {
        const record = services.items().get(key)
        const warnings = record === undefined ? [] : warningsOf(record.conditions)
        if (record === undefined || warnings.length === 0) continue
        for (const warning of warnings) events.record(record, warning)
        keep(key)
      }
    },
    nextLookMs() {
      const nextMs = agenda.nextMs()
      return nextMs === undefined ? undefined : Math.max(0, nextMs - clock.monotonicMs())
    },
  }
}
