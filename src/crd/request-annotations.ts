import type { Mistake } from '#model/condition.ts'
import type { Labels } from '#model/selector.ts'
import { shorten } from './place.ts'

/** Whose rules hold for a value that was written under a key. */
export type AnnotationFamily = 'balise' | 'cilium' | 'metallb'

/** One thing that can be asked for, under all its names: the first that an object has is in force. */
export type AnnotationNames = readonly (readonly [key: string, family: AnnotationFamily])[]

/** The order everywhere: our own, Cilium's, Cilium's old name, MetalLB's, MetalLB's old prefix. */
export const IPS: AnnotationNames = [
  ['balise.io/ips', 'balise'],
  ['lbipam.cilium.io/ips', 'cilium'],
  ['io.cilium/lb-ipam-ips', 'cilium'],
  ['metallb.io/loadBalancerIPs', 'metallb'],
  ['metallb.universe.tf/loadBalancerIPs', 'metallb'],
]
export const SHARING_KEY: AnnotationNames = [
  ['balise.io/sharing-key', 'balise'],
  ['lbipam.cilium.io/sharing-key', 'cilium'],
  ['io.cilium/lb-ipam-sharing-key', 'cilium'],
  ['metallb.io/allow-shared-ip', 'metallb'],
  ['metallb.universe.tf/allow-shared-ip', 'metallb'],
]
export const SHARING_CROSS_NAMESPACE: AnnotationNames = [
  ['balise.io/sharing-cross-namespace', 'balise'],
  ['lbipam.cilium.io/sharing-cross-namespace', 'cilium'],
  ['io.cilium/lb-ipam-sharing-cross-namespace', 'cilium'],
]
export const SHARING_DIFFERENT_PODS: AnnotationNames = [
  ['balise.io/sharing-permit-different-pods', 'balise'],
  ['lbipam.cilium.io/sharing-permit-different-pods', 'cilium'],
]
export const POOL: AnnotationNames = [
  ['balise.io/pool', 'balise'],
  ['metallb.io/address-pool', 'metallb'],
  ['metallb.universe.tf/address-pool', 'metallb'],
]

const ALL: readonly string[] = [IPS, SHARING_KEY, SHARING_CROSS_NAMESPACE, SHARING_DIFFERENT_PODS, POOL].flatMap(
  (names) => names.map(([key]) => key),
)

/** The annotation in force for one thing. */
export interface AnnotationInForce {
  readonly key: string
  readonly family: AnnotationFamily
  readonly text: string
}

/** The first of its names that is there, also with an empty value: so a higher family can take back what a lower one says. */
export function annotationInForce(annotations: Labels, names: AnnotationNames): AnnotationInForce | undefined {
  for (const [key, family] of names) {
    const text = valueOf(annotations, key)
    if (text !== undefined) return { key, family, text }
  }
  return undefined
}

/** A remark for each name of one thing that says something else than the one in force. */
export function overruled(annotations: Labels, names: AnnotationNames): readonly Mistake[] {
  const winner = annotationInForce(annotations, names)
  if (winner === undefined) return []
  return names.flatMap(([key]) => {
    const value = valueOf(annotations, key)
    if (value === undefined || value.trim() === winner.text.trim()) return []
    const problem = `is ignored, because ${winner.key} ${JSON.stringify(shorten(winner.text))} goes before it`
    return [
      {
        path: annotationPath(key),
        value: shorten(value),
        problem,
        remedy: 'remove one of the two, or write the same in both',
      },
    ]
  })
}

/** A remark for each annotation that would be one of ours if it were spelled so. */
export function misspelled(annotations: Labels): readonly Mistake[] {
  return Object.entries(annotations).flatMap(([key, value]) => {
    const meant = ALL.includes(key) ? undefined : ALL.find((known) => fold(known) === fold(key))
    if (meant === undefined) return []
    return [
      {
        path: annotationPath(key),
        value: shorten(value),
        problem: 'has no effect, for its name is misspelled',
        remedy: `write ${meant}`,
      },
    ]
  })
}

/** `loadBalancerIPs`, `loadbalancer-ips` and `loadBalancerIP` are meant alike. */
function fold(key: string): string {
  return key.toLowerCase().replace(/[-_]/g, '').replace(/s$/, '')
}

/** Names in use under the prefix that MetalLB has given up. */
export function deprecatedAnnotations(annotations: Labels): readonly string[] {
  return ALL.filter((key) => key.startsWith('metallb.universe.tf/') && valueOf(annotations, key) !== undefined)
}

/** `metadata.annotations["balise.io/ips"]` */
export function annotationPath(key: string): string {
  return `metadata.annotations[${JSON.stringify(key)}]`
}

function valueOf(annotations: Labels, key: string): string | undefined {
  return Object.hasOwn(annotations, key) ? annotations[key] : undefined
}
