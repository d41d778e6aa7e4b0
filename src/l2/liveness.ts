/** A node's Lease as it was last read. */
export interface LeaseReading {
  /** `spec.renewTime`, milliseconds since 1970 by the clock of its node; undefined when it was never renewed. */
  readonly renewTimeMs: number | undefined
  readonly durationMs: number
}

/** What an observer knows about a Lease. */
export interface LeaseSight extends LeaseReading {
  /** When the observer saw it renewed last, by the observer's monotonic clock; undefined: it was out of date at first sight. */
  readonly renewalSeenMs: number | undefined
}

/** At first sight a Lease is believed until it is this many durations old, so that clocks may differ. */
const FIRST_SIGHT_DURATIONS = 2

/**
 * Reads a Lease as client-go's leader election does: what counts is that `renewTime` changes, timed by the observer's own clock; so
 * clocks of nodes need not agree.
 */
export function observeLease(
  previous: LeaseSight | undefined,
  reading: LeaseReading,
  now: { readonly monotonicMs: number; readonly wallMs: number },
): LeaseSight {
  const { renewTimeMs, durationMs } = reading
  if (previous !== undefined && previous.renewTimeMs === renewTimeMs) return { ...previous, durationMs }
  const stale =
    renewTimeMs === undefined ||
    (previous === undefined && now.wallMs - renewTimeMs > FIRST_SIGHT_DURATIONS * durationMs)
  return { renewTimeMs, durationMs, renewalSeenMs: stale ? undefined : now.monotonicMs }
}

/** The moment after which the Lease counts as expired unless it is seen renewed. */
export function leaseDeadlineMs(sight: LeaseSight): number {
  return sight.renewalSeenMs === undefined ? Number.NEGATIVE_INFINITY : sight.renewalSeenMs + sight.durationMs
}

export function isLeaseLive(sight: LeaseSight, monotonicMs: number): boolean {
  return monotonicMs <= leaseDeadlineMs(sight)
}

/** After the observer itself was cut off: whoever was live at `cutOffMs` gets a whole duration from now to show itself. */
export function refreshSight(sight: LeaseSight, cutOffMs: number, monotonicMs: number): LeaseSight {
  return isLeaseLive(sight, cutOffMs) ? { ...sight, renewalSeenMs: monotonicMs } : sight
}
