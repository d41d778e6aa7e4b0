import type { ClusterLab } from './cluster-lab.ts'

/** A running pod with a network of its own. */
export interface RunningPod {
  readonly name: string
  readonly node: string
  /** Its addresses, IPv4 first where both are. */
  readonly ips: readonly string[]
}

interface PodList {
  readonly items: readonly {
    readonly metadata: { readonly name: string; readonly deletionTimestamp?: string }
    readonly spec: { readonly nodeName?: string; readonly hostNetwork?: boolean }
    readonly status: { readonly phase: string; readonly podIPs?: readonly { readonly ip: string }[] }
  }[]
}

/** The pods of a label, or of everything (`-A`), that run and stay. */
export async function runningPods(
  { kubectl }: ClusterLab,
  ...select: readonly string[]
): Promise<readonly RunningPod[]> {
  const { items } = JSON.parse(await kubectl('get', 'pods', ...select, '-o', 'json')) as PodList
  return items.flatMap(({ metadata, spec, status }) => {
    const ips = (status.podIPs ?? []).map(({ ip }) => ip)
    const stays = status.phase === 'Running' && metadata.deletionTimestamp === undefined && spec.hostNetwork !== true
    return stays && ips.length > 0 ? [{ name: metadata.name, node: spec.nodeName ?? '', ips }] : []
  })
}

/** As it stands in a URL: `[fd00::1]`. */
export function urlHost(ip: string): string {
  return ip.includes(':') ? `[${ip}]` : ip
}
