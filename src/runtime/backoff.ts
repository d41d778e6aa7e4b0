/** How long to wait before trying again: exponential with a ceiling, thinned by jitter so that many nodes do not come at once. */
export interface BackoffPolicy {
  /** Wait after the first failure. */
  readonly baseMs: number
  /** Each further failure multiplies the wait by it. */
  readonly factor: number
  readonly maxMs: number
  /** Share of the wait that is random, 0 to 1: with 0.5 the wait is between half of it and all of it. */
  readonly jitter: number
}

/** Short at first (a lost connection is mostly back at once), and never long: what changed while the API was away is soon known. */
export const DEFAULT_BACKOFF: BackoffPolicy = { baseMs: 200, factor: 2, maxMs: 5_000, jitter: 0.5 }

/**
 * The wait before the next attempt.
 * @param failures how many attempts have failed in a row, 1 or more
 * @param random a number in [0, 1)
 */
export function backoffMs(policy: BackoffPolicy, failures: number, random: number): number {
  const full = Math.min(policy.maxMs, policy.baseMs * policy.factor ** Math.max(0, failures - 1))
  return Math.round(full * (1 - policy.jitter * random))
}
