import type { Condition } from '#model/condition.ts'
import { formatIp, type Ip } from '#model/ip.ts'
import type { L2Policy } from '#model/l2-policy.ts'
import type { Service } from '#model/service.ts'
import { createJudge, formatVerdict, type Judge, type NodeView, type Verdict } from './candidates.ts'
import { type Claim, claimsOf } from './claims.ts'
import { heldSinceMs } from './node-facts.ts'

/** The condition of a Service that tells whether a node answers for its addresses, and if not, why. */
export const ANNOUNCED_CONDITION = 'balise.io/Announced'

/** Why nobody answers for an address; `NotYet`: a node may, and will take it in a moment. */
export type Silence = 'NoPolicy' | 'NoNode' | 'NotYet'

type Announcement =
  | { readonly address: string; readonly by: readonly string[] }
  | { readonly address: string; readonly silence: Silence; readonly message: string }

/** Tells of every Service who answers for it, from what all nodes report. */
export interface Announcements {
  conditionOf(service: Service, addresses: readonly Ip[]): Condition
}

/** `nodes` and `policies` as one moment's view; it is looked up for thousands of Services. */
export function createAnnouncements(nodes: readonly NodeView[], policies: readonly L2Policy[]): Announcements {
  const judge = createJudge(nodes, policies)
  const holders = (ip: Ip): readonly string[] =>
    nodes.filter(({ lease, facts }) => lease === 'live' && heldSinceMs(facts, ip) !== undefined).map(({ name }) => name)
  return {
    conditionOf(service, addresses) {
      // Which nodes have a ready endpoint is not known here; the holder knows.
      const plain = { ...service, ingressIps: addresses, externalIps: [], externalTrafficPolicy: 'Cluster' } as const
      const claims = claimsOf([plain], policies, () => [])
      return summarize(
        service,
        claims.map((claim) => announcementOf(claim, holders(claim.address), judge, service)),
      )
    },
  }
}

function announcementOf(claim: Claim, by: readonly string[], judge: Judge, service: Service): Announcement {
  const address = formatIp(claim.address)
  if (by.length > 0) return { address, by }
  const verdicts = [...judge(claim)].toSorted(([a], [b]) => (a < b ? -1 : 1))
  if (claim.policies.length === 0) {
    const { omittedBy } = claim
    return { address, silence: 'NoPolicy', message: formatVerdict({ code: 'NoPolicy', omittedBy }) }
  }
  const eligible = verdicts.filter(([, { code }]) => code === 'Eligible').map(([name]) => name)
  if (eligible.length === 0) return { address, silence: 'NoNode', message: formatVerdicts(verdicts) }
  const local = service.externalTrafficPolicy === 'Local' ? ', if it has a ready endpoint of this Service' : ''
  return { address, silence: 'NotYet', message: `${eligible.join(' or ')} may${local}` }
}

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
