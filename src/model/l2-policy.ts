import type { LabelSelector } from './selector.ts'

/** A CiliumL2AnnouncementPolicy (cilium.io/v2alpha1). */
export interface L2Policy {
  readonly name: string
  readonly generation: number
  readonly serviceSelector: LabelSelector
  readonly nodeSelector: LabelSelector
  /** Regular expressions over interface names, unanchored, any may match; empty = all devices of the agent. */
  readonly interfaces: readonly string[]
  readonly externalIps: boolean
  readonly loadBalancerIps: boolean
}
