import { isDeepStrictEqual } from 'node:util'
import type { NodeView } from '#l2/candidates.ts'
import type { NodeFacts } from '#l2/node-facts.ts'
import { sameRules } from '#l2/rules.ts'
import type { DueKeys } from '#runtime/due-keys.ts'
import type { ServicesByAddress } from '#agents/operator/services-by-address.ts'
import type { L2Moment } from './l2-view.ts'

/** Has those Services looked at that the difference between two moments is about. */
export function dueByMoment(
  due: DueKeys,
  byAddress: ServicesByAddress,
  before: L2Moment | undefined,
  next: L2Moment,
): void {
  if (before === next) return
  const addresses = before === undefined ? undefined : changedHoldings(before, next)
  if (addresses === undefined) due.allDue()
  else due.alsoDue(byAddress.keysWith(addresses))
}

/**
 * The addresses that nodes hold at one of two moments and not at the other, or since another time. Undefined when the moments differ in more
 * than that, which may be about any Service.
 */
export function changedHoldings(before: L2Moment, next: L2Moment): ReadonlySet<string> | undefined {
  const isSame =
    before.isSettled === next.isSettled &&
    before.nodes.length === next.nodes.length &&
    sameRules(before.rules, next.rules) &&
    before.nodes.every((node, index) => isSameButHoldings(node, next.nodes[index]))
  if (!isSame) return undefined
  const changed = new Set<string>()
  for (const [index, { facts }] of before.nodes.entries()) {
    const now = next.nodes[index]?.facts
    if (now !== undefined && now !== facts) addDifference(changed, facts, now)
  }
  return changed
}

function isSameButHoldings(before: NodeView, next: NodeView | undefined): boolean {
  return (
    next !== undefined &&
    before.name === next.name &&
    before.lease === next.lease &&
    before.labels === next.labels &&
    before.mistake === next.mistake &&
    (before.facts === next.facts || isDeepStrictEqual(before.facts.devices, next.facts.devices))
  )
}

function addDifference(changed: Set<string>, { holds: before }: NodeFacts, { holds: next }: NodeFacts): void {
  for (const [address, sinceMs] of before) if (next.get(address) !== sinceMs) changed.add(address)
  for (const address of next.keys()) if (!before.has(address)) changed.add(address)
}
