import type { Ip } from '#model/ip.ts'
import { lastOfPrefix, prefixContains, type Prefix } from '#model/prefix.ts'

/** The node's own address in its podCIDR: the first after that of the network. The plugin never gives it to a pod. */
export function ownAddress(podCidr: Prefix): Ip {
  return { family: podCidr.address.family, value: podCidr.address.value + 1n }
}

/**
 * How many pods a podCIDR has addresses for: all but the network's, the node's own and, for IPv4, the broadcast address. None below
 * four addresses of IPv4, or two of IPv6.
 */
export function podCapacity(podCidr: Prefix): bigint {
  const addresses = lastOfPrefix(podCidr).value - podCidr.address.value + 1n
  const reserved = podCidr.address.family === 'IPv4' ? 3n : 2n
  return addresses > reserved ? addresses - reserved : 0n
}

/** How many of the given addresses each podCIDR holds, in the order of `podCidrs`, and those that lie in none. */
export function sortAllocations(
  podCidrs: readonly Prefix[],
  given: readonly Ip[],
): { readonly counts: readonly number[]; readonly outside: readonly Ip[] } {
  const counts = podCidrs.map((podCidr) => given.filter((ip) => prefixContains(podCidr, ip)).length)
  const outside = given.filter((ip) => !podCidrs.some((podCidr) => prefixContains(podCidr, ip)))
  return { counts, outside }
}
