import type { Pool } from '#model/pool.ts'
import { type Labels, type LabelSelector, SELECT_ALL, selectorMatches } from '#model/selector.ts'
import type { Note } from './migration.ts'
import { poolLabel } from './names.ts'
import { anyOf, bothOf, inSelector } from './selectors.ts'

/** Cilium shows a selector of Services their namespace under this name. */
const NAMESPACE_KEY = 'io.kubernetes.service.namespace'
/** The label of Services that may have addresses of a pool which Cilium's selectors cannot describe; its value is the pool's name. */
export const POOL_LABEL = 'balise.io/pool'

export interface KnownNamespace {
  readonly name: string
  readonly labels: Labels
}

export interface Audience {
  readonly selector: LabelSelector
  readonly notes: readonly Note[]
  /** True when the selector asks for `POOL_LABEL`. */
  readonly byLabel: boolean
}

/**
 * Whom a pool of MetalLB is for, as one selector of Cilium's. Where none says the same, it asks for a label that no Service has yet: a pool
 * that gives out nothing is noticed, one that gives to the wrong ones is not.
 */
export function audienceOf(pool: Pool, name: string, namespaces: readonly KnownNamespace[]): Audience {
  const label = poolLabel(name)
  const selector = inSelector(POOL_LABEL, [label])
  const byLabel = (note: Note): Audience => ({ selector, notes: [note], byLabel: true })
  const give = `give the Services that are meant the label ${POOL_LABEL}=${label}`
  const ofServices = pool.serviceSelectors.length === 0 ? SELECT_ALL : anyOf(pool.serviceSelectors)
  if (ofServices === undefined) {
    const reason = 'a pool of Cilium has one selector, and no one says what these do together; so it selects by a label'
    return byLabel({ kind: 'lost', what: 'spec.serviceAllocation.serviceSelectors', text: `${reason}: ${give}` })
  }
  const ofNamespaces = namespacesOf(pool, namespaces)
  if (ofNamespaces === undefined) {
    const reason =
      'none of the namespaces that are known here matches, and a pool of Cilium cannot select by labels of namespaces'
    return byLabel({ kind: 'lost', what: 'spec.serviceAllocation.namespaceSelectors', text: `${reason}: ${give}` })
  }
  return { selector: bothOf(ofNamespaces.selector, ofServices), notes: ofNamespaces.notes, byLabel: false }
}

function namespacesOf(
  { namespaces, namespaceSelectors }: Pool,
  known: readonly KnownNamespace[],
): Pick<Audience, 'selector' | 'notes'> | undefined {
  if (namespaces.length + namespaceSelectors.length === 0) return { selector: SELECT_ALL, notes: [] }
  const matching = known.filter(({ labels }) =>
    namespaceSelectors.some((selector) => selectorMatches(selector, labels)),
  )
  const names = [...new Set([...namespaces, ...matching.map(({ name }) => name)])].toSorted()
  if (names.length === 0) return undefined
  const selector = inSelector(NAMESPACE_KEY, names)
  if (namespaceSelectors.length === 0) return { selector, notes: [] }
  const what = 'spec.serviceAllocation.namespaceSelectors'
  const text =
    matching.length === 0
      ? 'no namespace that is known here matches, so only the namespaces that are named count: add others to the selector'
      : `these are the namespaces that match now (${matching.map(({ name }) => name).join(', ')}): add new ones to the selector`
  return { selector, notes: [{ kind: 'differs', what, text }] }
}
