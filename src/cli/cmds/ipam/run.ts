import { CliError, MisuseError } from '#cli/cli-error.ts'
import { readDocuments } from '#cli/cmds/migrate/documents.ts'
import type { FoundObject } from '#cli/cmds/migrate/migration.ts'
import type { Lists, Outside } from '#cli/command.ts'
import { explain, type Explanation, type PoolLook } from '#ipam/explain.ts'
import { type IpamSettings, NODE_CLASS, type NotOurs } from '#ipam/ownership.ts'
import { formatReserved, formatVerdict } from '#ipam/refusal.ts'
import { formatIncompatibility } from '#ipam/sharing.ts'
import { whatIf } from '#ipam/what-if.ts'
import { formatIp } from '#model/ip.ts'
import { serviceKey } from '#model/service.ts'
import { applyChange } from './change.ts'
import { type IpamCluster, inputOf, readIpamCluster } from './cluster.ts'
import { applyDeletions, keysOf } from './deletions.ts'
import { remarksOf } from './remarks.ts'

export interface ExplainedService {
  readonly service: string
  readonly addresses: readonly string[]
  /** What its status has: others than `addresses` while the operator has not written them. */
  readonly shown: readonly string[]
  /** Of the condition `cilium.io/IPAMRequestSatisfied`; or why the Service is left alone. */
  readonly reason: string
  readonly message: string
  /** One for each family, or each address, that is asked for. */
  readonly looks: readonly ExplainedLook[]
  /** Why the operator's settings were assumed to be its defaults where no flag says otherwise; empty when they were read. */
  readonly assumed: string
}

export interface ExplainedLook {
  readonly wanted: string
  readonly got: string | null
  readonly sharedWith: readonly string[]
  /** In the order in which they are looked at. */
  readonly pools: readonly { readonly pool: string; readonly code: string; readonly answer: string }[]
}

export async function runExplain(outside: Outside, name: string, flags: Lists = {}): Promise<ExplainedService> {
  const service = name.includes('/') ? name : `default/${name}`
  const cluster = await readIpamCluster(outside, flags)
  const { assumed, ipam } = cluster.operator
  const input = inputOf(cluster)
  const explanation = explain(input, service)
  const found = input.claims.find((claim) => serviceKey(claim.service) === service)?.service
  const shown = (found?.ingressIps ?? []).map(formatIp)
  switch (explanation.kind) {
    case 'noService':
      throw new CliError(
        `There is no Service ${service} of type LoadBalancer`,
        'name one that kubectl get services -A shows',
      )
    case 'notOurs': {
      const { why } = explanation
      const message = why === 'otherClass' ? formatClass(found?.loadBalancerClass ?? '', ipam) : NOT_OURS[why]
      return { service, addresses: [], shown, reason: why, message, looks: [], assumed }
    }
    case 'ours':
      return { service, shown, ...explained(explanation), assumed }
  }
}

/** Why a Service of this class gets nothing; empty: it has none. */
function formatClass(loadBalancerClass: string, { classes }: IpamSettings): string {
  const served = classes.join(' or ')
  if (loadBalancerClass === '')
    return `The operator gives nothing to Services without a class (defaultLBServiceIPAM: none): make the Service anew with spec.loadBalancerClass ${served}, or change that value of the chart`
  if (loadBalancerClass === NODE_CLASS)
    return `Class ${NODE_CLASS} gets the addresses of nodes with nodeIPAM.enabled: true in the chart, and nothing without it`
  return `Its spec.loadBalancerClass ${loadBalancerClass} is that of another controller: make the Service anew without one, or with ${served}`
}

const NOT_OURS: { readonly [W in Exclude<NotOurs, 'otherClass'>]: string } = {
  notLoadBalancer: 'It is not of type LoadBalancer',
  foreignAddress: 'There is no pool, and its address is from another controller',
  switchedOff: 'The operator is told to give out no addresses (enableLBIPAM: false in the chart)',
  nodeAddresses: 'It gets the addresses of nodes',
}

function explained({
  addresses,
  condition,
  looks,
}: Explanation & { readonly kind: 'ours' }): Omit<ExplainedService, 'service' | 'shown' | 'assumed'> {
  const { reason, message } = condition
  return {
    addresses: addresses.map(formatIp),
    reason,
    message,
    looks: looks.map(({ wanted, got, sharedWith, pools }) => ({
      wanted: typeof wanted === 'string' ? wanted : formatIp(wanted),
      got: got === undefined ? null : formatIp(got),
      sharedWith,
      pools: pools.map((look) => ({ pool: look.pool, code: look.code, answer: answerOf(look) })),
    })),
  }
}

function answerOf(look: PoolLook): string {
  switch (look.code) {
    case 'holds':
      return `has ${formatIp(look.address)}, which the Service holds`
    case 'gives':
      return `gives ${formatIp(look.address)}`
    case 'hasFree':
      return `has ${formatIp(look.address)} free`
    case 'keptBack':
      return `keeps ${formatIp(look.address)} back (allowFirstLastIPs: No)`
    case 'reserved':
      return `has it ${formatReserved(look.by)}`
    case 'taken':
      return `has it, but Service ${look.by} holds it${look.reason === undefined ? '' : `: ${formatIncompatibility(look.reason)}`}`
    case 'noBlockOfFamily':
    case 'addressOutside':
    case 'avoided':
    case 'disabled':
    case 'conflicting':
    case 'selfConflicting':
    case 'full':
    case 'otherPool':
    case 'notAutomatic':
    case 'selectorMismatch':
    case 'overQuota':
      return formatVerdict(look)
  }
}

export interface ToldMove {
  readonly service: string
  readonly from: readonly string[]
  readonly to: readonly string[]
  readonly message: string
}

/** A change that is not made. */
export interface Supposition {
  /** Files with objects that would be applied. */
  readonly paths: readonly string[]
  /** `kind/name` or `kind/namespace/name` of objects that would be deleted. */
  readonly deleted?: readonly string[]
  readonly settings?: Lists
}

export interface Supposed {
  readonly moves: readonly ToldMove[]
  /** What would not be as the change means it, beside the moves. */
  readonly remarks: readonly string[]
  /** As in `ExplainedService`. */
  readonly assumed: string
}

export async function runWhatIf(
  outside: Outside,
  { paths, deleted = [], settings = {} }: Supposition,
): Promise<Supposed> {
  if (paths.length + deleted.length === 0) {
    throw new MisuseError('No change is named', 'name files of pools and Services with -f, or objects with --delete')
  }
  const found: FoundObject[] = []
  for (const path of paths) found.push(...readDocuments(path, await outside.readText(path)))
  const cluster = await readIpamCluster(outside, settings)
  const applied = applyChange(cluster.objects, found, outside.nowMs())
  const after = { ...cluster, objects: applyDeletions(cluster.objects, applied, deleted) }
  const [now, then] = [inputOf(cluster), inputOf(after)]
  const moves = whatIf(now, then).map(({ service, from, to, message }) => ({
    service,
    from: from.map(formatIp),
    to: to.map(formatIp),
    message: isThere(after, service) ? message : 'It would be deleted',
  }))
  // What a Service that moves is told stands beside its move.
  const isTold = (remark: string): boolean => moves.some(({ message }) => message !== '' && remark.endsWith(message))
  const remarks = remarksOf(found, now, then).filter((remark) => !isTold(remark))
  return { moves, remarks, assumed: cluster.operator.assumed }
}

function isThere({ objects }: IpamCluster, service: string): boolean {
  return keysOf(objects.services).has(service)
}
