import type { Ip } from '#model/ip.ts'
import type { Prefix } from '#model/prefix.ts'

export const HOST_ROLES = ['infrastructure', 'router', 'node', 'client'] as const
/** `infrastructure`: control plane and registry; `router`: the LAN's gateway; `client`: a machine on the LAN that is no node. */
export type HostRole = (typeof HOST_ROLES)[number]

export const SIZES = ['cluster', 'api'] as const
/** `cluster`: whole nodes with kubelet and containerd; `api`: etcd and kube-apiserver alone, nodes are bare machines. */
export type LabSize = (typeof SIZES)[number]

export const CNIS = ['reference', 'none'] as const
/** `reference`: ptp and host-local, with static routes between nodes; `none`: nodes stay NotReady until somebody brings one. */
export type LabCni = (typeof CNIS)[number]

export const KUBE_PROXIES = ['none', 'nftables', 'iptables'] as const
export type KubeProxyMode = (typeof KUBE_PROXIES)[number]

export interface TopologyHost {
  readonly name: string
  readonly role: HostRole
  readonly address: Ip
  /** Labels of the Node object; empty for what is no node. */
  readonly labels: Readonly<Record<string, string>>
}

/** What a lab is made of. Exactly one host is `infrastructure`, at most one a `router`. */
export interface Topology {
  readonly name: string
  readonly description: string
  readonly lan: Prefix
  readonly size: LabSize
  readonly cni: LabCni
  readonly kubeProxy: KubeProxyMode
  readonly podPrefix: Prefix
  readonly servicePrefix: Prefix
  readonly hosts: readonly TopologyHost[]
  /** The steps that `lab up` walks when the cluster stands; none when unset. */
  readonly guide: string | undefined
  /** Values for `chart/balise`, as Helm takes them. */
  readonly values: Readonly<Record<string, unknown>>
}

/** The interface that every host has on the LAN. */
export const LAN_DEVICE = 'eth0'

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
