import type { IpRange } from './range.ts'
import type { LabelSelector } from './selector.ts'

/** A CiliumLoadBalancerIPPool (cilium.io/v2). */
export interface Pool {
  readonly name: string
  readonly generation: number
  readonly creationTimestampMs: number
  /** In the order of `spec.blocks`. */
  readonly blocks: readonly PoolBlock[]
  readonly serviceSelector: LabelSelector
  /** `spec.disabled`: no new allocations; what is held stays held. */
  readonly disabled: boolean
}

export interface PoolBlock {
  readonly range: IpRange
  /** As the user wrote it, for messages: `192.168.10.0/28` or `192.168.10.75 - 192.168.10.78`. */
  readonly text: string
}
