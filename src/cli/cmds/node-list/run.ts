import { NETWORK_ANNOTATION } from '#cni/told.ts'
import type { Outside } from '#cli/command.ts'
import { unreadable } from '#cli/kube-failure.ts'
import { decodeLease } from '#crd/lease.ts'
import { decodeNode } from '#crd/node.ts'
import { LEASE_KIND_LABEL, LEASE_KIND_NODE } from '#l2/node-facts.ts'
import type { Lease } from '#model/lease.ts'
import { formatPrefix } from '#model/prefix.ts'
import { type KubeApi, KubeError, type KubeObject, type KubeResource } from '#ports/kube-api.ts'
import { DAEMON_SETS, LEASES, NODES } from '#ports/kube-resources.ts'

/** `live`: its Lease is renewed in time, by the clocks of both. `silent`: it was, and is no more. `none`: there never was one. */
export type AgentLife = 'live' | 'silent' | 'none'

export interface ListedNode {
  readonly name: string
  /** As Kubernetes sees it. */
  readonly ready: boolean
  readonly agent: AgentLife
  /** Null when there is no Lease. */
  readonly renewedAt: string | null
  /** full, chained or none; null when the agent has not said. */
  readonly network: string | null
  readonly podCidrs: readonly string[]
}

export interface NodeList {
  readonly namespace: string
  /** Nodes on which the DaemonSet wants an agent; null when it cannot be read. */
  readonly wanted: number | null
  readonly nodes: readonly ListedNode[]
}

export async function runNodeList(outside: Outside, namespace: string): Promise<NodeList> {
  const api = await outside.openKube()
  try {
    const labelSelector = `${LEASE_KIND_LABEL}=${LEASE_KIND_NODE}`
    const [nodes, leases, wanted] = await Promise.all([
      listed(api, NODES, {}),
      listed(api, LEASES, { namespace, labelSelector }),
      wantedAgents(api, namespace),
    ])
    const byHolder = new Map(leases.flatMap((object) => leaseOf(object)).map((lease) => [lease.holder, lease]))
    return { namespace, wanted, nodes: nodes.flatMap((object) => listedNode(object, byHolder, outside.nowMs())) }
  } finally {
    api.close()
  }
}

/** No agent is silent, and there are as many as the DaemonSet wants. */
export function isWell({ wanted, nodes }: NodeList): boolean {
  const live = nodes.filter(({ agent }) => agent === 'live').length
  return live > 0 && live >= (wanted ?? 0) && nodes.every(({ agent }) => agent !== 'silent')
}

function listedNode(object: KubeObject, leases: ReadonlyMap<string, Lease>, nowMs: number): readonly ListedNode[] {
  const node = decodeNode(object).value
  if (node === undefined) return []
  const lease = leases.get(node.name)
  return [
    {
      name: node.name,
      ready: node.ready,
      agent: lifeOf(lease, nowMs),
      renewedAt: lease?.renewTimeMs === undefined ? null : new Date(lease.renewTimeMs).toISOString(),
      network: lease?.annotations[NETWORK_ANNOTATION] ?? null,
      podCidrs: node.podCidrs.map(formatPrefix),
    },
  ]
}

function lifeOf(lease: Lease | undefined, nowMs: number): AgentLife {
  if (lease?.renewTimeMs === undefined) return 'none'
  return nowMs - lease.renewTimeMs <= lease.durationSeconds * 1000 ? 'live' : 'silent'
}

function leaseOf(object: KubeObject): readonly Lease[] {
  const lease = decodeLease(object).value
  return lease === undefined ? [] : [lease]
}

/** Null where there is no DaemonSet of that name, or no right to read it. */
async function wantedAgents(api: KubeApi, namespace: string): Promise<number | null> {
  try {
    const { status } = (await api.get(DAEMON_SETS, { namespace, name: 'balise' })) as {
      readonly status?: { readonly desiredNumberScheduled?: number }
    }
    return status?.desiredNumberScheduled ?? 0
  } catch (cause) {
    if (cause instanceof KubeError && ['NotFound', 'Forbidden'].includes(cause.failure.code)) return null
    throw cause instanceof KubeError ? unreadable(DAEMON_SETS, cause) : cause
  }
}

async function listed(
  api: KubeApi,
  resource: KubeResource,
  options: { readonly namespace?: string; readonly labelSelector?: string },
): Promise<readonly KubeObject[]> {
  try {
    return (await api.list(resource, options)).items
  } catch (cause) {
    throw cause instanceof KubeError ? unreadable(resource, cause) : cause
  }
}
