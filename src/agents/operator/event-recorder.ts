import { formatTime } from '#crd/merge-conditions.ts'
import type { Clock } from '#ports/clock.ts'
import type { KubeApi } from '#ports/kube-api.ts'
import { EVENTS } from '#ports/kube-resources.ts'
import type { Failure } from '#runtime/failure.ts'
import { createWorkQueue } from '#runtime/work-queue.ts'
import { createGate } from '#runtime/gate.ts'
import type { ObjectRecord } from './records.ts'
import type { Notice } from './service-events.ts'

/** Writes Events on Services (core/v1), beside the work: a full queue or an API that refuses loses Events, never time. */
export interface EventRecorder {
  record(service: ObjectRecord, notice: Notice): void
  /** While held, Events wait: what they tell of comes first. */
  hold(isHeld: boolean): void
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
/** A burst of 10,000 Services, each of which has its address and is announced. */
const CAPACITY = 20_000
const CONCURRENCY = 4
const MOST_ATTEMPTS = 3
/** core/v1 Event.message */
const LONGEST_MESSAGE = 1024

export function createEventRecorder(options: EventRecorderOptions, signal: AbortSignal): EventRecorder {
  const { api, identity, clock, random } = options
  let made = 0
  let lost = 0
  const gate = createGate()
  const queue = createWorkQueue<Told>(
    {
      work: async (name, told, workSignal) => {
        await gate.passed(workSignal)
        await api.create(EVENTS, told.namespace, eventOf(name, told, identity), workSignal)
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
      const { namespace, name: of, uid, resourceVersion } = service
      const told = { namespace, service: { name: of, uid, resourceVersion }, notice, time: formatTime(clock.nowMs()) }
      if (queue.put(name, told) === 'full') lost += 1
    },
    hold: (isHeld) => gate.hold(isHeld),
    lost: () => lost,
    close: () => queue.close(),
  }
}

/** As little as an Event can be made from: thousands may wait. */
interface Told {
  readonly namespace: string
  readonly service: Pick<ObjectRecord, 'name' | 'uid' | 'resourceVersion'>
  readonly notice: Notice
  readonly time: string
}

function eventOf(name: string, { namespace, service, notice, time }: Told, identity: string): unknown {
  return {
    apiVersion: 'v1',
    kind: 'Event',
    metadata: { name, namespace },
    involvedObject: {
      apiVersion: 'v1',
      kind: 'Service',
      namespace,
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
