import { type Condition, formatMistake, type Mistake } from '#model/condition.ts'
import { type Family, formatIp, type Ip } from '#model/ip.ts'
import type { Node } from '#model/node.ts'
import { formatSelector, type LabelSelector, selectorMatches } from '#model/selector.ts'
import type { Service } from '#model/service.ts'
import { IPAM_CONDITION } from './ownership.ts'

export interface NodeIpamInput {
  readonly service: Service
  /** Which nodes it wants; undefined when that cannot be read. */
  readonly wanted: LabelSelector | undefined
  readonly mistakes: readonly Mistake[]
  readonly nodes: readonly Node[]
  /** Nodes with a ready endpoint; undefined where an endpoint names no node, and then every node will do. */
  readonly endpointNodes: ReadonlySet<string> | undefined
}

export interface NodeAssignment {
  readonly addresses: readonly Ip[]
  /** `cilium.io/IPAMRequestSatisfied`, as other Services bear it; `no_node` is a reason of ours. */
  readonly condition: Condition
}

/** Nodes with this label are no load balancers (Kubernetes, well-known labels). */
const EXCLUDE_LABEL = 'node.kubernetes.io/exclude-from-external-load-balancers'

/**
 * Node IPAM: a Service of class `io.cilium/node` gets the addresses of its nodes in the families that it has, sorted as text; those of type
 * ExternalIP where a node has one, else InternalIP. With `externalTrafficPolicy: Local` only nodes with a ready endpoint count. While it
 * cannot be read which nodes are meant, it keeps what it has.
 */
export function assignNodes(input: NodeIpamInput): NodeAssignment {
  const { service, wanted, mistakes } = input
  if (wanted === undefined)
    return {
      addresses: service.ingressIps,
      condition: conditionOf(input, 'invalid_request', mistakes.map(formatMistake)),
    }
  const addresses = addressesOf(eligible(input, wanted), service.families)
  if (addresses.length > 0) return { addresses, condition: conditionOf(input, 'satisfied', []) }
  return { addresses, condition: conditionOf(input, 'no_node', [explainNone(input, wanted)]) }
}

function conditionOf({ service }: NodeIpamInput, reason: string, sentences: readonly string[]): Condition {
  return {
    type: IPAM_CONDITION,
    status: reason === 'satisfied' ? 'True' : 'False',
    reason,
    message: sentences.join('. '),
    observedGeneration: service.generation,
  }
}

function eligible({ service, nodes, endpointNodes }: NodeIpamInput, wanted: LabelSelector): readonly Node[] {
  const isLocal = service.externalTrafficPolicy === 'Local' && endpointNodes !== undefined
  return nodes.filter(
    (node) =>
      node.ready &&
      !Object.hasOwn(node.labels, EXCLUDE_LABEL) &&
      selectorMatches(wanted, node.labels) &&
      (!isLocal || endpointNodes.has(node.name)),
  )
}

function addressesOf(nodes: readonly Node[], families: readonly Family[]): readonly Ip[] {
  const ofFamily = ({ family }: Ip): boolean => families.length === 0 || families.includes(family)
  const external = nodes.flatMap(({ externalIps }) => externalIps).filter(ofFamily)
  const found = external.length > 0 ? external : nodes.flatMap(({ internalIps }) => internalIps).filter(ofFamily)
  const byText = new Map(found.map((ip) => [formatIp(ip), ip]))
  return [...byText].toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([, ip]) => ip)
}

function explainNone(input: NodeIpamInput, wanted: LabelSelector): string {
  const { service, nodes } = input
  const selected = nodes.filter(({ labels }) => selectorMatches(wanted, labels))
  if (nodes.length === 0) return 'The cluster has no node'
  if (selected.length === 0) {
    return `No node has the labels ${formatSelector(wanted)}: change annotation io.cilium.nodeipam/match-node-labels, or label a node`
  }
  if (
    service.externalTrafficPolicy === 'Local' &&
    eligible({ ...input, endpointNodes: undefined }, wanted).length > 0
  ) {
    return 'No selected node has a ready endpoint of this Service: see to its pods, or set externalTrafficPolicy: Cluster'
  }
  const serving = eligible({ ...input, endpointNodes: undefined }, wanted)
  if (serving.length === 0)
    return `Of ${selected.length} selected nodes none is ready and without label ${EXCLUDE_LABEL}`
  return `No selected node has an address of family ${service.families.join(' or ')}`
}
