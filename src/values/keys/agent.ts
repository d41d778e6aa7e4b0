import { ignored, implemented, lacking, leaf, map, refusedUnless, refusing, type Tree, unset } from '#values/tree.ts'

const NO_CONFIG_MAP = 'There is no ConfigMap of settings: the pods get them as environment variables from these values'
const ONE_KIND_OF_LOGS = 'Logs are lines of JSON; logLevel says how much is logged'
const NO_SUCH_CONTAINER = 'There is no such container: nothing is mounted, cleaned or changed before the agent starts'
const CLEANED_ONCE = 'state is not cleaned at each start: traffic would stop'

/** The agent's pods. */
export const AGENT: Tree = {
  agent: refusedUnless(
    true,
    'without agents no packet is forwarded and no address is announced',
    'choose the nodes by nodeSelector or affinity',
    true,
  ),
  name: ignored('The DaemonSet is named balise', 'cilium'),
  image: {
    repository: refusing(
      {
        unless: [],
        matching: '(^|/)(cilium|operator)(-[a-z]+)*$',
        why: 'this is an image of Cilium, which does not hold Balise',
        instead: 'name your registry with an image of Balise, or remove the key',
      },
      implemented('Where the cluster pulls the image of agent and operator from', 'quay.io/cilium/cilium'),
    ),
    tag: implemented("Tag of the image; the chart's appVersion when empty", leaf('text')),
    digest: implemented('Digest of the image, taken where useDigest is true', leaf('text')),
    useDigest: implemented('Whether the digest is part of the reference', leaf('boolean')),
    override: implemented('The whole reference of the image, in place of repository, tag and digest', unset('text')),
    pullPolicy: implemented(
      'When the image is pulled',
      leaf('text', 'IfNotPresent', { oneOf: ['Always', 'IfNotPresent', 'Never'] }),
    ),
  },
  affinity: implemented('Affinity of the agents', leaf('map')),
  nodeSelector: implemented('Nodes that get an agent', map({ 'kubernetes.io/os': 'linux' })),
  tolerations: implemented('Taints that the agents tolerate', [{ operator: 'Exists' }]),
  scheduling: {
    mode: ignored(
      'There is one agent a node in any case',
      leaf('text', 'anti-affinity', { oneOf: ['anti-affinity', 'kube-scheduler'] }),
    ),
  },
  priorityClassName: implemented('Priority class of the agents; empty: system-node-critical', ''),
  dnsPolicy: implemented('DNS policy of the agents; empty: Default, for there is no cluster DNS before them', ''),
  terminationGracePeriodSeconds: implemented('How long an agent may take to end', 1),
  updateStrategy: implemented(
    'How the agents are replaced',
    map({ type: 'RollingUpdate', rollingUpdate: { maxUnavailable: 2 } }),
  ),
  rollOutCiliumPods: ignored('A change of values always replaces the pods that it concerns', false),
  resources: implemented('What the agent asks for, and its limits', map()),
  initResources: ignored(NO_SUCH_CONTAINER, map()),
  podAnnotations: implemented("Annotations of the agents' pods", map()),
  podLabels: implemented("Labels of the agents' pods", map()),
  annotations: implemented("Annotations of the agents' DaemonSet", map()),
  extraEnv: implemented('Environment variables of the agent', []),
  extraVolumes: implemented("Volumes of the agents' pods", []),
  extraVolumeMounts: implemented('Mounts of the agent', []),
  extraHostPathMounts: implemented('Folders of the node for the agent', []),
  extraArgs: ignored('The agent takes no arguments: it is set by environment variables, extraEnv adds some', []),
  extraContainers: implemented("Further containers of the agents' pods", []),
  extraInitContainers: implemented("Init containers of the agents' pods", []),
  tmpVolume: ignored('The agent writes no temporary files', map()),
  healthPort: implemented(
    'Port on 127.0.0.1 of the node for the probes of the agent',
    leaf('integer', 9879, { minimum: 1, maximum: 65535 }),
  ),
  startupProbe: implemented('When an agent that does not start is started again', {
    failureThreshold: 300,
    periodSeconds: 2,
  }),
  livenessProbe: {
    failureThreshold: implemented('When an agent that does not answer is started again', 10),
    periodSeconds: implemented('How often it is asked', 30),
    requireK8sConnectivity: refusedUnless(
      false,
      'an agent that is killed because the API server is away stops nothing but help',
      'watch `balise status`, which says since when the API server is away',
      false,
    ),
  },
  readinessProbe: implemented('When an agent counts as ready', { failureThreshold: 3, periodSeconds: 30 }),
  podSecurityContext: implemented(
    "Security context of the agents' pods",
    map({ appArmorProfile: { type: 'Unconfined' }, seccompProfile: { type: 'Unconfined' } }),
  ),
  securityContext: {
    privileged: implemented('Run the agent with all rights; it needs none but the capabilities below', false),
    allowPrivilegeEscalation: implemented('Whether a process of the agent may gain rights', false),
    runAsUser: refusedUnless(0, 'the agent loads BPF programs as root', 'leave it out', leaf('integer')),
    seLinuxOptions: implemented('SELinux type and level of the agent', map({ level: 's0', type: 'spc_t' })),
    capabilities: {
      ciliumAgent: refusing(
        {
          unless: [],
          matching: '^(CAP_)?SYS_MODULE$',
          why: 'Talos starts no container that asks for SYS_MODULE, and nothing here loads kernel modules',
          instead: 'remove it from the list',
        },
        implemented('Capabilities of the agent; all others are dropped', [
          'CHOWN',
          'KILL',
          'NET_ADMIN',
          'NET_RAW',
          'IPC_LOCK',
          'SYS_MODULE',
          'SYS_ADMIN',
          'SYS_RESOURCE',
          'DAC_OVERRIDE',
          'FOWNER',
          'SETGID',
          'SETUID',
          'SYSLOG',
        ]),
      ),
      mountCgroup: ignored(NO_SUCH_CONTAINER, ['SYS_ADMIN', 'SYS_CHROOT', 'SYS_PTRACE']),
      applySysctlOverwrites: ignored(NO_SUCH_CONTAINER, ['SYS_ADMIN', 'SYS_CHROOT', 'SYS_PTRACE']),
      cleanCiliumState: ignored(NO_SUCH_CONTAINER, ['NET_ADMIN', 'SYS_MODULE', 'SYS_ADMIN', 'SYS_RESOURCE']),
    },
  },
  debug: {
    enabled: implemented('Log at level debug, whatever logLevel says', false),
    verbose: ignored(ONE_KIND_OF_LOGS, unset('text')),
    metricsSamplingInterval: lacking('The agent keeps no samples of its counters', leaf('text', '5m')),
  },
  logOptions: ignored(ONE_KIND_OF_LOGS, leaf('map')),
  logSystemLoad: ignored(ONE_KIND_OF_LOGS, false),
  daemon: {
    runPath: ignored('State of the node lies in /var/lib/balise and /run/balise', '/var/run/cilium'),
    configSources: ignored(NO_CONFIG_MAP, unset('text')),
    allowedConfigOverrides: ignored(NO_CONFIG_MAP, unset('text')),
    blockedConfigOverrides: ignored(NO_CONFIG_MAP, unset('text')),
    enableSourceIPVerification: lacking('Source addresses of pods are not checked, whatever is set here', true),
  },
  configDriftDetection: ignored(NO_CONFIG_MAP, { enabled: true, driftChecker: true, ignoredKeys: [] }),
  annotateK8sNode: ignored('What is to be known of a node stands in its Lease', false),
  sleepAfterInit: refusedUnless(
    false,
    'an agent that sleeps forwards nothing',
    'uninstall by `helm uninstall`, and run `balise cleanup` on the nodes',
    false,
  ),
  cleanState: refusedUnless(false, CLEANED_ONCE, 'run `balise cleanup` once', false),
  cleanBpfState: refusedUnless(false, CLEANED_ONCE, 'run `balise cleanup` once', false),
  waitForKubeProxy: ignored('The agent needs no rule of kube-proxy, and does not wait for one', false),
  keepDeprecatedLabels: ignored('There are no older labels', false),
  keepDeprecatedProbes: ignored('There are no older probes', false),
  crdWaitTimeout: ignored('Kinds that the server does not know yet are waited for', ''),
  sysctlfix: { enabled: ignored('The agent itself sets the sysctls that it needs', true) },
  disableEndpointCRD: ignored('There are no objects for endpoints and identities', false),
  synchronizeK8sNodes: ignored('There is no store but the Kubernetes API', true),
  monitor: { enabled: ignored('There is no such container beside the agent', false) },
}
