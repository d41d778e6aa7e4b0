import type { NodeView } from '#l2/candidates.ts'
import { matchInterfaces } from '#l2/interfaces.ts'
import type { Mistake } from '#model/condition.ts'
import { type L2Policy, selectsNode } from '#model/l2-policy.ts'
import { formatSelector } from '#model/selector.ts'

/** Names of the interfaces of each node whose agent reports them. */
type InterfacesOfNodes = ReadonlyMap<string, readonly string[]>

function interfacesOf(nodes: readonly NodeView[]): InterfacesOfNodes {
  const reporting = nodes.filter(({ lease, mistake }) => lease !== 'absent' && mistake === undefined)
  return new Map(reporting.map(({ name, facts }) => [name, facts.devices.map((device) => device.name)]))
}

/** Nodes that the policy selects but whose agents have not reported are not judged; true when that leaves none to judge it by. */
export function isUnjudged(policy: L2Policy, nodes: readonly NodeView[]): boolean {
  if (policy.interfaces.length === 0) return false
  const known = interfacesOf(nodes)
  return !nodes.some(({ name, labels }) => known.has(name) && selectsNode(policy, labels))
}

/** Mistakes of a policy that show only against the cluster: patterns that no interface has, a selector that no node fits. */
export function clusterMistakes(policy: L2Policy, nodes: readonly NodeView[]): readonly Mistake[] {
  const known = interfacesOf(nodes)
  const selected = nodes.filter(({ labels }) => selectsNode(policy, labels)).map(({ name }) => name)
  const reporting = selected.filter((name) => known.has(name)).toSorted()
  return [
    ...switchMistakes(policy),
    ...(nodes.length > 0 && selected.length === 0 ? [selectorMistake(policy, nodes)] : []),
    ...(reporting.length === 0 ? [] : interfaceMistakes(policy, reporting, known)),
  ]
}

function switchMistakes({ externalIps, loadBalancerIps }: L2Policy): readonly Mistake[] {
  if (externalIps || loadBalancerIps) return []
  const problem = 'announces nothing, for both loadBalancerIPs and externalIPs are false'
  return [{ path: 'spec', value: '', problem, remedy: 'set loadBalancerIPs to true for Services of type LoadBalancer' }]
}

function selectorMistake({ kind, nodeSelectors }: L2Policy, nodes: readonly NodeView[]): Mistake {
  const names = listSome(nodes.map(({ name }) => name).toSorted())
  return {
    path: kind === 'CiliumL2AnnouncementPolicy' ? 'spec.nodeSelector' : 'spec.nodeSelectors',
    value: nodeSelectors.map(formatSelector).join(' or '),
    problem: 'selects no node',
    remedy: `label a node so, or change the selector; the nodes are ${names}`,
  }
}

function interfaceMistakes(
  policy: L2Policy,
  reporting: readonly string[],
  known: InterfacesOfNodes,
): readonly Mistake[] {
  const existing = [...new Set(reporting.flatMap((node) => known.get(node) ?? []))]
  const names = listSome(reporting.map((node) => `${listSome(known.get(node) ?? []) || 'none'} on ${node}`))
  return matchInterfaces(policy, existing).unmatched.map((value) => ({
    path: 'spec.interfaces',
    value,
    problem: 'matches no interface of the selected nodes',
    remedy: `use one that exists: ${names}`,
  }))
}

const MOST_NAMES = 20

function listSome(names: readonly string[]): string {
  const rest = names.length - MOST_NAMES
  return rest <= 0 ? names.join(', ') : `${names.slice(0, MOST_NAMES).join(', ')} and ${rest} more`
}
