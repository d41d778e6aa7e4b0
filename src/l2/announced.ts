import type { Condition } from '#model/condition.ts'
import { formatIp, type Ip } from '#model/ip.ts'
import { policyTitle } from '#model/l2-policy.ts'
import type { Service } from '#model/service.ts'
import { createJudge, formatVerdict, type Judge, type NodeView, noPolicy, type Verdict } from './candidates.ts'
import { type Claim, claimsOf } from './claims.ts'
import { heldSinceMs } from './node-facts.ts'
import type { L2Rules } from './rules.ts'

/** The condition of a Service that tells whether a node answers for its addresses, and if not, why. */
export const ANNOUNCED_CONDITION = 'balise.io/Announced'

/**
 * Why nobody answers for an address; `NotYet`: a node may, and will take it in a moment. `NodeAddress`: it is a node's own. `NotServed`: it is
 * IPv6, for which there is no responder.
 */
export type Silence = 'NodeAddress' | 'NotServed' | 'NoPolicy' | 'NoNode' | 'NotYet'

type Announcement =
  | { readonly address: string; readonly by: readonly string[] }
  | { readonly address: string; readonly silence: Silence; readonly message: string }

/** Tells of every Service who answers for it, from what all nodes report. */
export interface Announcements {
  conditionOf(service: Service, addresses: readonly Ip[]): Condition
  /** Nodes that answer for an address of it as an object of MetalLB says, with the devices to answer on; by name. */
  advertisedBy(service: Service): ReadonlyMap<string, readonly string[]>
  /** Whether an object of MetalLB is about an address of it. */
  isAdvertised(service: Service): boolean
}

/** `nodes` and `rules` as one moment's view; it is looked up for thousands of Services. */
export function createAnnouncements(nodes: readonly NodeView[], rules: L2Rules): Announcements {
  const judge = createJudge(nodes, rules.policies)
  const ofMetallb = new Set(rules.policies.filter(({ kind }) => kind !== 'CiliumL2AnnouncementPolicy').map(policyTitle))
  const holders = (ip: Ip): readonly string[] =>
    nodes.filter(({ lease, facts }) => lease === 'live' && heldSinceMs(facts, ip) !== undefined).map(({ name }) => name)
  // Which nodes have a ready endpoint is not known here; the holder knows.
  const claimsFor = (service: Service, addresses: readonly Ip[]): readonly Claim[] => {
    const plain = { ...service, ingressIps: addresses, externalIps: [], externalTrafficPolicy: 'Cluster' } as const
    return claimsOf([plain], rules, () => [])
  }
  const advertised = (service: Service): readonly Claim[] =>
    claimsFor(service, service.ingressIps).filter(({ policies }) => policies.some((title) => ofMetallb.has(title)))
  return {
    conditionOf(service, addresses) {
      const claims = claimsFor(service, addresses)
      return summarize(service, [
        ...nodeAddresses(addresses, rules),
        ...claims.map((claim) => announcementOf(claim, holders(claim.address), judge, service)),
      ])
    },
    advertisedBy(service) {
      const devices = new Map<string, readonly string[]>()
      for (const claim of advertised(service)) {
        for (const name of holders(claim.address)) {
          const verdict = judge(claim).get(name)
          // A node that leaves addresses to others may have the one that is bound to a pod of its own.
          if (verdict?.code === 'Eligible' || verdict?.code === 'LeftToOthers')
            devices.set(name, [...new Set([...(devices.get(name) ?? []), ...verdict.devices])].toSorted())
        }
      }
      return devices
    },
    isAdvertised: (service) => advertised(service).length > 0,
  }
}

function nodeAddresses(addresses: readonly Ip[], rules: L2Rules): readonly Announcement[] {
  return addresses.flatMap((ip) => {
    const address = formatIp(ip)
    const node = rules.nodeAddresses.get(address)
    const message = `it is the address of node ${node}, which must stay reachable under it: take it out of the pool`
    return node === undefined ? [] : [{ address, silence: 'NodeAddress', message }]
  })
}

function announcementOf(claim: Claim, by: readonly string[], judge: Judge, service: Service): Announcement {
  const address = formatIp(claim.address)
  if (by.length > 0) return { address, by }
  if (claim.address.family === 'IPv6') return { address, silence: 'NotServed', message: NOT_SERVED }
  if (claim.policies.length === 0) return { address, silence: 'NoPolicy', message: formatVerdict(noPolicy(claim)) }
  const verdicts = [...judge(claim)].toSorted(([a], [b]) => (a < b ? -1 : 1))
  const local = service.externalTrafficPolicy === 'Local'
  const eligible = verdicts
    .filter(([, { code }]) => code === 'Eligible' || (local && code === 'LeftToOthers'))
    .map(([name]) => name)
  if (eligible.length === 0) return { address, silence: 'NoNode', message: formatVerdicts(verdicts) }
  const but = local ? 'if it has a ready endpoint of this Service' : 'but does not yet: balise l2 list there says more'
  return { address, silence: 'NotYet', message: `${eligible.join(' or ')} may, ${but}` }
}

const NOT_SERVED =
  'IPv6 addresses of Services are neither announced nor served in this version: use IPv4 (ipFamilyPolicy: SingleStack, ipFamilies: [IPv4])'

/** So that a message stays readable with hundreds of nodes. */
const MOST_NODES = 5

function formatVerdicts(verdicts: readonly (readonly [string, Verdict])[]): string {
  if (verdicts.length === 0) return 'there is no node'
  const told = verdicts.slice(0, MOST_NODES).map(([name, verdict]) => `${name}: ${formatVerdict(verdict)}`)
  const rest = verdicts.length - told.length
  return [...told, ...(rest > 0 ? [`${rest} more nodes may not either`] : [])].join('; ')
}

function summarize({ generation }: Service, announcements: readonly Announcement[]): Condition {
  const common = { type: ANNOUNCED_CONDITION, observedGeneration: generation }
  const silent = announcements.filter((one) => 'silence' in one)
  const first = silent[0]
  if (first !== undefined) {
    const message = silent.map(({ address, message: why }) => `No node answers for ${address}: ${why}`).join('. ')
    return { ...common, status: 'False', reason: first.silence, message }
  }
  const answered = announcements.filter((one) => 'by' in one)
  const message = answered.map(({ address, by }) => `${by.join(' and ')} answers for ${address}`).join(', ')
  return { ...common, status: 'True', reason: 'Announced', message }
}
