import type { Family } from '#model/ip.ts'

/** A setting of the kernel below /proc/sys, its name with slashes: `net/ipv4/ip_forward`. */
export interface Sysctl {
  readonly name: string
  readonly value: string
  /** Set only where this is the value now; unset: whatever it is. */
  readonly onlyFrom?: string
}

export interface SysctlInput {
  /** Of the podCIDRs. */
  readonly families: readonly Family[]
  /** Devices to other nodes and to the world, by name. */
  readonly uplinks: readonly string[]
  /** Devices of our own between nodes. */
  readonly overlays: readonly string[]
}

/**
 * What the kernel must be told, in this order. A node that forwards IPv6 stops hearing router advertisements where it heard them with
 * `accept_ra` 1, and would lose its default route with that: 2 comes first (kernel Documentation/networking/ip-sysctl).
 */
export function desiredSysctls({ families, uplinks, overlays }: SysctlInput): readonly Sysctl[] {
  const ipv6 = families.includes('IPv6')
  const acceptRa = ipv6
    ? uplinks.map((device) => ({ name: `net/ipv6/conf/${device}/accept_ra`, value: '2', onlyFrom: '1' }))
    : []
  const looseFilter = overlays.map((device) => ({ name: `net/ipv4/conf/${device}/rp_filter`, value: '0' }))
  return [
    ...acceptRa,
    ...(families.includes('IPv4') ? [{ name: 'net/ipv4/ip_forward', value: '1' }] : []),
    ...(ipv6 ? [{ name: 'net/ipv6/conf/all/forwarding', value: '1' }] : []),
    ...looseFilter,
  ]
}
