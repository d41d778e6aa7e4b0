import type { KubeApi, KubeObject } from '#ports/kube-api.ts'
import { SERVICES } from '#ports/kube-resources.ts'

/** Runs `work` for every index below `count`, at most `atOnce` at the same time. */
export async function forEachIndex(
  count: number,
  atOnce: number,
  work: (index: number) => Promise<unknown>,
): Promise<void> {
  let next = 0
  const worker = async (): Promise<void> => {
    while (next < count) await work(next++)
  }
  await Promise.all(Array.from({ length: Math.min(atOnce, count) }, worker))
}

/**
 * The n-th Service of a burst; all of them alike, so that the figures are about their number. `loadBalancerClass`: of those that an operator is
 * to leave alone.
 */
export function serviceManifest(index: number, loadBalancerClass?: string): unknown {
  const ports = [{ name: 'http', protocol: 'TCP', port: 80, targetPort: 8080 }]
  const plain = { type: 'LoadBalancer', allocateLoadBalancerNodePorts: false, ports, selector: { app: `app-${index}` } }
  const spec = loadBalancerClass === undefined ? plain : { ...plain, loadBalancerClass }
  return { apiVersion: 'v1', kind: 'Service', metadata: { name: nameOf(index) }, spec }
}

export function nameOf(index: number): string {
  return `burst-${String(index).padStart(6, '0')}`
}

export function hasAddress(object: KubeObject): boolean {
  const { loadBalancer } = (object['status'] ?? {}) as { loadBalancer?: { ingress?: readonly { ip?: string }[] } }
  return loadBalancer?.ingress?.[0]?.ip !== undefined
}

/** Counts by a watch, as any controller would, how many Services of a namespace show an address. */
export interface AddressCount {
  /** Resolves when exactly `count` of them do; with the time, by the monotonic clock. */
  until(count: number): Promise<number>
  close(): Promise<void>
}

export async function countAddresses(api: KubeApi, namespace: string): Promise<AddressCount> {
  const ending = new AbortController()
  const { items, resourceVersion } = await api.list(SERVICES, { namespace })
  const shown = new Set(items.filter(hasAddress).map(({ metadata }) => metadata.name))
  let waiting: { readonly count: number; readonly resolve: (atMs: number) => void } | undefined
  const tell = (): void => {
    if (waiting?.count !== shown.size) return
    waiting.resolve(performance.now())
    waiting = undefined
  }
  const watching = async (): Promise<void> => {
    let from = resourceVersion
    while (!ending.signal.aborted) {
      for await (const event of api.watch(SERVICES, { namespace, resourceVersion: from }, ending.signal)) {
        if (event.type === 'BOOKMARK') {
          from = event.resourceVersion
          continue
        }
        from = event.object.metadata.resourceVersion ?? from
        if (event.type !== 'DELETED' && hasAddress(event.object)) shown.add(event.object.metadata.name)
        else shown.delete(event.object.metadata.name)
        tell()
      }
    }
  }
  const done = watching().catch((error: unknown) => {
    if (!ending.signal.aborted) throw error
  })
  return {
    until(count) {
      const { promise, resolve } = Promise.withResolvers<number>()
      waiting = { count, resolve }
      tell()
      return promise
    },
    async close() {
      ending.abort()
      await done
    },
  }
}
