import { formatIp } from '#model/ip.ts'
import { type L2Policy, policyTitle, selectsNode } from '#model/l2-policy.ts'
import { prefixContains } from '#model/prefix.ts'
import type { Labels } from '#model/selector.ts'
import type { Claim } from './claims.ts'
import { matchInterfaces } from './interfaces.ts'
import type { NodeDevice, NodeFacts } from './node-facts.ts'

/** A node as the election sees it. */
export interface NodeView {
  readonly name: string
  readonly labels: Labels
  /** Of its Lease: `absent` when no agent ever reported, `expired` when it was not renewed in time. */
  readonly lease: 'live' | 'expired' | 'absent'
  readonly facts: NodeFacts
  /** Why the facts could not be read; undefined when they could. */
  readonly mistake: string | undefined
}

/** Whether a node may own an address, and why not. */
export type Verdict =
  | {
      readonly code: 'Eligible'
      /** Devices to answer on, by name. */
      readonly devices: readonly string[]
      /** False: no device of any node lies on the address's subnet, so any device of the policy will do. */
      readonly onSubnet: boolean
    }
  | { readonly code: 'NoPolicy'; readonly omittedBy: readonly string[]; readonly pool: string }
  | { readonly code: 'NodeNotSelected'; readonly policies: readonly string[] }
  | { readonly code: 'NoLease' }
  | { readonly code: 'NotLive' }
  | { readonly code: 'FactsUnreadable'; readonly mistake: string }
  | { readonly code: 'NoDevice'; readonly policies: readonly string[]; readonly existing: readonly string[] }
  | { readonly code: 'NotOnSubnet'; readonly devices: readonly string[] }
  | { readonly code: 'NoCarrier'; readonly devices: readonly string[] }
  | { readonly code: 'NoLocalEndpoint' }
  /** It could, but bears the label by which MetalLB leaves nodes out, and another node can as well. */
  | { readonly code: 'LeftToOthers'; readonly devices: readonly string[] }

/** Verdicts on all nodes for one claim, by node name. */
export type Judge = (claim: Claim) => ReadonlyMap<string, Verdict>

/**
 * A judge over these nodes and policies. Claims with the same policies and the same subnets share one answer, so that thousands of
 * addresses cost hardly more than one.
 */
export function createJudge(nodes: readonly NodeView[], policies: readonly L2Policy[]): Judge {
  const byTitle = new Map(policies.map((policy) => [policyTitle(policy), policy]))
  const excluded = new Set(nodes.filter(({ labels }) => Object.hasOwn(labels, EXCLUDE_LABEL)).map(({ name }) => name))
  const shared = new Map<string, ReadonlyMap<string, Verdict>>()
  const sparing = new Map<ReadonlyMap<string, Verdict>, ReadonlyMap<string, Verdict>>()
  const prefixes = nodes.flatMap((node) => node.facts.devices.flatMap((device) => device.prefixes))
  const distinct = [...new Map(prefixes.map((prefix) => [`${formatIp(prefix.address)}/${prefix.lengthBits}`, prefix]))]
  return (claim) => {
    const subnets = distinct.filter(([, prefix]) => prefixContains(prefix, claim.address)).map(([text]) => text)
    const { policies: titles, omittedBy, pool, address } = claim
    const key = [titles.join(), omittedBy.join(), pool, subnets.join(), address.family].join(';')
    const isOfMetallb = titles.every((title) => byTitle.get(title)?.kind !== 'CiliumL2AnnouncementPolicy')
    const spared = isOfMetallb ? excluded : NOBODY
    const all = shared.get(key) ?? judgeAll(claim, nodes, byTitle)
    shared.set(key, all)
    if (claim.localNodes !== undefined) return spare(onlyLocal(all, claim.localNodes), spared)
    const known = sparing.get(all) ?? spare(all, spared)
    sparing.set(all, known)
    return known
  }
}

/** MetalLB's speakers announce nothing from nodes that bear it (unless told to ignore it); policies of Cilium know nothing of it. */
const EXCLUDE_LABEL = 'node.kubernetes.io/exclude-from-external-load-balancers'
const NOBODY: ReadonlySet<string> = new Set()

/** Of the nodes that may answer those in `spared` do so only where there are no others: an address that nobody answers for helps nobody. */
function spare(verdicts: ReadonlyMap<string, Verdict>, spared: ReadonlySet<string>): ReadonlyMap<string, Verdict> {
  if (spared.size === 0) return verdicts
  const eligible = [...verdicts].filter(([, { code }]) => code === 'Eligible')
  if (eligible.every(([node]) => spared.has(node)) || !eligible.some(([node]) => spared.has(node))) return verdicts
  return new Map(
    Array.from(verdicts, ([node, verdict]) => {
      const isLeft = verdict.code === 'Eligible' && spared.has(node)
      return [node, isLeft ? { code: 'LeftToOthers', devices: verdict.devices } : verdict]
    }),
  )
}

function onlyLocal(
  verdicts: ReadonlyMap<string, Verdict>,
  localNodes: ReadonlySet<string>,
): ReadonlyMap<string, Verdict> {
  const local = new Map<string, Verdict>()
  for (const [node, verdict] of verdicts) {
    local.set(node, verdict.code === 'Eligible' && !localNodes.has(node) ? { code: 'NoLocalEndpoint' } : verdict)
  }
  return local
}

function judgeAll(
  claim: Claim,
  nodes: readonly NodeView[],
  byTitle: ReadonlyMap<string, L2Policy>,
): ReadonlyMap<string, Verdict> {
  const policies = claim.policies.flatMap((title) => byTitle.get(title) ?? [])
  const matched = nodes.map((node) => ({ node, ...matchNode(node, policies) }))
  const subnetExists = matched.some(({ devices }) => devices.some((device) => isOnSubnet(device, claim)))
  return new Map(matched.map((match) => [match.node.name, judge(claim, match, subnetExists)]))
}

interface NodeMatch {
  readonly node: NodeView
  /** Titles of the claim's policies that select the node. */
  readonly selecting: readonly string[]
  readonly devices: readonly NodeDevice[]
}

function matchNode(node: NodeView, policies: readonly L2Policy[]): Omit<NodeMatch, 'node'> {
  const selecting = policies.filter((policy) => selectsNode(policy, node.labels))
  const names = node.facts.devices.map((device) => device.name)
  const matched = new Set(selecting.flatMap((policy) => matchInterfaces(policy, names).names))
  return {
    selecting: selecting.map(policyTitle),
    devices: node.facts.devices.filter((device) => matched.has(device.name)),
  }
}

function judge(claim: Claim, { node, selecting, devices }: NodeMatch, subnetExists: boolean): Verdict {
  if (claim.policies.length === 0) return noPolicy(claim)
  if (selecting.length === 0) return { code: 'NodeNotSelected', policies: claim.policies }
  if (node.mistake !== undefined) return { code: 'FactsUnreadable', mistake: node.mistake }
  if (node.lease === 'absent') return { code: 'NoLease' }
  if (node.lease === 'expired') return { code: 'NotLive' }
  if (devices.length === 0) {
    return { code: 'NoDevice', policies: selecting, existing: node.facts.devices.map((device) => device.name) }
  }
  const near = subnetExists ? devices.filter((device) => isOnSubnet(device, claim)) : devices
  if (near.length === 0) return { code: 'NotOnSubnet', devices: devices.map((device) => device.name) }
  const up = near.filter((device) => device.carrier)
  if (up.length === 0) return { code: 'NoCarrier', devices: near.map((device) => device.name) }
  return { code: 'Eligible', devices: up.map((device) => device.name), onSubnet: subnetExists }
}

function isOnSubnet(device: NodeDevice, claim: Claim): boolean {
  return device.prefixes.some((prefix) => prefixContains(prefix, claim.address))
}

/** No policy announces the address: on no node. */
export function noPolicy({ omittedBy, pool }: Claim): Verdict & { readonly code: 'NoPolicy' } {
  return { code: 'NoPolicy', omittedBy, pool }
}

/** A verdict for people, with what to do about it. */
export function formatVerdict(verdict: Verdict): string {
  switch (verdict.code) {
    case 'Eligible':
      return `may answer on ${formatPlace(verdict)}`
    case 'NoPolicy':
      return formatNoPolicy(verdict)
    case 'NodeNotSelected':
      return `the node selector of ${verdict.policies.join(', ')} does not match the node's labels: label the node so, or change the selector`
    case 'NoLease':
      return 'no agent has reported from this node: look at its agent pod'
    case 'NotLive':
      return 'the Lease of its agent was not renewed in time: the node or its agent is down, or cut off from the API'
    case 'FactsUnreadable':
      return `its facts cannot be read: ${verdict.mistake}`
    case 'NoDevice':
      return `interfaces of ${verdict.policies.join(', ')} match none of its devices (${verdict.existing.join(', ') || 'it has none'})`
    case 'NotOnSubnet':
      return `${verdict.devices.join(', ')} does not lie on the subnet of the address`
    case 'NoCarrier':
      return `${verdict.devices.join(', ')} has no carrier`
    case 'NoLocalEndpoint':
      return 'externalTrafficPolicy is Local and no ready endpoint runs here'
    case 'LeftToOthers':
      return `it has the label ${EXCLUDE_LABEL}, so it answers only where no other node can: remove the label to have it answer like the others`
  }
}

/** Of the node that holds the address, and answers. */
export function formatAnswering(verdict: Verdict & { readonly code: 'Eligible' }): string {
  return `answers on ${formatPlace(verdict)}`
}

function formatPlace({ devices, onSubnet }: Verdict & { readonly code: 'Eligible' }): string {
  const far = onSubnet ? '' : '; no device of any node lies on the subnet of the address'
  return `${devices.join(', ')}${far}`
}

function formatNoPolicy({ omittedBy, pool }: Verdict & { readonly code: 'NoPolicy' }): string {
  if (omittedBy.length > 0)
    return `${omittedBy.join(', ')} leaves this kind of address out: set loadBalancerIPs or externalIPs to true`
  if (pool === '')
    return 'no policy selects a Service with this address: create a CiliumL2AnnouncementPolicy that does, with loadBalancerIPs: true (externalIPs: true for an external IP); a policy with mistakes is not in force, kubectl describe of it lists them'
  const [namespace = '', name = ''] = pool.split('/')
  return `no L2Advertisement is about pool ${pool}, and no CiliumL2AnnouncementPolicy selects the Service: create an L2Advertisement in namespace ${namespace} with spec.ipAddressPools: [${name}]`
}
