import type { Mistake } from '#model/condition.ts'
import { type LabelSelector, SELECT_ALL } from '#model/selector.ts'
import type { Service } from '#model/service.ts'
import { shorten } from './place.ts'
import { annotationPath } from './request-annotations.ts'
import { parseSelectorText } from './selector-text.ts'

const MATCH_NODE_LABELS = 'io.cilium.nodeipam/match-node-labels'

/** Of which nodes a Service of class `io.cilium/node` wants the addresses. */
export interface NodeRequest {
  /** Undefined with a mistake: it is not known which are meant. */
  readonly nodes: LabelSelector | undefined
  readonly mistakes: readonly Mistake[]
}

/** All nodes without the annotation. */
export function readNodeRequest({ annotations }: Service): NodeRequest {
  const value = annotations[MATCH_NODE_LABELS]
  if (value === undefined) return { nodes: SELECT_ALL, mistakes: [] }
  const parsed = parseSelectorText(value)
  if (parsed.ok) return { nodes: parsed.value, mistakes: [] }
  const problem = `is no label selector at ${JSON.stringify(shorten(parsed.error))}`
  const remedy = 'write requirements with commas between them: zone=a,tier in (x,y),!canary'
  return {
    nodes: undefined,
    mistakes: [{ path: annotationPath(MATCH_NODE_LABELS), value: shorten(value), problem, remedy }],
  }
}
