import { type Labels, type LabelSelector, selectorMatches, serviceSelectorLabels } from './selector.ts'

/** Whom a pool is for. All four must agree; an empty one agrees with every Service. */
export interface PoolAudience {
  /** Cilium's `spec.serviceSelector`: sees the Service's name and namespace as labels. */
  readonly serviceSelector: LabelSelector
  /** MetalLB's `serviceAllocation.serviceSelectors`: one must match the Service's own labels. */
  readonly serviceSelectors: readonly LabelSelector[]
  /** `serviceAllocation.namespaces`: it is enough that these or `namespaceSelectors` have the Service's namespace. */
  readonly namespaces: readonly string[]
  readonly namespaceSelectors: readonly LabelSelector[]
}

/** A Service as far as a pool looks at it. */
export interface AudienceMember {
  readonly namespace: string
  readonly name: string
  readonly labels: Labels
}

/** Which part of an audience refuses a Service; undefined when it is one of it. */
export type AudienceRefusal = 'serviceSelector' | 'namespaces' | 'serviceSelectors'

/**
 * Whether a pool is for a Service. `namespaceLabels` are those of the Service's namespace; undefined while they are not known, and then no
 * namespace selector matches. Selectors that match no namespace at all keep a pool closed; MetalLB opens it to everybody.
 */
export function audienceRefusal(
  audience: PoolAudience,
  service: AudienceMember,
  namespaceLabels: Labels | undefined,
): AudienceRefusal | undefined {
  const { serviceSelector, serviceSelectors } = audience
  const isForAll = serviceSelector.requirements.length === 0
  if (!isForAll && !selectorMatches(serviceSelector, serviceSelectorLabels(service))) return 'serviceSelector'
  if (!hasNamespace(audience, service.namespace, namespaceLabels)) return 'namespaces'
  const isSelected =
    serviceSelectors.length === 0 || serviceSelectors.some((selector) => selectorMatches(selector, service.labels))
  return isSelected ? undefined : 'serviceSelectors'
}

function hasNamespace(
  { namespaces, namespaceSelectors }: PoolAudience,
  namespace: string,
  labels: Labels | undefined,
): boolean {
  if (namespaces.length + namespaceSelectors.length === 0 || namespaces.includes(namespace)) return true
  return labels !== undefined && namespaceSelectors.some((selector) => selectorMatches(selector, labels))
}
