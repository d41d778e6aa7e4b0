import { decodeLease } from '#crd/lease.ts'
import { decodeNodeFacts, NODE_FACTS_ANNOTATION } from '#l2/node-facts.ts'
import type { KubeObject } from '#ports/kube-api.ts'

/** What the operator holds of a node's Lease. It leaves out what each renewal changes. */
export interface NodeReport {
  readonly node: string
  /** Names of the interfaces on which the node's agent can answer. */
  readonly interfaces: readonly string[]
}

/** Undefined for a Lease that bears no facts, or facts of a version that is not known here: the node then counts as not reporting. */
export function nodeReport(object: KubeObject): NodeReport | undefined {
  const { value: lease } = decodeLease(object)
  const text = lease?.annotations[NODE_FACTS_ANNOTATION]
  if (lease === undefined || text === undefined) return undefined
  const facts = decodeNodeFacts(text)
  if (!facts.ok) return undefined
  return { node: lease.holder, interfaces: facts.value.devices.map(({ name }) => name) }
}
