import { type Pool, poolKey } from '#model/pool.ts'
import { compareText } from './conflicts.ts'

/**
 * The order in which pools are looked at: by priority, the lower number first and pools without one last; then the one that is for fewer
 * Services; then by name.
 */
export function comparePools(a: Pool, b: Pool): number {
  return a.priority - b.priority || specificity(b) - specificity(a) || compareText(poolKey(a), poolKey(b))
}

/** How closely a pool names its Services: the requirements that one must meet at least. 0 for a pool that is for all. */
export function specificity({ serviceSelector, serviceSelectors, namespaces, namespaceSelectors }: Pool): number {
  const least = (counts: readonly number[]): number => (counts.length === 0 ? 0 : Math.min(...counts))
  const ofNamespaces = [...namespaces.map(() => 1), ...namespaceSelectors.map(requirements)]
  return requirements(serviceSelector) + least(serviceSelectors.map(requirements)) + least(ofNamespaces)
}

function requirements(selector: { readonly requirements: readonly unknown[] }): number {
  return selector.requirements.length
}
