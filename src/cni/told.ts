import type { Lease } from '#model/lease.ts'
import type { Node } from '#model/node.ts'
import type { Mode } from './mode.ts'

/** The annotation of a node's Lease that tells the others who makes the pods' network there. */
export const NETWORK_ANNOTATION = 'balise.io/network'

/** For the Lease of this node: `undecided` until the mode is. */
export function tellMode(mode: Mode | undefined): string {
  return mode ?? 'undecided'
}

/** Nodes whose agents say that the network there is ours. */
export function nodesOfOurs(leases: Iterable<Lease>): ReadonlySet<string> {
  const full: Mode = 'full'
  const ours = new Set<string>()
  for (const { holder, annotations } of leases) if (annotations[NETWORK_ANNOTATION] === full) ours.add(holder)
  return ours
}

/** Nodes that are Ready without our network, by name. This node counts as well: one that is Ready before we did anything has another's. */
export function readyWithoutUs(nodes: Iterable<Node>, ours: ReadonlySet<string>): readonly string[] {
  const names: string[] = []
  for (const { name, ready } of nodes) if (ready && !ours.has(name)) names.push(name)
  return names.sort()
}
