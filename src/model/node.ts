import type { Ip } from './ip.ts'
import type { Labels } from './selector.ts'
import type { Prefix } from './prefix.ts'

/** The fields in use of a core/v1 Node. */
export interface Node {
  readonly name: string
  readonly labels: Labels
  /** `status.addresses` of type InternalIP, in order. */
  readonly internalIps: readonly Ip[]
  readonly externalIps: readonly Ip[]
  readonly podCidrs: readonly Prefix[]
  /** Condition Ready is True. */
  readonly ready: boolean
  readonly unschedulable: boolean
}
