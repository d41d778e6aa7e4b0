import { ignored, implemented, lacking, leaf, map, refusedUnless, type Tree, unset } from '#values/tree.ts'
import { NO_METRICS, NO_PROFILER } from './observability.ts'
import { DASHBOARDS, DISRUPTION_BUDGET, profiler, SERVICE_MONITOR } from './shapes.ts'

const ONE_IMAGE = 'The operator is in the image of the agent, which image.* names'
const NO_GARBAGE = 'There are no objects of its own to collect'
const BY_THE_SCHEDULER = 'Pods on nodes that Balise does not serve yet are kept away by the taint, not restarted'

export const OPERATOR: Tree = {
  operator: {
    enabled: refusedUnless(
      true,
      'without an operator no Service gets an address, and taints stay on nodes',
      'set operator.replicas: 1 for a small cluster',
      true,
    ),
    replicas: implemented(
      'One leads, the others wait. On a cluster of one node set 1',
      leaf('integer', 2, { minimum: 1 }),
    ),
    image: ignored(ONE_IMAGE, {
      override: unset('text'),
      repository: 'quay.io/cilium/operator',
      tag: leaf('text'),
      genericDigest: leaf('text'),
      azureDigest: leaf('text'),
      awsDigest: leaf('text'),
      alibabacloudDigest: leaf('text'),
      useDigest: leaf('boolean'),
      pullPolicy: 'IfNotPresent',
      suffix: leaf('text', ''),
    }),
    rollOutPods: ignored('A change of values always replaces the pods that it concerns', false),
    priorityClassName: implemented('Priority class of the operator; empty: system-cluster-critical', ''),
    dnsPolicy: implemented('DNS policy of the operator; empty: Default', ''),
    updateStrategy: implemented(
      'How the operators are replaced',
      map({ type: 'RollingUpdate', rollingUpdate: { maxSurge: '25%', maxUnavailable: '50%' } }),
    ),
    affinity: implemented('Affinity of the operators; by default no two on one node', leaf('map')),
    topologySpreadConstraints: implemented('How the operators are spread; without a labelSelector, all of them', []),
    nodeSelector: implemented('Nodes that may get an operator', map({ 'kubernetes.io/os': 'linux' })),
    tolerations: implemented('Taints that the operators tolerate', leaf('list')),
    resources: implemented('What the operator asks for, and its limits', map()),
    podAnnotations: implemented("Annotations of the operators' pods", map()),
    podLabels: implemented("Labels of the operators' pods", map()),
    annotations: implemented("Annotations of the operators' Deployment", map()),
    extraEnv: implemented('Environment variables of the operator', []),
    extraVolumes: implemented("Volumes of the operators' pods", []),
    extraVolumeMounts: implemented('Mounts of the operator', []),
    extraHostPathMounts: ignored('The operator needs no folder of the node: extraVolumes adds any', []),
    extraArgs: ignored('The operator takes no arguments: extraEnv adds environment variables', []),
    podSecurityContext: implemented(
      "Security context of the operators' pods",
      map({ seccompProfile: { type: 'RuntimeDefault' } }),
    ),
    securityContext: implemented(
      'Security context of the operator',
      map({ capabilities: { drop: ['ALL'] }, allowPrivilegeEscalation: false }),
    ),
    podDisruptionBudget: implemented('A PodDisruptionBudget for the operators', DISRUPTION_BUDGET),
    hostNetwork: refusedUnless(
      true,
      'the operator must reach the API server before there is a pod network',
      'remove it',
      true,
    ),
    hostUsers: ignored('Pods on the network of the node have the users of the node', leaf('boolean')),
    removeNodeTaints: implemented('Remove the taint agentNotReadyTaintKey from nodes whose agent is ready', true),
    setNodeTaints: implemented(
      'Put the taint back on nodes whose agent has ceased to run; unset: as removeNodeTaints',
      unset('boolean'),
    ),
    setNodeNetworkStatus: implemented(
      'Set the condition NetworkUnavailable of nodes to False where Balise is their CNI and its agent is ready',
      true,
    ),
    unmanagedPodWatcher: ignored(BY_THE_SCHEDULER, { restart: true, intervalSeconds: 15, selector: unset('text') }),
    skipCRDCreation: ignored(
      'Helm creates the custom resource definitions: helm install --skip-crds leaves them out',
      false,
    ),
    endpointGCInterval: ignored(NO_GARBAGE, '5m0s'),
    nodeGCInterval: ignored(NO_GARBAGE, '5m0s'),
    identityGCInterval: ignored(NO_GARBAGE, '15m0s'),
    identityHeartbeatTimeout: ignored(NO_GARBAGE, '30m0s'),
    pprof: lacking(NO_PROFILER, profiler(6061)),
    prometheus: lacking(NO_METRICS, {
      metricsService: false,
      enabled: true,
      port: 9963,
      serviceMonitor: SERVICE_MONITOR,
      tls: { enabled: false, server: { existingSecret: '', mtls: { enabled: false } } },
    }),
    dashboards: lacking(NO_METRICS, DASHBOARDS),
  },
}
