import type { Device } from '#model/device.ts'
import type { Node } from '#model/node.ts'

/**
 * A node that has no IPv4 and is to have none: it is known by IPv6 addresses, and so are its pods. Where podCIDRs are not in the Node object, the
 * devices of the LAN decide.
 */
export function isIpv6Only(
  node: Pick<Node, 'internalIps' | 'podCidrs'> | undefined,
  lan: readonly Pick<Device, 'addresses'>[],
): boolean {
  if (node === undefined || node.internalIps.length === 0) return false
  if (node.internalIps.some(({ family }) => family === 'IPv4')) return false
  if (node.podCidrs.length > 0) return node.podCidrs.every(({ address }) => address.family === 'IPv6')
  return !lan.some(({ addresses }) => addresses.some(({ address }) => address.family === 'IPv4'))
}
