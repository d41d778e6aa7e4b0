import { readMetadata } from '#crd/metadata.ts'
import { rootPlace } from '#crd/place.ts'
import type { L2Advertisement } from '#model/l2-advertisement.ts'
import { type Labels, selectorMatches } from '#model/selector.ts'
import type { Note } from './migration.ts'
import { tellNames } from './names.ts'

export interface KnownNode {
  readonly name: string
  readonly labels: Labels
}

export function readNode(object: unknown): KnownNode | undefined {
  const metadata = readMetadata(rootPlace(object))
  return metadata === undefined ? undefined : { name: metadata.name, labels: metadata.labels }
}

/** MetalLB's speakers announce nothing from nodes that bear it, unless they are told to ignore it. */
const EXCLUDE_LABEL = 'node.kubernetes.io/exclude-from-external-load-balancers'

/** Which nodes may answer now and could not before; nothing where the nodes are known and none is of that kind. */
export function exclusionNotes({ nodeSelectors }: L2Advertisement, nodes: readonly KnownNode[]): readonly Note[] {
  if (nodeSelectors.some(({ requirements }) => requirements.some(({ key }) => key === EXCLUDE_LABEL))) return []
  const isSelected = ({ labels }: KnownNode): boolean =>
    nodeSelectors.length === 0 || nodeSelectors.some((selector) => selectorMatches(selector, labels))
  const excluded = nodes.filter((node) => Object.hasOwn(node.labels, EXCLUDE_LABEL) && isSelected(node))
  if (nodes.length > 0 && excluded.length === 0) return []
  const who = excluded.length === 0 ? 'nodes that bear it' : tellNames(excluded.map(({ name }) => name))
  const text = `${who} may answer; MetalLB leaves them out unless its ignoreExcludeLB is set. To keep them out, add this key with operator DoesNotExist to spec.nodeSelector.matchExpressions`
  return [{ kind: 'differs', what: `label ${EXCLUDE_LABEL}`, text }]
}
