import type { Family, Ip } from './ip.ts'
import type { Prefix } from './prefix.ts'

/** The VXLAN device that carries what goes to pods of nodes on other subnets. */
export const OVERLAY_DEVICE = 'balise_vxlan'

/** Host ends of the pods' veth pairs are named so. */
export const POD_DEVICE_PREFIX = 'blc'

/**
 * The routing protocol number of routes that the agent made (rtnetlink(7) `rtm_protocol`): nobody else's are changed. One that neither the kernel
 * (linux/rtnetlink.h) nor iproute2 (rt_protos) has a name for: routing daemons have the others.
 */
export const ROUTE_PROTOCOL = 155

/** The nftables tables of the agent and of the plugin, both of family inet. */
export const MASQUERADE_TABLE = 'balise'
export const HOST_PORT_TABLE = 'balise_hostport'

/** A unicast route of the main table. */
export interface Route {
  readonly to: Prefix
  readonly device: string
  /** Next hop; undefined: the destination lies on the device. */
  readonly via: Ip | undefined
  /** Source address of what the node itself sends; undefined: the kernel chooses. */
  readonly source: Ip | undefined
}

/** A route that is there. */
export interface ObservedRoute extends Route {
  /** Made by an agent of ours: it has `ROUTE_PROTOCOL`. */
  readonly own: boolean
}

/** The overlay device: VXLAN with the tunnel's end chosen for each packet (collect metadata), without ARP and NDP. */
export interface Overlay {
  readonly portUdp: number
  readonly mtuBytes: number
  /** The node's own addresses on it, each as a host address (/32, /128). */
  readonly addresses: readonly Ip[]
}

/** A chain FORWARD of iptables with the policy DROP. */
export interface ForwardDrop {
  readonly family: Family
  /** Sources that its rules accept all the same. */
  readonly accepted: readonly Prefix[]
}

/** What of the node's network the agent looks after, as the kernel has it. */
export interface NodeNetworkState {
  /** Of the main table, both families. */
  readonly routes: readonly ObservedRoute[]
  /** Undefined when there is none, or none that is up and of the right kind. */
  readonly overlay: Overlay | undefined
  /** A device of that name is there, of whatever kind. */
  readonly overlayExists: boolean
  /** Names of other VXLAN devices, and the UDP port on which each listens. */
  readonly otherVxlans: readonly { readonly device: string; readonly portUdp: number }[]
  /** The ruleset that was set last; undefined when the table is absent or was changed since, or was set by another process. */
  readonly masquerade: string | undefined
  /** The agent's table is there, whatever is in it. */
  readonly masqueradeExists: boolean
  /** The plugin's table of host ports is there. */
  readonly hostPortsExist: boolean
  /** Chains of others that drop forwarded packets. */
  readonly forwardDrops: readonly ForwardDrop[]
}

/** One change of the node's network. All of them may be repeated; deleting what is not there succeeds. */
export type NetworkOp =
  | { readonly kind: 'createOverlay'; readonly portUdp: number; readonly mtuBytes: number }
  | { readonly kind: 'deleteOverlay' }
  | { readonly kind: 'setOverlayMtu'; readonly mtuBytes: number }
  | { readonly kind: 'addOverlayAddress'; readonly address: Ip }
  | { readonly kind: 'deleteOverlayAddress'; readonly address: Ip }
  /** Fails where another route to the same destination is there. */
  | { readonly kind: 'addRoute'; readonly route: Route }
  /** Takes the place of our route to the same destination. */
  | { readonly kind: 'replaceRoute'; readonly route: Route }
  | { readonly kind: 'deleteRoute'; readonly route: Route }
  /** All rules of the table at once. */
  | { readonly kind: 'setMasquerade'; readonly ruleset: string }
  | { readonly kind: 'deleteMasquerade' }
  /** The plugin's table: for a clean-up. */
  | { readonly kind: 'deleteHostPorts' }
  /** The host's end of a pod, and with it the pod's: for a clean-up. */
  | { readonly kind: 'deletePodDevice'; readonly device: string }
