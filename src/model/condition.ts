/** One entry of `status.conditions` (meta/v1 Condition). */
export interface Condition {
  readonly type: string
  readonly status: 'True' | 'False' | 'Unknown'
  readonly reason: string
  readonly message: string
  readonly observedGeneration?: number
  /** RFC 3339, to the second; kept while `status` does not change. */
  readonly lastTransitionTime?: string
}

/** A user's mistake in an object: where, what is there, and what would be right. */
export interface Mistake {
  /** `spec.blocks[0].start` */
  readonly path: string
  /** The value as written, shortened for a message; empty when it is missing. */
  readonly value: string
  /** What is wrong: `is after stop 192.168.10.70`. Sentence fragment that follows path and value. */
  readonly problem: string
  /** What to do: `write the lower address as start`. */
  readonly remedy: string
}

/** `spec.blocks[0].start "192.168.10.78" is after stop 192.168.10.75: write the lower address as start` */
export function formatMistake({ path, value, problem, remedy }: Mistake): string {
  return `${path}${value === '' ? '' : ` ${JSON.stringify(value)}`} ${problem}: ${remedy}`
}
