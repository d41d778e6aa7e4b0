import type { Condition } from '#model/condition.ts'

/** What an API object has in `status.conditions`, as it came. */
export type WrittenConditions = readonly unknown[]

/**
 * `status.conditions` with ours put in and those of type `dropped` taken out; those of other writers stay as they are. The same list
 * (by identity) when nothing is to be written. `lastTransitionTime` moves only with `status`.
 */
export function mergeConditions(
  written: WrittenConditions,
  wanted: readonly Condition[],
  dropped: readonly string[],
  nowMs: number,
): WrittenConditions {
  const kept = written.filter((condition) => !dropped.includes(String(fieldOf(condition, 'type'))))
  let changed = kept.length !== written.length
  for (const condition of wanted) {
    const index = kept.findIndex((other) => fieldOf(other, 'type') === condition.type)
    if (index >= 0 && saysTheSame(kept[index], condition)) continue
    changed = true
    kept.splice(index < 0 ? kept.length : index, 1, stamp(condition, kept[index], nowMs))
  }
  return changed ? kept : written
}

function saysTheSame(written: unknown, { status, reason, message, observedGeneration = 0 }: Condition): boolean {
  return (
    fieldOf(written, 'status') === status &&
    fieldOf(written, 'reason') === reason &&
    (fieldOf(written, 'message') ?? '') === message &&
    (fieldOf(written, 'observedGeneration') ?? 0) === observedGeneration
  )
}

function stamp(condition: Condition, before: unknown, nowMs: number): Condition {
  const known = fieldOf(before, 'lastTransitionTime')
  const isSame = fieldOf(before, 'status') === condition.status && typeof known === 'string'
  return { ...condition, lastTransitionTime: isSame ? known : formatTime(nowMs) }
}

/** Milliseconds since 1970 as a Kubernetes `Time`: RFC 3339 in whole seconds. */
export function formatTime(ms: number): string {
  // Joined, the text holds nothing of the longer one.
  return [new Date(ms).toISOString().slice(0, 19), 'Z'].join('')
}

function fieldOf(value: unknown, key: string): unknown {
  return typeof value === 'object' && value !== null ? (value as Readonly<Record<string, unknown>>)[key] : undefined
}
