import { isDeepStrictEqual } from 'node:util'
import type { KubeObject } from '#ports/kube-api.ts'

/** The spec of a coordination.k8s.io/v1 Lease, as leader election uses it. */
export interface LeaseRecord {
  /** Empty: released. */
  readonly holderIdentity: string
  readonly leaseDurationSeconds: number
  readonly acquireTime: string
  readonly renewTime: string
  readonly leaseTransitions: number
}

/** Milliseconds since 1970 as a Kubernetes `MicroTime`. */
export function formatMicroTime(ms: number): string {
  return new Date(ms).toISOString().replace('Z', '000Z')
}

/** What is absent or of another type reads as released, long ago. */
export function readLeaseRecord(object: KubeObject): LeaseRecord {
  const spec = (object['spec'] ?? {}) as Readonly<Record<string, unknown>>
  const text = (value: unknown): string => (typeof value === 'string' ? value : '')
  const number = (value: unknown): number => (typeof value === 'number' ? value : 0)
  return {
    holderIdentity: text(spec['holderIdentity']),
    leaseDurationSeconds: number(spec['leaseDurationSeconds']),
    acquireTime: text(spec['acquireTime']),
    renewTime: text(spec['renewTime']),
    leaseTransitions: number(spec['leaseTransitions']),
  }
}

/** When a Lease was last seen to change, by the observer's own monotonic clock: clocks of other machines are not trusted. */
export interface LeaseSighting {
  readonly record: LeaseRecord
  readonly changedMs: number
}

export function sight(before: LeaseSighting | undefined, record: LeaseRecord, monotonicMs: number): LeaseSighting {
  return before !== undefined && isDeepStrictEqual(before.record, record) ? before : { record, changedMs: monotonicMs }
}

/** Held by another who was seen to renew it within its duration. */
export function isHeldByOther(sighting: LeaseSighting, identity: string, monotonicMs: number): boolean {
  const { holderIdentity, leaseDurationSeconds } = sighting.record
  if (holderIdentity === '' || holderIdentity === identity) return false
  return monotonicMs < sighting.changedMs + leaseDurationSeconds * 1_000
}
