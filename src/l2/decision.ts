import type { EndpointSlice } from '#model/endpoint-slice.ts'
import { formatIp } from '#model/ip.ts'
import type { Service, ServiceKey } from '#model/service.ts'
import { createJudge, type Judge, type NodeView } from './candidates.ts'
import { type Claim, claimsOf } from './claims.ts'
import { type Election, elect } from './election.ts'
import { type L2Rules, NO_RULES } from './rules.ts'

/** Everything that decides: the same on every node. */
export interface DecisionInput {
  readonly services: Iterable<Service>
  readonly rules: L2Rules
  slicesOf(service: ServiceKey): readonly EndpointSlice[]
  readonly nodes: readonly NodeView[]
}

/** Who answers for what, and what it was decided on. */
export interface Decision {
  /** IPv4 addresses, in order. */
  readonly claims: readonly Claim[]
  readonly nodes: readonly NodeView[]
  readonly rules: L2Rules
  readonly judge: Judge
  /** By address. */
  readonly elections: ReadonlyMap<string, Election>
}

export const NOTHING_DECIDED: Decision = {
  claims: [],
  nodes: [],
  rules: NO_RULES,
  judge: () => new Map(),
  elections: new Map(),
}

export function decide({ services, rules, slicesOf, nodes }: DecisionInput): Decision {
  const claims = claimsOf(services, rules, slicesOf).filter(({ address }) => address.family === 'IPv4')
  const judge = createJudge(nodes, rules.policies)
  const held = holdersByAddress(nodes)
  const candidacies = claims.map((claim) => ({
    address: claim.address,
    eligible: [...judge(claim)].filter(([, { code }]) => code === 'Eligible').map(([name]) => name),
    holders: held.get(formatIp(claim.address)) ?? new Map<string, number>(),
  }))
  return { claims, nodes, rules, judge, elections: elect(candidacies) }
}

/** Addresses of a node, and the names of the devices to answer on. */
export function ownedBy({ claims, judge, elections }: Decision, node: string): ReadonlyMap<string, readonly string[]> {
  const owned = new Map<string, readonly string[]>()
  for (const claim of claims) {
    const address = formatIp(claim.address)
    if (elections.get(address)?.owner !== node) continue
    const verdict = judge(claim).get(node)
    if (verdict?.code === 'Eligible') owned.set(address, verdict.devices)
  }
  return owned
}

/** Who says that it holds what, and since when. Whether it may is the election's question. */
function holdersByAddress(nodes: readonly NodeView[]): ReadonlyMap<string, ReadonlyMap<string, number>> {
  const held = new Map<string, Map<string, number>>()
  for (const { name, facts } of nodes) {
    for (const [address, sinceMs] of facts.holds) {
      const holders = held.get(address) ?? new Map<string, number>()
      held.set(address, holders.set(name, sinceMs))
    }
  }
  return held
}
