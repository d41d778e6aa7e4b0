import type { Labels } from '#model/selector.ts'

interface UnsupportedAnnotation {
  readonly keys: readonly string[]
  /** What comes of it, as the second half of a sentence. */
  readonly effect: string
}

const SHARING = 'so this Service does not share its address'
const SPECIFIC = 'so the address comes from any pool that selects this Service; ask with lbipam.cilium.io/ips'

/** What users of Cilium and MetalLB may ask for in annotations, and this version does not do. */
const UNSUPPORTED: readonly UnsupportedAnnotation[] = [
  { keys: ['lbipam.cilium.io/sharing-key', 'io.cilium/lb-ipam-sharing-key'], effect: SHARING },
  { keys: ['lbipam.cilium.io/sharing-cross-namespace', 'io.cilium/lb-ipam-sharing-cross-namespace'], effect: SHARING },
  { keys: ['lbipam.cilium.io/sharing-permit-different-pods'], effect: SHARING },
  { keys: ['metallb.io/allow-shared-ip', 'metallb.universe.tf/allow-shared-ip'], effect: SHARING },
  { keys: ['metallb.io/loadBalancerIPs', 'metallb.universe.tf/loadBalancerIPs'], effect: SPECIFIC },
  { keys: ['metallb.io/address-pool', 'metallb.universe.tf/address-pool'], effect: SPECIFIC },
]

/** A sentence for each annotation of a Service that has no effect in this version. */
export function unsupportedAnnotations(annotations: Labels): readonly string[] {
  return UNSUPPORTED.flatMap(({ keys, effect }) => keys.map((key) => ({ key, effect })))
    .filter(({ key }) => annotations[key] !== undefined)
    .map(({ key, effect }) => `Annotation ${key} is not supported by this version of Balise, ${effect}`)
}
