import { METALLB_NAMESPACE } from '#crd/metallb/kinds.ts'
import { ok } from '#model/result.ts'
import { API_HOST_OPTION, API_PORT_OPTION } from '#agents/api-options.ts'
import { oneOf, type OptionTable, parseName, parseQualifiedName, type Settings, wholeNumber } from '#agents/settings.ts'
import { DEFAULT_TAINT_KEY, OWN_TAINT_KEY } from '#agents/operator/nodes/node-taints.ts'

const SWITCH = ['true', 'false'] as const
const DEFAULT_IPAMS = ['lbipam', 'nodeipam', 'none'] as const
const LOG_LEVELS = ['error', 'warn', 'info', 'debug'] as const

/** The settings of the operator. */
export const OPERATOR_OPTIONS = {
  namespace: {
    env: 'BALISE_NAMESPACE',
    type: 'text',
    fallback: 'kube-system',
    sentence: 'Namespace of the operator and of the Leases.',
    parse: parseName,
  },
  apiHost: API_HOST_OPTION,
  apiPort: API_PORT_OPTION,
  podName: {
    env: 'BALISE_POD_NAME',
    type: 'text',
    fallback: '',
    sentence: 'Name by which the replicas tell each other apart; empty: host name and process id.',
    parse: ok<string>,
  },
  leaseDurationSeconds: {
    env: 'BALISE_OPERATOR_LEASE_DURATION_SECONDS',
    type: 'seconds',
    fallback: '15',
    sentence: 'A leader whose Lease is not renewed for this long is replaced.',
    parse: wholeNumber(3, 3600),
  },
  enableLbIpam: {
    env: 'BALISE_ENABLE_LB_IPAM',
    type: SWITCH.join(' | '),
    fallback: 'true',
    sentence: 'Whether Services get addresses from pools; if not, what they have is left alone.',
    parse: oneOf(SWITCH),
  },
  defaultLbServiceIpam: {
    env: 'BALISE_DEFAULT_LB_SERVICE_IPAM',
    type: DEFAULT_IPAMS.join(' | '),
    fallback: 'lbipam',
    sentence:
      'Where Services without a loadBalancerClass get addresses from: pools, nodes, or (none) nowhere, and they are left alone.',
    parse: oneOf(DEFAULT_IPAMS),
  },
  enableNodeIpam: {
    env: 'BALISE_ENABLE_NODE_IPAM',
    type: SWITCH.join(' | '),
    fallback: 'false',
    sentence: 'Whether Services of class io.cilium/node get the addresses of nodes.',
    parse: oneOf(SWITCH),
  },
  enableMetallb: {
    env: 'BALISE_ENABLE_METALLB',
    type: SWITCH.join(' | '),
    fallback: 'false',
    sentence: "Whether Services get addresses from MetalLB's IPAddressPools and its old ConfigMap as well.",
    parse: oneOf(SWITCH),
  },
  metallbNamespace: {
    env: 'BALISE_METALLB_NAMESPACE',
    type: 'text',
    fallback: METALLB_NAMESPACE,
    sentence: "Namespace in which objects of MetalLB's kinds are read.",
    parse: parseName,
  },
  removeNodeTaints: {
    env: 'BALISE_REMOVE_NODE_TAINTS',
    type: SWITCH.join(' | '),
    fallback: 'true',
    sentence: 'Whether taints are taken off nodes whose network is ours once the agent there renews its Lease.',
    parse: oneOf(SWITCH),
  },
  setNodeTaints: {
    env: 'BALISE_SET_NODE_TAINTS',
    type: SWITCH.join(' | '),
    fallback: 'true',
    sentence: 'Whether the taint is put back on such nodes when the agent there has let its Lease run out.',
    parse: oneOf(SWITCH),
  },
  setNodeNetworkStatus: {
    env: 'BALISE_SET_NODE_NETWORK_STATUS',
    type: SWITCH.join(' | '),
    fallback: 'true',
    sentence: "Whether nodes whose CNI is ours get the condition NetworkUnavailable with status 'False'.",
    parse: oneOf(SWITCH),
  },
  agentNotReadyTaintKey: {
    env: 'BALISE_AGENT_NOT_READY_TAINT_KEY',
    type: 'text',
    fallback: DEFAULT_TAINT_KEY,
    sentence: `Key of that taint; ${OWN_TAINT_KEY} is taken off as well.`,
    parse: parseQualifiedName,
  },
  healthPort: {
    env: 'BALISE_HEALTH_PORT',
    type: 'port',
    fallback: '9880',
    sentence: 'Port on 127.0.0.1 that answers /healthz; 0: none.',
    parse: wholeNumber(0, 65535),
  },
  logLevel: {
    env: 'BALISE_LOG_LEVEL',
    type: LOG_LEVELS.join(' | '),
    fallback: 'info',
    sentence: 'The least that is logged.',
    parse: oneOf(LOG_LEVELS),
  },
} as const satisfies OptionTable

export type OperatorSettings = Settings<typeof OPERATOR_OPTIONS>
