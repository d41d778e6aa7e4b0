import { formatTime } from '#crd/merge-conditions.ts'
import type { Clock } from '#ports/clock.ts'
import type { KubeApi, KubeResource } from '#ports/kube-api.ts'
import { EVENTS, SERVICES } from '#ports/kube-resources.ts'
import type { Failure } from '#runtime/failure.ts'
import { createScope } from '#runtime/scope.ts'
import { createWorkQueue } from '#runtime/work-queue.ts'
import { createGate, type Gate } from '#runtime/gate.ts'

/** What an Event says. */
export interface EventText {
  readonly type: 'Normal' | 'Warning'
  readonly reason: string
  readonly message: string
}

/** Whom an Event is about. */
export interface EventSubject {
  readonly name: string
  /** Empty when it has none. */
  readonly namespace: string
  readonly uid: string
  /** Empty when unknown. */
  readonly resourceVersion: string
}

/** Writes Events (core/v1), beside the work: a full queue or an API that refuses loses Events, never time. */
export interface EventRecorder {
  /** `kind` is that of the object. */
  record(object: EventSubject, event: EventText, kind?: KubeResource): void
  /** While held, Events only trickle: what they tell of comes first. */
  hold(isHeld: boolean): void
  /** Events that never reached the API. */
  lost(): number
  close(): Promise<void>
}

export interface EventRecorderOptions {
  readonly api: KubeApi
  /** `balise-operator` */
  readonly component: string
  /** Name of this process, as `reportingInstance`. */
  readonly identity: string
  readonly clock: Clock
  readonly random: () => number
  readonly onFailure: (failure: Failure) => void
}

/** Where Events about objects without a namespace belong. */
const CLUSTER_NAMESPACE = 'default'
/** A burst of 10,000 Services, each of which has its address and is announced. */
const CAPACITY = 20_000
const CONCURRENCY = 4
const MOST_ATTEMPTS = 3
/** How long each may be held, so that a burst without end does not keep them for ever. */
const HELD_MS = 1_000
/** core/v1 Event.message */
const LONGEST_MESSAGE = 1024

export function createEventRecorder(options: EventRecorderOptions, signal: AbortSignal): EventRecorder {
  const { api, clock, random } = options
  let made = 0
  let lost = 0
  const gate = createGate()
  const queue = createWorkQueue<Told>(
    {
      work: async (number, told, workSignal) => {
        if (gate.isHeld()) await passOrWait(gate, clock, workSignal)
        await api.create(EVENTS, told.namespace || CLUSTER_NAMESPACE, eventOf(number, told, options), workSignal)
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
    record({ name, namespace, uid, resourceVersion }, { type, reason, message }, kind = SERVICES) {
      made += 1
      const atMs = clock.nowMs()
      const told = { kind, namespace, name, uid, resourceVersion, type, reason, message, atMs }
      if (queue.put(made.toString(16).padStart(5, '0'), told) === 'full') lost += 1
    },
    hold: (isHeld) => gate.hold(isHeld),
    lost: () => lost,
    close: () => queue.close(),
  }
}

async function passOrWait(gate: Gate, clock: Clock, signal: AbortSignal): Promise<void> {
  const waiting = createScope(signal)
  try {
    await Promise.race([gate.passed(waiting.signal), clock.sleep(HELD_MS, waiting.signal)])
  } finally {
    waiting.end()
  }
}

/** As little as an Event can be made from: thousands may wait. */
interface Told extends EventSubject, EventText {
  readonly kind: KubeResource
  readonly atMs: number
}

/** `number`: of those that this process has made, so that no two have one name. */
function eventOf(number: string, told: Told, { component, identity }: EventRecorderOptions): unknown {
  const { kind, namespace, name, uid, resourceVersion, type, reason, message, atMs } = told
  const time = formatTime(atMs)
  return {
    apiVersion: 'v1',
    kind: 'Event',
    metadata: { name: `${name}.${atMs.toString(16)}${number}`, namespace: namespace || CLUSTER_NAMESPACE },
    involvedObject: {
      apiVersion: kind.group === '' ? kind.version : `${kind.group}/${kind.version}`,
      kind: kind.kind,
      ...(namespace === '' ? {} : { namespace }),
      name,
      uid,
      resourceVersion,
    },
    type,
    reason,
    message: message.slice(0, LONGEST_MESSAGE),
    source: { component },
    reportingComponent: component,
    reportingInstance: identity,
    firstTimestamp: time,
    lastTimestamp: time,
    count: 1,
  }
}
