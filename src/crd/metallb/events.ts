import { formatMistake, type Mistake } from '#model/condition.ts'

/**
 * Reasons of the Events that MetalLB's controller records on a Service, letter for letter: people and tools wait for them. Type `Normal` or
 * `Warning` as there.
 */
export const METALLB_EVENTS = {
  /** An address was given. */
  IPAllocated: 'Normal',
  /** The request cannot be met; the message tells why. */
  AllocationFailed: 'Warning',
  /** It had an address that is no longer allowed. */
  ClearAssignment: 'Normal',
  /** What it asks for cannot be read. */
  LoadBalancerFailed: 'Warning',
  /** PreferDualStack, and the pool has no address of the second family. */
  AdditionalAssignFailed: 'Normal',
  /** RequireDualStack on a Service with one ClusterIP. */
  'not enough clusterips': 'Warning',
  /** The families of the addresses that it has, or of its ClusterIPs, are not known. */
  nolbIPsIPFamily: 'Warning',
  noclusterIPsIPFamily: 'Warning',
  InternalError: 'Warning',
  /** An annotation under `metallb.universe.tf/` is in use. */
  deprecatedAnnotation: 'Warning',
  /** A node answers for its addresses. */
  nodeAssigned: 'Normal',
  announceFailed: 'Warning',
} as const

export type MetallbEventReason = keyof typeof METALLB_EVENTS

export interface MetallbEvent {
  readonly type: 'Normal' | 'Warning'
  readonly reason: MetallbEventReason
  readonly message: string
}

export function metallbEvent(reason: MetallbEventReason, message: string): MetallbEvent {
  return { type: METALLB_EVENTS[reason], reason, message }
}

/** One for each annotation under the old prefix. */
export function deprecationEvents(keys: readonly string[]): readonly MetallbEvent[] {
  return keys.map((key) => {
    const now = key.replace('metallb.universe.tf/', 'metallb.io/')
    return metallbEvent('deprecatedAnnotation', `Annotation ${key} is deprecated: write ${now} instead`)
  })
}

/** MetalLB's kinds have no conditions: what is wrong with one stands in an Event on it. The reason is ours. */
export interface MistakeEvent {
  readonly type: 'Warning'
  readonly reason: 'InvalidConfiguration'
  readonly message: string
}

/** As long as the `note` of an events.k8s.io/v1 Event may be. */
const LONGEST_MESSAGE = 1024
/** Room for `. And 1000000 more`. */
const END_LENGTH = 20

/** Undefined when there is nothing to tell. Of mistakes that do not fit it says how many there are. */
export function mistakeEvent(mistakes: readonly Mistake[]): MistakeEvent | undefined {
  if (mistakes.length === 0) return undefined
  let message = ''
  for (const [index, mistake] of mistakes.entries()) {
    const longer = message === '' ? formatMistake(mistake) : `${message}. ${formatMistake(mistake)}`
    const rest = mistakes.length - index
    if (message !== '' && longer.length > LONGEST_MESSAGE - END_LENGTH) return invalid(`${message}. And ${rest} more`)
    message = longer
  }
  return invalid(message.slice(0, LONGEST_MESSAGE))
}

function invalid(message: string): MistakeEvent {
  return { type: 'Warning', reason: 'InvalidConfiguration', message }
}
