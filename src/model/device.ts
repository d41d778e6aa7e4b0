import type { Ip } from './ip.ts'
import type { Mac } from './mac.ts'

/** A network interface of a node, as the kernel shows it (rtnetlink RTM_NEWLINK and RTM_NEWADDR). */
export interface Device {
  readonly name: string
  readonly ifindex: number
  /** Undefined for a device without a link-layer address. */
  readonly mac: Mac | undefined
  readonly mtuBytes: number
  /** IFF_UP */
  readonly up: boolean
  /** IFF_LOWER_UP: there is a signal on the wire. */
  readonly carrier: boolean
  /** IFF_LOOPBACK */
  readonly loopback: boolean
  /** `veth`, `bridge`, `vxlan`, `bond`, `vlan`, ...; empty for a physical device. */
  readonly kind: string
  /** ifindex of the bridge or bond that it is enslaved to; 0 when none. */
  readonly masterIfindex: number
  readonly addresses: readonly DeviceAddress[]
}

export interface DeviceAddress {
  readonly address: Ip
  readonly prefixLengthBits: number
}
