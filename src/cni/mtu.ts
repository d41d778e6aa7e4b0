import type { Device } from '#model/device.ts'
import { type Family, type Ip, sameIp } from '#model/ip.ts'
import { isUplink } from './peer-path.ts'

/** What VXLAN puts around a packet: Ethernet, VXLAN, UDP and the outer IP header (RFC 7348 section 5). */
export const VXLAN_OVERHEAD_OCTETS: { readonly [F in Family]: number } = { IPv4: 50, IPv6: 70 }

/** Of an Ethernet device; taken where no uplink can be found. */
const ETHERNET_MTU = 1500

export interface MtuInput {
  /** As set; 0: to be found out. */
  readonly configured: number
  readonly devices: readonly Device[]
  /** InternalIPs of this node. */
  readonly nodeIps: readonly Ip[]
  /** The family of the tunnels' outer header; undefined when none is in use. */
  readonly underlay: Family | undefined
}

/** The largest packets of a pod, in octets: what the smallest uplink takes, less what the overlay adds where it is in use. */
export function podMtuBytes({ configured, underlay, ...rest }: MtuInput): number {
  const uplink = configured === 0 ? uplinkMtuBytes(rest) : configured
  return uplink - (underlay === undefined ? 0 : VXLAN_OVERHEAD_OCTETS[underlay])
}

/** The smallest MTU of the devices that bear the node's addresses. */
function uplinkMtuBytes({ devices, nodeIps }: Pick<MtuInput, 'devices' | 'nodeIps'>): number {
  const bearing = devices.filter(
    (device) => isUplink(device) && device.addresses.some(({ address }) => nodeIps.some((ip) => sameIp(ip, address))),
  )
  return bearing.length === 0 ? ETHERNET_MTU : Math.min(...bearing.map(({ mtuBytes }) => mtuBytes))
}
