/**
 * What the agent says on its unix socket: JSON over HTTP, `GET /v1/{status,services,l2,debuginfo,healthz}`.
 *
 * Version 1: fields are added, never renamed or taken away. Addresses are text; times are RFC 3339 in UTC; durations are milliseconds.
 */

/** The paths of the API, by what they answer with. */
export const AGENT_API = {
  status: '/v1/status',
  services: '/v1/services',
  l2: '/v1/l2',
  debuginfo: '/v1/debuginfo',
  healthz: '/v1/healthz',
} as const

/** `GET /v1/healthz`; HTTP 200 when `state` is not `failed`, else 503. The health port on loopback answers `/healthz` in the same way. */
export interface HealthAnswer {
  readonly version: 1
  readonly state: AgentState
}

/** `starting`: first lists are not complete; `degraded`: it works, and `problems` says what does not; `failed`: nothing works. */
export type AgentState = 'starting' | 'ok' | 'degraded' | 'failed'

/** `GET /v1/status` */
export interface StatusAnswer {
  readonly version: 1
  /** The version of Balise: `0.1.0`. */
  readonly baliseVersion: string
  readonly node: string
  readonly pid: number
  readonly startedAt: string
  readonly state: AgentState
  /** Everything that is not as it should be, worst first. Empty when all is well. */
  readonly problems: readonly Problem[]
  readonly kubernetes: KubernetesStatus
  readonly datapath: DatapathStatus
  readonly l2: L2Status
  readonly podNetwork: PodNetworkStatus
  readonly memory: { readonly residentBytes: number; readonly heapUsedBytes: number }
}

export interface Problem {
  readonly severity: 'error' | 'warning'
  readonly component: 'kubernetes' | 'datapath' | 'l2' | 'cni' | 'agent'
  /** Closed set, for tools: `LeaseForbidden`. */
  readonly code: string
  /** For people: the object, the value and the remedy. */
  readonly message: string
  readonly since: string
}

export interface KubernetesStatus {
  /** `connected`: the last request was answered. `unreachable`: the datapath and the announcements go on with what is known. */
  readonly state: 'starting' | 'connected' | 'unreachable' | 'forbidden'
  /** Of the API server that is spoken to. */
  readonly server: string
  readonly lastAnswerAt: string | null
  readonly resources: readonly WatchedResource[]
}

export interface WatchedResource {
  /** `services`, `endpointslices.discovery.k8s.io` */
  readonly resource: string
  readonly synced: boolean
  readonly objects: number
  /** Why it is not listed or watched now; null when it is. */
  readonly error: string | null
}

export interface DatapathStatus {
  /** What is attached: `tcx`, `clsact`, `cgroup`. */
  readonly attachments: readonly {
    readonly program: string
    readonly hook: string
    readonly mechanism: string
  }[]
  /** LAN devices on which the load balancer listens. */
  readonly devices: readonly string[]
  readonly cgroup: string | null
  readonly kubeProxyReplacement: KubeProxyReplacementStatus
  readonly frontends: number
  readonly backends: number
  readonly maps: readonly { readonly name: string; readonly entries: number; readonly maxEntries: number }[]
  readonly audit: AuditStatus
  readonly lastAppliedAt: string | null
  readonly conntrack: { readonly entries: number; readonly collected: number; readonly lastSweepAt: string | null }
  /** Packets since the maps were made, by reason and by counter name; zeros are left out. */
  readonly drops: Readonly<Record<string, number>>
  readonly counters: Readonly<Record<string, number>>
}

export interface KubeProxyReplacementStatus {
  /** Cluster IPs, node ports and health check node ports are served; if not, only load balancer addresses and external IPs. */
  readonly enabled: boolean
  /** LAN devices with their global IPv4 addresses: where what comes from outside comes in. */
  readonly devices: readonly { readonly name: string; readonly addresses: readonly string[] }[]
  /** `30000-32767` */
  readonly nodePorts: string
}

/** Desired against what the kernel's maps hold. */
export interface AuditStatus {
  readonly lastAt: string | null
  readonly runs: number
  /** Differences found and put right since the start, without those of a change that was just being written. */
  readonly repaired: number
  /** What differed at the last look: empty when nothing did. */
  readonly differences: readonly string[]
}

export interface L2Status {
  readonly enabled: boolean
  readonly announcing: number
  readonly standby: number
  readonly unowned: number
  readonly lease: {
    readonly name: string
    readonly durationMs: number
    /** Age of the last renewal that the API server confirmed; null when there was none. */
    readonly confirmedAgoMs: number | null
    readonly error: string | null
  }
}

/** The network of the pods on this node. */
export interface PodNetworkStatus {
  /** Who makes it: `full`: we do; `chained`: another CNI, with our plugin behind it; `none`: another CNI. `undecided`: nodes are not known yet. */
  readonly mode: 'full' | 'chained' | 'none' | 'undecided'
  /** The reason for the mode, a sentence fragment. */
  readonly why: string
  /** Our file in the folder of network configurations; null when it is not there. */
  readonly confFile: string | null
  /** One for each podCIDR of the node. */
  readonly ipam: readonly {
    readonly family: 'IPv4' | 'IPv6'
    readonly podCidr: string
    /** Addresses that pods have. */
    readonly allocated: number
    /** Addresses for pods in all; null when there are more than a number can tell. */
    readonly capacity: number | null
  }[]
  readonly routing: {
    readonly mode: 'native' | 'tunnel' | 'mixed'
    /** podCIDRs of other nodes, by the way to them. */
    readonly routes: number
    readonly tunnels: number
    readonly unreachable: number
    /** `10.244.2.0/24 of node2 via 192.168.10.216 dev eth0`, by node. */
    readonly peers: readonly string[]
  }
  /** Of pods that start now; null when it is not known. */
  readonly mtuBytes: number | null
  /** Families of which what leaves the cluster bears the node's address. */
  readonly masquerading: readonly ('IPv4' | 'IPv6')[]
}

/** `GET /v1/services` */
export interface ServicesAnswer {
  readonly version: 1
  readonly node: string
  /** By address, port and protocol. */
  readonly frontends: readonly FrontendJson[]
  /** What a Service asks for and does not get from this version, one line a Service and feature. */
  readonly notDone: readonly NotDoneJson[]
}

export interface FrontendJson {
  /** The frontend id in the maps; 0 until it is written. */
  readonly id: number
  readonly address: string
  readonly port: number
  readonly protocol: 'TCP' | 'UDP' | 'SCTP'
  /** `external` for what comes from the wire and for all when a frontend has no scopes of its own. */
  readonly scope: 'external' | 'internal'
  readonly type: FrontendType
  /** `namespace/name` */
  readonly service: string
  readonly portName: string
  readonly externalTrafficPolicy: 'Cluster' | 'Local'
  readonly internalTrafficPolicy: 'Cluster' | 'Local'
  /** Serving ones first, as in the slots of the map. */
  readonly backends: readonly BackendJson[]
  /** The maps hold this frontend as listed here. */
  readonly realized: boolean
  /** Why it is not realized, or what is special about its backends; null when there is nothing to say. */
  readonly note: string | null
}

/** The words of `service list`. */
export type FrontendType = 'ClusterIP' | 'NodePort' | 'LoadBalancer' | 'ExternalIPs'

export interface BackendJson {
  /** The backend id in the maps; 0 until it is written. */
  readonly id: number
  readonly address: string
  readonly port: number
  readonly protocol: 'TCP' | 'UDP' | 'SCTP'
  readonly state: 'active' | 'terminating' | 'quarantined' | 'maintenance'
  /** Gets new connections: it is in a slot. */
  readonly serving: boolean
  readonly nodeName: string
  readonly local: boolean
  readonly weight: number
}

export interface NotDoneJson {
  readonly service: string
  /** Closed set: `SessionAffinity`, `SourceRanges`, `NodePort`, ... */
  readonly code: string
  readonly message: string
}

/** `GET /v1/l2` */
export interface L2Answer {
  readonly version: 1
  readonly node: string
  /** By address. */
  readonly addresses: readonly L2AddressJson[]
  /** By name. */
  readonly nodes: readonly L2NodeJson[]
  /** By name. */
  readonly policies: readonly L2PolicyJson[]
}

export interface L2AddressJson {
  readonly address: string
  /** `namespace/name` of the Services that have it. */
  readonly services: readonly string[]
  /** Node that answers for it, as the shared facts say; null when there is none. */
  readonly owner: string | null
  /** Link-layer address of the owner's device, where its facts say it. */
  readonly ownerMac: string | null
  /** `holding`: keeps what it holds; `elected`: by the rendezvous rule; `none`: no candidate. */
  readonly decision: 'holding' | 'elected' | 'none'
  /** What this node does: `announcing` on `devices`, `standby`, or `unowned` when nobody can. `yielded`: it gave way to another station. */
  readonly state: 'announcing' | 'standby' | 'unowned' | 'yielded'
  /** Of this node, on which it answers. */
  readonly devices: readonly string[]
  /** Since when this node answers; null when it does not. */
  readonly since: string | null
  /** ARP replies sent by this node's responder since it began to answer. */
  readonly replies: number
  /** Another station that claimed the address on the wire last, and when; null for none. */
  readonly conflict: { readonly mac: string; readonly agoMs: number } | null
  /** Every node, the owner first. */
  readonly candidates: readonly L2CandidateJson[]
}

export interface L2CandidateJson {
  readonly node: string
  /** May own it. */
  readonly eligible: boolean
  /** Closed set: `Owner`, `Standby`, `NoPolicy`, `NotLive`, `NoDevice`, `NoCarrier`, `NotOnSubnet`, `NoLocalEndpoint`, ... */
  readonly code: string
  /** The same for people, with the remedy. */
  readonly message: string
}

export interface L2NodeJson {
  readonly node: string
  readonly live: boolean
  readonly holds: number
  readonly devices: readonly {
    readonly name: string
    readonly mac: string | null
    readonly prefixes: readonly string[]
    readonly carrier: boolean
  }[]
  /** What is wrong with the node's facts; null when nothing is. */
  readonly mistake: string | null
}

export interface L2PolicyJson {
  readonly kind: 'CiliumL2AnnouncementPolicy' | 'L2Advertisement' | 'ConfigMap'
  /** Its name, with the namespace before it where the kind has one: `metallb-system/lab`. */
  readonly policy: string
  /** Selects this node. */
  readonly selectsNode: boolean
  /** Devices of this node on which it announces. */
  readonly devices: readonly string[]
  /** Mistakes and patterns that match no device of this node, with the remedy. */
  readonly problems: readonly string[]
}

/** `GET /v1/debuginfo`: all of the above in one answer, with the settings under the names of Cilium's options. */
export interface DebuginfoAnswer {
  readonly version: 1
  readonly status: StatusAnswer
  readonly services: ServicesAnswer
  readonly l2: L2Answer
  /** `enable-l2-announcements` -> `true`; printed as `enable-l2-announcements:true`, one a line, sorted. */
  readonly options: Readonly<Record<string, string>>
  readonly kernel: string
  readonly nodeVersion: string
}
