import { formatSelector, type Labels, type LabelSelector, selectorMatches } from './selector.ts'

/** Some namespaces: those with one of the names, and those whose labels the selector matches. */
export interface NamespaceSet {
  readonly names: readonly string[]
  /** Undefined: none beside the named ones. */
  readonly selector: LabelSelector | undefined
}

/** Whether a namespace is one of a set; undefined while that hangs on its labels and they are not known. */
export function isInNamespaces(
  { names, selector }: NamespaceSet,
  namespace: string,
  labels: Labels | undefined,
): boolean | undefined {
  if (names.includes(namespace)) return true
  if (selector === undefined) return false
  return labels === undefined ? undefined : selectorMatches(selector, labels)
}

/** `namespaces a, b or namespaces with team=x` */
export function formatNamespaces({ names, selector }: NamespaceSet): string {
  const named = names.length === 0 ? [] : [`${names.length === 1 ? 'namespace' : 'namespaces'} ${names.join(', ')}`]
  const labelled = selector === undefined ? [] : [`namespaces with ${formatSelector(selector)}`]
  return [...named, ...labelled].join(' or ')
}
