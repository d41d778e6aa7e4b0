import type { Mistake } from './condition.ts'
import type { Ip } from './ip.ts'

/** What a Service asks for in annotations and in `spec.loadBalancerIP`, of whichever dialect. */
export interface ServiceRequest {
  readonly wanted: WantedAddresses
  /** The name of the pool that the addresses must come from; empty for any. */
  readonly pool: string
  /** Undefined: it shares with nobody. */
  readonly sharing: SharingRequest | undefined
  /** What stands in the way of the request: it is not satisfied while there is one. */
  readonly mistakes: readonly Mistake[]
  /** What has no effect, and stands in nobody's way. */
  readonly remarks: readonly Mistake[]
  /** Annotations in force under a prefix that MetalLB has given up: it warns of each. */
  readonly deprecated: readonly string[]
}

export type WantedAddresses =
  /** One of each family of the Service, whichever is free. */
  | { readonly kind: 'any' }
  /** Exactly these, in the user's order, none twice. */
  | { readonly kind: 'these'; readonly addresses: readonly Ip[] }
  /** It is not known what is meant: it keeps what it holds, and gets nothing new. `mistakes` tells why. */
  | { readonly kind: 'unclear' }

export interface SharingRequest {
  /** Services with the same key may have one address together; never empty. */
  readonly key: string
  /** Whose Services it shares with, beside those of its own namespace. */
  readonly namespaces: 'all' | readonly string[]
  /** With `externalTrafficPolicy: Local`: also with a Service of other pods. */
  readonly differentPods: boolean
}
