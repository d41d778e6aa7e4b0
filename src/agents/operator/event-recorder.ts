import { formatTime } from '#crd/merge-conditions.ts'
import type { Clock } from '#ports/clock.ts'
import type { KubeApi } from '#ports/kube-api.ts'
import { EVENTS } from '#ports/kube-resources.ts'
import type { Failure } from '#runtime/failure.ts'
import { createWorkQueue } from '#runtime/work-queue.ts'
import type { ObjectRecord } from './records.ts'
import type { Notice } from './service-events.ts'

/** Writes Events on Services (core/v1), beside the work: a full queue or an API that refuses loses Events, never time. */
export interface EventRecorder {
  record(service: ObjectRecord, notice: Notice): void
  /** Events that never reached the API. */
  lost(): number
  close(): Promise<void>
}

export interface EventRecorderOptions {
  readonly api: KubeApi
  /** Name of this process, as `reportingInstance`. */
  readonly identity: string
  readonly clock: Clock
  readonly random: () => number
  readonly onFailure: (failure: Failure) => void
}

const COMPONENT = 'balise-operator'
const CAPACITY = 10_000
const CONCURRENCY = 4
const MOST_ATTEMPTS = 3
/** core/v1 Event.message */
const LONGEST_MESSAGE = 1024

export function createEventRecorder(options: EventRecorderOptions, signal: AbortSignal): EventRecorder {
  const { api, clock, random } = options
  let made = 0
  let lost = 0
  const queue = createWorkQueue<{ readonly namespace: string; readonly event: unknown }>(
    {
      work: async (_key, { namespace, event }, workSignal) => {
        await api.create(EVENTS, namespace, event, workSignal)
      },
      capacity: CAPACITY,
      concurrency: CONCURRENCY,
      maxFailures: MOST_ATTEMPTS,
      clock,
      random,
      onFailure: (_key, failure, failuresInARow) => {
        if (failuresInARow < MOST_ATTEMPTS) return
        lost += 1
        options.onFailure(failure)
      },
    },
    signal,
  )
  return {
    record(service, notice) {
      made += 1
      const name = `${service.name}.${clock.nowMs().toString(16)}${made.toString(16).padStart(5, '0')}`
      const event = eventOf(name, service, notice, options)
      if (queue.put(name, { namespace: service.namespace, event }) === 'full') lost += 1
    },
    lost: () => lost,
    close: () => queue.close(),
  }
}

function eventOf(
  name: string,
  service: ObjectRecord,
  notice: Notice,
  { clock, identity }: EventRecorderOptions,
): unknown {
  const time = formatTime(clock.nowMs())
  return {
    apiVersion: 'v1',
    kind: 'Event',
    metadata: { name, namespace: service.namespace },
    involvedObject: {
      apiVersion: 'v1',
      kind: 'Service',
      namespace: service.namespace,
      name: service.name,
      uid: service.uid,
      resourceVersion: service.resourceVersion,
    },
    type: notice.type,
    reason: notice.reason,
    message: notice.message.slice(0, LONGEST_MESSAGE),
    source: { component: COMPONENT },
    reportingComponent: COMPONENT,
    reportingInstance: identity,
    firstTimestamp: time,
    lastTimestamp: time,
    count: 1,
  }
}
