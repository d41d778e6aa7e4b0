import type { L2AddressJson, L2Answer, L2CandidateJson, L2NodeJson, L2PolicyJson } from '#api/agent.ts'
import { formatAnswering, formatVerdict, type NodeView, type Verdict } from '#l2/candidates.ts'
import type { Claim } from '#l2/claims.ts'
import { matchInterfaces } from '#l2/interfaces.ts'
import { heldSinceMs } from '#l2/node-facts.ts'
import { formatMistake, type Mistake } from '#model/condition.ts'
import { formatIp } from '#model/ip.ts'
import { type L2Policy, policyTitle, selectsNode } from '#model/l2-policy.ts'
import { formatPrefix } from '#model/prefix.ts'
import { NS_PER_MS } from '#agents/agent/clock-ns.ts'
import type { L2State } from '#agents/agent/l2/l2.ts'
import { type AdvertisementReading, advertisementProblems } from '#agents/agent/l2/l2-sources.ts'
import type { PolicyReading } from '#agents/agent/sources.ts'

export interface L2AnswerInput {
  readonly node: string
  readonly state: L2State
  readonly policies: Iterable<PolicyReading>
  /** L2Advertisements of MetalLB. */
  readonly advertisements: Iterable<AdvertisementReading>
  readonly monotonicMs: number
}

/** Who answers for what, and why not the others. */
export function l2Answer(input: L2AnswerInput): L2Answer {
  return {
    version: 1,
    node: input.node,
    addresses: input.state.claims.map((claim) => addressJson(claim, input)),
    nodes: input.state.nodes.map(nodeJson),
    policies: [...policyReadings(input)]
      .toSorted((a, b) => (a.title < b.title ? -1 : 1))
      .map((reading) => policyJson(reading, input)),
  }
}

function addressJson(claim: Claim, { node, state, monotonicMs }: L2AnswerInput): L2AddressJson {
  const address = formatIp(claim.address)
  const election = state.elections.get(address)
  const announcement = state.announcements.get(address)
  const announcing = announcement?.state.kind === 'Announcing' ? announcement.state : undefined
  const verdicts = state.judge(claim)
  const owner = election?.owner ?? null
  const holders = holdersOf(claim, state.nodes)
  // Of itself a node knows sooner than by what it has told.
  if (announcing !== undefined) holders.add(node)
  const entries = state.entries.filter((entry) => entry.text === address).map(({ entry }) => entry)
  const conflict = entries
    .filter(({ conflictNs }) => conflictNs > 0n)
    .toSorted((a, b) => Number(b.conflictNs - a.conflictNs))[0]
  const idle = owner === null ? 'unowned' : 'standby'
  return {
    address,
    services: claim.services,
    owner,
    ownerMac: macOf(owner, verdicts, state.nodes),
    decision: election?.decision ?? 'none',
    state: announcing !== undefined ? 'announcing' : announcement?.state.kind === 'Yielded' ? 'yielded' : idle,
    devices: announcing?.devices.map(({ name }) => name) ?? [],
    since: announcing === undefined ? null : new Date(announcement?.sinceMs ?? 0).toISOString(),
    replies: entries.reduce((sum, { replies }) => sum + Number(replies), 0),
    conflict:
      conflict?.conflictMac === undefined
        ? null
        : { mac: conflict.conflictMac, agoMs: Math.round(monotonicMs - Number(conflict.conflictNs / NS_PER_MS)) },
    candidates: [...verdicts]
      .map(([name, verdict]) => candidateJson(name, verdict, { owner, holders }))
      .toSorted((a, b) => candidateOrder(a) - candidateOrder(b) || (a.node < b.node ? -1 : 1)),
  }
}

function candidateOrder({ code, eligible }: L2CandidateJson): number {
  return code === 'Owner' ? 0 : eligible ? 1 : 2
}

/** Nodes that say that they answer for it. */
function holdersOf({ address }: Claim, nodes: readonly NodeView[]): Set<string> {
  return new Set(nodes.filter(({ facts }) => heldSinceMs(facts, address) !== undefined).map(({ name }) => name))
}

function candidateJson(
  node: string,
  verdict: Verdict,
  { owner, holders }: { readonly owner: string | null; readonly holders: ReadonlySet<string> },
): L2CandidateJson {
  if (verdict.code !== 'Eligible') return { node, eligible: false, code: verdict.code, message: formatVerdict(verdict) }
  if (node !== owner) return { node, eligible: true, code: 'Standby', message: formatVerdict(verdict) }
  const message = holders.has(node) ? formatAnswering(verdict) : formatVerdict(verdict)
  return { node, eligible: true, code: 'Owner', message }
}

function macOf(
  owner: string | null,
  verdicts: ReadonlyMap<string, Verdict>,
  nodes: readonly NodeView[],
): string | null {
  const verdict = owner === null ? undefined : verdicts.get(owner)
  if (verdict?.code !== 'Eligible') return null
  const devices = nodes.find(({ name }) => name === owner)?.facts.devices ?? []
  return devices.find(({ name }) => name === verdict.devices[0])?.mac ?? null
}

function nodeJson({ name, lease, facts, mistake }: NodeView): L2NodeJson {
  return {
    node: name,
    live: lease === 'live',
    holds: facts.holds.size,
    devices: facts.devices.map((device) => ({
      name: device.name,
      mac: device.mac ?? null,
      prefixes: device.prefixes.map(formatPrefix),
      carrier: device.carrier,
    })),
    mistake: mistake ?? null,
  }
}

interface Reading {
  readonly kind: L2Policy['kind']
  /** `lab`, or `metallb-system/lab`. */
  readonly key: string
  readonly title: string
  readonly mistakes: readonly Mistake[]
}

function policyReadings({ policies, advertisements, state }: L2AnswerInput): readonly Reading[] {
  const ofCilium = [...policies].map(({ name, mistakes }) => {
    const kind = 'CiliumL2AnnouncementPolicy'
    return { kind, key: name, title: policyTitle({ kind, namespace: '', name }), mistakes } as const
  })
  const ofMetallb = [...advertisements].map((reading) => {
    const kind = 'L2Advertisement'
    return { kind, title: policyTitle({ kind, ...reading }), ...advertisementProblems(reading, state.rules) } as const
  })
  return [...ofCilium, ...ofMetallb]
}

function policyJson({ kind, key, title, mistakes }: Reading, { node, state }: L2AnswerInput): L2PolicyJson {
  const problems = mistakes.map(formatMistake)
  const view = state.nodes.find((candidate) => candidate.name === node)
  const policy = state.rules.policies.find((candidate) => policyTitle(candidate) === title)
  if (policy === undefined || view === undefined)
    return { kind, policy: key, selectsNode: false, devices: [], problems }
  const existing = view.facts.devices.map((device) => device.name)
  const { names, unmatched } = matchInterfaces(policy, existing)
  const isSelected = selectsNode(policy, view.labels)
  const missing = unmatched.map(
    (text) =>
      `spec.interfaces ${JSON.stringify(text)} matches no device of node ${node}: it has ${existing.join(', ') || 'none'}`,
  )
  return {
    kind,
    policy: key,
    selectsNode: isSelected,
    devices: isSelected ? names : [],
    problems: [...problems, ...(isSelected ? missing : [])],
  }
}
