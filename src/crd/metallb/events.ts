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
