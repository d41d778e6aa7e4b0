import { METALLB_NAMESPACE } from '#crd/metallb/kinds.ts'
import { err, ok, type Result } from '#model/result.ts'
import { API_HOST_OPTION, API_PORT_OPTION } from '#agents/api-options.ts'
import {
  type ConfigMistake,
  oneOf,
  type OptionTable,
  parseBoolean,
  parseList,
  parseName,
  parsePath,
  readSettings,
  type Settings,
  wholeNumber,
} from '#agents/settings.ts'
import { CNI_OPTIONS } from '#agents/agent/pod-network/cni-options.ts'

const TC_MECHANISMS = ['auto', 'tcx', 'clsact'] as const
const LOG_LEVELS = ['error', 'warn', 'info', 'debug'] as const

/** Source ports of SNAT: above what services listen on, below NodePorts (30000) and the kernel's own ephemeral ports (32768). */
const SNAT_PORTS = '10240-29999'

/** `--service-node-port-range` of kube-apiserver, when nobody sets it. */
const NODE_PORTS = '30000-32767'

export const AGENT_OPTIONS = {
  nodeName: {
    env: 'BALISE_NODE_NAME',
    type: 'text',
    fallback: undefined,
    sentence: 'Name of the Node object of this machine.',
    parse: parseName,
  },
  namespace: {
    env: 'BALISE_NAMESPACE',
    type: 'text',
    fallback: 'kube-system',
    sentence: 'Namespace of the agents and of their Leases.',
    parse: parseName,
  },
  apiHost: API_HOST_OPTION,
  apiPort: API_PORT_OPTION,
  bpfFs: {
    env: 'BALISE_BPF_FS',
    type: 'path',
    fallback: '/sys/fs/bpf',
    sentence: 'Mount of the BPF file system in which maps and links are pinned.',
    parse: parsePath,
  },
  pinDir: {
    env: 'BALISE_PIN_DIR',
    type: 'text',
    fallback: 'balise',
    sentence: 'Folder in it for the pins.',
    parse: parseName,
  },
  cgroupRoot: {
    env: 'BALISE_CGROUP_ROOT',
    type: 'path',
    fallback: '/sys/fs/cgroup',
    sentence: 'cgroup2 folder whose processes reach Services; where it is not cgroup2, its child `unified` is taken.',
    parse: parsePath,
  },
  bpfObjects: {
    env: 'BALISE_BPF_OBJECTS',
    type: 'path',
    fallback: '',
    sentence: 'Folder with the compiled programs; empty: those that came with this build.',
    parse: ok<string>,
  },
  devices: {
    env: 'BALISE_DEVICES',
    type: 'list',
    fallback: '',
    sentence:
      'Regular expressions for the network devices of the LAN, comma separated; empty: those with a global IPv4 address that no CNI made.',
    parse: parseList,
  },
  tcMechanism: {
    env: 'BALISE_TC_MECHANISM',
    type: TC_MECHANISMS.join(' | '),
    fallback: 'auto',
    sentence: 'How programs are hung on devices: tcx needs kernel 6.6; auto takes it where the kernel has it.',
    parse: oneOf(TC_MECHANISMS),
  },
  leaseDurationSeconds: {
    env: 'BALISE_LEASE_DURATION_SECONDS',
    type: 'seconds',
    fallback: '15',
    sentence: 'A node whose Lease is not renewed for this long loses its addresses, and its responder falls silent.',
    parse: wholeNumber(1, 3600),
  },
  l2Enabled: {
    env: 'BALISE_L2_ENABLED',
    type: 'boolean',
    fallback: 'true',
    sentence: 'Answer ARP for load balancer addresses and external IPs, as CiliumL2AnnouncementPolicies say.',
    parse: parseBoolean,
  },
  enableMetallb: {
    env: 'BALISE_ENABLE_METALLB',
    type: 'boolean',
    fallback: 'false',
    sentence: "Answer ARP as MetalLB's L2Advertisements and the protocol: layer2 of its old ConfigMap say as well.",
    parse: parseBoolean,
  },
  metallbNamespace: {
    env: 'BALISE_METALLB_NAMESPACE',
    type: 'text',
    fallback: METALLB_NAMESPACE,
    sentence: "Namespace in which objects of MetalLB's kinds are read.",
    parse: parseName,
  },
  kubeProxyReplacement: {
    env: 'BALISE_KUBE_PROXY_REPLACEMENT',
    type: 'boolean',
    fallback: 'false',
    sentence:
      "Serve cluster IPs, node ports and health check node ports in kube-proxy's place; if not, only load balancer addresses and external IPs.",
    parse: parseBoolean,
  },
  nodePorts: {
    env: 'BALISE_NODE_PORTS',
    type: 'port range',
    fallback: NODE_PORTS,
    sentence:
      'Where the API server allocates node ports; with kube-proxy replaced, connections of the node itself are kept from using them as their own.',
    parse: parsePortRange,
  },
  snatPorts: {
    env: 'BALISE_SNAT_PORTS',
    type: 'port range',
    fallback: SNAT_PORTS,
    sentence: 'Source ports for connections that are passed on to a backend of another node.',
    parse: parsePortRange,
  },
  ...CNI_OPTIONS,
  socket: {
    env: 'BALISE_SOCKET',
    type: 'path',
    fallback: '/run/balise/agent.sock',
    sentence: 'Unix socket of the API for the command line.',
    parse: parsePath,
  },
  healthPort: {
    env: 'BALISE_HEALTH_PORT',
    type: 'port',
    fallback: '9879',
    sentence: 'Port on 127.0.0.1 that answers /healthz; 0: none.',
    parse: wholeNumber(0, 65535),
  },
  auditSeconds: {
    env: 'BALISE_AUDIT_SECONDS',
    type: 'seconds',
    fallback: '5',
    sentence: 'How often the maps are compared with what should be in them.',
    parse: wholeNumber(1, 3600),
  },
  logLevel: {
    env: 'BALISE_LOG_LEVEL',
    type: LOG_LEVELS.join(' | '),
    fallback: 'info',
    sentence: 'The least that is logged.',
    parse: oneOf(LOG_LEVELS),
  },
} as const satisfies OptionTable

/** The settings of an agent, checked. */
export type AgentSettings = Settings<typeof AGENT_OPTIONS>

/** Reads the environment: all mistakes at once, or the settings. An empty variable is an unset one. */
export function readAgentSettings(
  environment: Readonly<Record<string, string | undefined>>,
): Result<AgentSettings, readonly ConfigMistake[]> {
  return readSettings(AGENT_OPTIONS, environment)
}

export interface PortRange {
  readonly min: number
  readonly max: number
}

function parsePortRange(text: string): Result<PortRange, string> {
  const match = /^(\d{1,5})-(\d{1,5})$/.exec(text)
  const range = { min: Number(match?.[1]), max: Number(match?.[2]) }
  return range.min >= 1 && range.min <= range.max && range.max <= 65535
    ? ok(range)
    : err('is not a range of ports like 10240-29999')
}
