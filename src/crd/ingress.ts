import { formatIp, type Ip, parseIp } from '#model/ip.ts'

/** An entry of `status.loadBalancer.ingress` as we write it. */
export interface IngressEntry {
  readonly ip: string
  /** VIP: packets come to the nodes with this destination (KEP-1860). */
  readonly ipMode: 'VIP'
}

/**
 * What `status.loadBalancer.ingress` is to be; the same list (by identity) when it already says so. Only addresses of ours are left in
 * it: a host name, or an address of another load balancer, would send clients elsewhere.
 */
export function mergeIngress(written: readonly unknown[], addresses: readonly Ip[]): readonly unknown[] {
  const wanted = addresses.map((ip): IngressEntry => ({ ip: formatIp(ip), ipMode: 'VIP' }))
  const isSame = written.length === wanted.length && written.every((entry, index) => entryIs(entry, wanted[index]))
  return isSame ? written : wanted
}

function entryIs(written: unknown, wanted: IngressEntry | undefined): boolean {
  if (typeof written !== 'object' || written === null) return false
  const { ip, ipMode = 'VIP', hostname = '' } = written as { ip?: unknown; ipMode?: unknown; hostname?: unknown }
  return ip === wanted?.ip && ipMode === 'VIP' && hostname === ''
}

const NONE: readonly Ip[] = []

/** Addresses of `status.loadBalancer.ingress` at which a load balancer elsewhere answers (`ipMode: Proxy`, KEP-1860): in use, if not by us. */
export function proxiedIps(written: readonly unknown[]): readonly Ip[] {
  const proxied = written.flatMap((entry) => {
    const { ip, ipMode } = (entry ?? {}) as { readonly ip?: unknown; readonly ipMode?: unknown }
    const parsed = ipMode === 'Proxy' && typeof ip === 'string' ? parseIp(ip) : undefined
    return parsed?.ok === true ? [parsed.value] : []
  })
  // One list for all that have none, which is nearly everybody.
  return proxied.length === 0 ? NONE : proxied
}
