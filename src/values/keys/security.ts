import { ignored, lacking, leaf, map, refusedUnless, refusedUnlessOneOf, type Tree, unset } from '#values/tree.ts'
import { EXTRAS, image, keyPair, PLACEMENT, POD_METADATA, serviceAccount } from './shapes.ts'

const NO_ENCRYPTION = 'nothing is encrypted between nodes'
const ENCRYPT_BELOW =
  'remove it if the network may read the traffic, else encrypt below the cluster: with KubeSpan on Talos, or WireGuard between the nodes'
const NO_POLICIES = 'NetworkPolicies are not enforced: every pod reaches every pod'
const NO_IDENTITIES = 'Pods have no security identities, because no policy asks for them'
const NO_DNS_PROXY = 'There is no proxy for DNS, because no policy asks for names'
const UNREAD = 'No Secret is read, and no certificate is made'

export const ENCRYPTION: Tree = {
  encryption: {
    enabled: refusedUnless(false, NO_ENCRYPTION, ENCRYPT_BELOW, false),
    nodeEncryption: refusedUnless(false, NO_ENCRYPTION, ENCRYPT_BELOW, false),
    strictMode: {
      enabled: refusedUnless(false, NO_ENCRYPTION, ENCRYPT_BELOW, false),
      cidr: without(''),
      allowRemoteNodeIdentities: without(false),
      egress: {
        enabled: refusedUnless(false, NO_ENCRYPTION, ENCRYPT_BELOW, false),
        cidr: without(''),
        allowRemoteNodeIdentities: without(false),
      },
      ingress: { enabled: refusedUnless(false, NO_ENCRYPTION, ENCRYPT_BELOW, false) },
    },
    type: without('ipsec'),
    ipsec: without({
      keyFile: 'keys',
      mountPath: '/etc/ipsec',
      secretName: 'cilium-ipsec-keys',
      interface: '',
      keyWatcher: true,
      keyRotationDuration: '5m',
      encryptedOverlay: false,
    }),
    wireguard: without({ persistentKeepalive: '0s', userspaceFallback: leaf('boolean') }),
    ztunnel: without({
      image: image('docker.io/istio/ztunnel'),
      caAddress: 'https://localhost:15012',
      healthPort: 15021,
      resources: leaf('map'),
      updateStrategy: leaf('map'),
      terminationGracePeriodSeconds: 30,
      readinessProbe: { initialDelaySeconds: 0, periodSeconds: 10, failureThreshold: 3 },
      ...PLACEMENT,
      priorityClassName: unset('text'),
      annotations: map(),
      ...POD_METADATA,
      ...EXTRAS,
      secrets: { bootstrapRootCert: unset('text') },
    }),
  },
}

function without(node: Parameters<typeof ignored>[1]) {
  return ignored('Without encryption.enabled, which cannot be set, it has no meaning', node)
}

export const POLICIES: Tree = {
  policyEnforcementMode: refusedUnlessOneOf(
    ['default', 'never'],
    NO_POLICIES,
    'use default or never for what is the case, and keep a CNI that enforces policies where you need them (cni.mode: none)',
    'default',
  ),
  k8sNetworkPolicy: { enabled: lacking(NO_POLICIES, true) },
  k8sClusterNetworkPolicy: { enabled: lacking(NO_POLICIES, leaf('boolean')) },
  policyAuditMode: lacking(NO_POLICIES, leaf('boolean')),
  policyCIDRMatchMode: lacking(NO_POLICIES, unset('text', 'list')),
  policyDenyResponse: lacking(NO_POLICIES, 'none'),
  enableNonDefaultDenyPolicies: lacking(NO_POLICIES, true),
  l7Proxy: lacking('There is no proxy for policies of layer 7', true),
  endpointPolicyUpdateTimeoutDuration: lacking(NO_POLICIES, unset('text')),
  endpointLockdownOnMapOverflow: lacking(NO_POLICIES, false),
  hostFirewall: {
    enabled: refusedUnless(
      false,
      'nodes are not protected by policies',
      'remove it, and protect them by their own firewall: Talos has NetworkRuleConfig',
      false,
    ),
  },
  egressGateway: {
    enabled: refusedUnless(
      false,
      'traffic of pods leaves from their own node, never from a gateway node',
      'remove it: firewalls outside see the address of the node on which a pod runs',
      false,
    ),
    reconciliationTriggerInterval: ignored('egressGateway.enabled cannot be set', '1s'),
    maxPolicyEntries: ignored('egressGateway.enabled cannot be set', leaf('integer')),
  },
  identityAllocationMode: ignored(NO_IDENTITIES, 'crd'),
  identityManagementMode: ignored(NO_IDENTITIES, leaf('text', 'agent', { oneOf: ['agent', 'operator', 'both'] })),
  identityChangeGracePeriod: ignored(NO_IDENTITIES, ''),
  enableIdentityMark: ignored(NO_IDENTITIES, leaf('boolean')),
  wellKnownIdentities: { enabled: ignored(NO_IDENTITIES, false) },
  nodeSelectorLabels: ignored(NO_IDENTITIES, false),
  nodeLabels: ignored(NO_IDENTITIES, leaf('text')),
  labels: ignored(NO_IDENTITIES, leaf('text')),
  ciliumEndpointSlice: ignored('There are no objects for endpoints', {
    enabled: false,
    rateLimits: leaf('list'),
    sliceMode: leaf('text'),
  }),
  dnsProxy: lacking(NO_DNS_PROXY, {
    socketLingerTimeout: 10,
    dnsRejectResponseCode: 'refused',
    enableDnsCompression: true,
    endpointMaxIpPerHostname: 1000,
    idleConnectionGracePeriod: '0s',
    maxDeferredConnectionDeletes: 10000,
    minTtl: 0,
    preCache: '',
    proxyPort: 0,
    proxyResponseMaxDelay: '100ms',
    enableTransparentMode: leaf('boolean'),
    preAllocateIdentities: true,
  }),
  dnsPolicyUnloadOnShutdown: lacking(NO_DNS_PROXY, leaf('boolean')),
  standaloneDnsProxy: lacking(NO_DNS_PROXY, {
    enabled: false,
    rollOutPods: false,
    annotations: map(),
    debug: false,
    serverPort: 10095,
    nodeSelector: leaf('map'),
    tolerations: [],
    automountServiceAccountToken: false,
    updateStrategy: leaf('map'),
    image: image(''),
  }),
}

export const AUTHENTICATION: Tree = {
  authentication: {
    enabled: refusedUnless(
      false,
      'pods are not authenticated to each other',
      'remove it, or let the applications use TLS',
      false,
    ),
    ...ignoredBelow({
      queueSize: 1024,
      rotatedIdentitiesQueueSize: 1024,
      gcInterval: '5m0s',
    }),
    mutual: {
      ...ignoredBelow({ port: 4250, connectTimeout: '5s' }),
      spire: {
        enabled: refusedUnless(
          false,
          'pods are not authenticated to each other',
          'remove it, or let the applications use TLS',
          false,
        ),
        ...ignoredBelow({
          annotations: map(),
          serverAddress: unset('text'),
          trustDomain: 'spiffe.cilium',
          adminSocketPath: '/run/spire/sockets/admin.sock',
          agentSocketPath: '/run/spire/sockets/agent/agent.sock',
          connectionTimeout: '30s',
          install: {
            enabled: true,
            namespace: 'cilium-spire',
            existingNamespace: false,
            initImage: image('docker.io/library/busybox'),
            agent: { ...spireComponent('spire-agent'), skipKubeletVerification: true },
            server: {
              ...spireComponent('spire-server'),
              initContainers: [],
              service: { type: 'ClusterIP', annotations: map(), labels: map() },
              dataStorage: { enabled: true, size: '1Gi', accessMode: 'ReadWriteOnce', storageClass: unset('text') },
              ca: {
                keyType: 'rsa-4096',
                subject: { country: 'US', organization: 'SPIRE', commonName: 'Cilium SPIRE CA' },
              },
            },
          },
        }),
      },
    },
  },
}

function spireComponent(name: string): Tree {
  return {
    image: image(`ghcr.io/spiffe/${name}`),
    serviceAccount: serviceAccount(name),
    annotations: map(),
    labels: map(),
    resources: map(),
    ...PLACEMENT,
    podSecurityContext: map(),
    securityContext: map(),
  }
}

function ignoredBelow(tree: Tree): Tree {
  return Object.fromEntries(
    Object.entries(tree).map(([key, node]) => [key, ignored('authentication.enabled cannot be set', node)]),
  )
}

export const TLS: Tree = {
  tls: ignored(UNREAD, {
    secretsBackend: unset('text'),
    readSecretsOnlyFromSecretsNamespace: unset('boolean'),
    secretsNamespace: { create: true, name: 'cilium-secrets' },
    secretSync: { enabled: unset('boolean') },
    ca: { ...keyPair(), existingSecret: leaf('text'), certValidityDuration: 1095 },
    caBundle: { enabled: false, name: 'cilium-root-ca.crt', key: 'ca.crt', useSecret: false, content: leaf('text') },
  }),
  certgen: ignored(UNREAD, {
    generateCA: true,
    image: image('quay.io/cilium/certgen'),
    ttlSecondsAfterFinished: unset('integer'),
    podLabels: map(),
    annotations: { job: map(), cronJob: map() },
    nodeSelector: map(),
    priorityClassName: '',
    tolerations: [],
    resources: map(),
    extraVolumes: [],
    extraVolumeMounts: [],
    affinity: map(),
    cronJob: { successfulJobsHistoryLimit: 3, failedJobsHistoryLimit: 1 },
  }),
}
