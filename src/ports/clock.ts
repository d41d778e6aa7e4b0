/** Time, as the shell hands it to the core. Both count milliseconds. */
export interface Clock {
  /** Wall clock, milliseconds since 1970. For timestamps that others read. */
  nowMs(): number
  /** Never goes back; for durations and deadlines. */
  monotonicMs(): number
  /** Resolves after `durationMs`, or rejects with the signal's reason. */
  sleep(durationMs: number, signal: AbortSignal): Promise<void>
}
