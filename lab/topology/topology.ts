import type { Family, Ip } from '#model/ip.ts'
import { type Prefix, prefixContains } from '#model/prefix.ts'

export const HOST_ROLES = ['infrastructure', 'router', 'node', 'client'] as const
/** `infrastructure`: control plane and registry; `router`: the gateway of every LAN; `client`: a machine on a LAN that is no node. */
export type HostRole = (typeof HOST_ROLES)[number]

export const SIZES = ['cluster', 'api'] as const
/** `cluster`: whole nodes with kubelet and containerd; `api`: etcd and kube-apiserver alone, nodes are bare machines. */
export type LabSize = (typeof SIZES)[number]

export const CNIS = ['reference', 'none'] as const
/** `reference`: ptp and host-local, with static routes between nodes; `none`: nodes stay NotReady until somebody brings one. */
export type LabCni = (typeof CNIS)[number]

export const KUBE_PROXIES = ['none', 'nftables', 'iptables'] as const
export type KubeProxyMode = (typeof KUBE_PROXIES)[number]

export const API_WAYS = ['proxy', 'direct'] as const
/**
 * How a node reaches the API server. `proxy`: at localhost:7445, as on Talos with KubePrism, where faults are injected. `direct`: at the
 * address of the control plane, as kubeadm sets a kubelet up; pods have the Service `kubernetes` alone.
 */
export type ApiWay = (typeof API_WAYS)[number]

export interface TopologyHost {
  readonly name: string
  readonly role: HostRole
  /** The first of its addresses, by which it is known: IPv4. */
  readonly address: Ip
  /** All of them, each on one of the LANs. */
  readonly addresses: readonly Ip[]
  /** Labels of the Node object; empty for what is no node. */
  readonly labels: Readonly<Record<string, string>>
}

/** A network of one switch. */
export interface Lan {
  /** At most one of each family, IPv4 first. */
  readonly prefixes: readonly Prefix[]
  /** What its hosts call their interface to it. */
  readonly device: string
  /** Octets of the largest IP packet. */
  readonly mtuOctets: number
}

/** What a lab is made of. Exactly one host is `infrastructure`, at most one a `router`. */
export interface Topology {
  readonly name: string
  readonly description: string
  readonly lans: readonly Lan[]
  readonly size: LabSize
  readonly cni: LabCni
  readonly kubeProxy: KubeProxyMode
  readonly api: ApiWay
  /** At most one of each family, IPv4 first; the same families as `servicePrefixes`. */
  readonly podPrefixes: readonly Prefix[]
  readonly servicePrefixes: readonly Prefix[]
  readonly hosts: readonly TopologyHost[]
  /** The steps that `lab up` walks when the cluster stands; none when unset. */
  readonly guide: string | undefined
  /** A values file for `chart/balise`, below the checkout's root. */
  readonly valuesFile: string | undefined
  /** Values for `chart/balise`, as Helm takes them; they come after the file. */
  readonly values: Readonly<Record<string, unknown>>
}

/** The interface of a LAN where the topology does not name it. */
export const DEFAULT_DEVICE = 'eth0'

/** That of Ethernet (RFC 894), where the topology does not say another. */
export const DEFAULT_MTU_OCTETS = 1500

/** A host's place on one LAN. */
export interface Attached {
  /** Which LAN, counted as in the topology. */
  readonly at: number
  readonly lan: Lan
  readonly device: string
  readonly addresses: readonly Ip[]
}

/** The LANs that a host has addresses on, the one of its first address first. On several it counts its interfaces: `eth0`, `eth1`. */
export function attachmentsOf({ lans }: Pick<Topology, 'lans'>, { addresses }: TopologyHost): readonly Attached[] {
  const lanOf = (ip: Ip): number =>
    lans.findIndex(({ prefixes }) => prefixes.some((prefix) => prefixContains(prefix, ip)))
  const places = [...new Set(addresses.map(lanOf))]
  return places.flatMap((at, n) => {
    const lan = lans[at]
    if (lan === undefined) return []
    const device = places.length === 1 ? lan.device : `eth${n}`
    return [{ at, lan, device, addresses: addresses.filter((ip) => lanOf(ip) === at) }]
  })
}

/** The interface of a host to its first LAN. */
export function deviceOf(topology: Topology, host: TopologyHost): string {
  return attachmentsOf(topology, host)[0]?.device ?? DEFAULT_DEVICE
}

/** The address of a family that a host has; undefined where it has none. */
export function addressOf({ addresses }: TopologyHost, family: Family): Ip | undefined {
  return addresses.find((ip) => ip.family === family)
}

/** The hosts of one role, in the topology's order. */
export function hostsOfRole(topology: Topology, role: HostRole): readonly TopologyHost[] {
  return topology.hosts.filter((host) => host.role === role)
}

/** The host of the control plane: the parser sees to it that there is exactly one. */
export function infrastructureOf(topology: Topology): TopologyHost {
  const host = topology.hosts.find((candidate) => candidate.role === 'infrastructure')
  if (host === undefined) throw new Error(`Topology ${topology.name} has no infrastructure`)
  return host
}
