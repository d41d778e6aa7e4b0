import type { Labels } from './selector.ts'

/** The fields in use of a coordination.k8s.io/v1 Lease. */
export interface Lease {
  readonly namespace: string
  readonly name: string
  readonly resourceVersion: string
  readonly labels: Labels
  readonly annotations: Labels
  /** `spec.holderIdentity`; empty when nobody holds it. */
  readonly holder: string
  /** Milliseconds since 1970 by the holder's clock; undefined when never renewed. */
  readonly renewTimeMs: number | undefined
  readonly acquireTimeMs: number | undefined
  readonly durationSeconds: number
  readonly transitions: number
}
