import { ignored, leaf, map, type Node, refusedUnless, type Tree, unset } from '#values/tree.ts'
import {
  CERTIFICATE_NAMES,
  DISRUPTION_BUDGET,
  EXTRAS,
  image,
  PLACEMENT,
  POD_METADATA,
  SERVICE_MONITOR,
} from './shapes.ts'

const NO_MESH = 'clusters are not joined: global Services have the backends of their own cluster only'
const KEEP_APART = 'remove it, or reach the other cluster through its load balancer addresses'
const NO_STORE = 'there is no store but the Kubernetes API'

export const MESH: Tree = {
  clustermesh: {
    useAPIServer: refusedUnless(false, NO_MESH, KEEP_APART, false),
    enableEndpointSliceSynchronization: refusedUnless(false, NO_MESH, KEEP_APART, false),
    enableMCSAPISupport: refusedUnless(false, NO_MESH, KEEP_APART, false),
    config: {
      enabled: refusedUnless(false, NO_MESH, KEEP_APART, false),
      domain: alone('mesh.cilium.io'),
      clusters: alone(leaf(['list', 'map'], [])),
    },
    mcsapi: {
      enabled: refusedUnless(false, NO_MESH, KEEP_APART, false),
      installCRDs: alone(true),
      corednsAutoConfigure: alone({
        enabled: false,
        coredns: {
          deploymentName: 'coredns',
          serviceAccountName: 'coredns',
          configMapName: 'coredns',
          namespace: 'kube-system',
          clusterDomain: 'cluster.local',
          clustersetDomain: 'clusterset.local',
        },
        extraArgs: [],
        ttlSecondsAfterFinished: 1800,
        podLabels: map(),
        annotations: map(),
        nodeSelector: map(),
        priorityClassName: '',
        tolerations: [],
        resources: map(),
        extraVolumes: [],
        extraVolumeMounts: [],
        affinity: map(),
      }),
    },
    maxConnectedClusters: alone(255),
    cacheTTL: alone('0s'),
    policyDefaultLocalCluster: alone(true),
    annotations: alone(map()),
    apiserver: alone(apiServer()),
  },
  externalWorkloads: {
    enabled: refusedUnless(false, 'machines outside of the cluster cannot join it', 'remove it', leaf('boolean')),
  },
  etcd: {
    enabled: refusedUnless(false, NO_STORE, 'remove it', false),
    endpoints: ignored('etcd.enabled cannot be set', leaf('list')),
    ssl: ignored('etcd.enabled cannot be set', false),
  },
}

function alone(node: Node): Node {
  return ignored('Without clustermesh.config.enabled, which cannot be set, it has no meaning', node)
}

function apiServer(): Tree {
  const probe = { healthPort: leaf('integer'), readinessProbe: map() }
  const container = { resources: map(), securityContext: leaf('map'), lifecycle: map() }
  const scrape = {
    interval: '10s',
    scrapeTimeout: unset('text'),
    relabelings: unset('list'),
    metricRelabelings: unset('list'),
  }
  return {
    image: image('quay.io/cilium/clustermesh-apiserver'),
    ...probe,
    ...container,
    etcd: {
      ...container,
      init: { resources: map(), extraArgs: [], extraEnv: [] },
      storageMedium: leaf('text', 'Disk', { oneOf: ['Disk', 'Memory'] }),
    },
    kvstoremesh: {
      enabled: true,
      ...probe,
      ...container,
      extraArgs: [],
      extraEnv: [],
      extraVolumeMounts: [],
      kvstoreMode: 'internal',
    },
    service: {
      externallyCreated: false,
      type: 'NodePort',
      nodePort: 32379,
      annotations: map(),
      labels: map(),
      externalTrafficPolicy: leaf('text', 'Cluster', { oneOf: ['Local', 'Cluster'] }),
      internalTrafficPolicy: leaf('text', 'Cluster', { oneOf: ['Local', 'Cluster'] }),
      enableSessionAffinity: leaf('text', 'HAOnly', { oneOf: ['HAOnly', 'Always', 'Never'] }),
      loadBalancerClass: unset('text'),
      loadBalancerIP: unset('text'),
      loadBalancerSourceRanges: [],
    },
    replicas: 1,
    terminationGracePeriodSeconds: 30,
    extraArgs: [],
    ...EXTRAS,
    podSecurityContext: leaf('map'),
    ...POD_METADATA,
    podDisruptionBudget: DISRUPTION_BUDGET,
    ...PLACEMENT,
    updateStrategy: leaf('map'),
    tls: {
      authMode: 'migration',
      enableSecrets: true,
      auto: {
        enabled: true,
        method: 'helm',
        certValidityDuration: 1095,
        schedule: leaf('text'),
        certManagerIssuerRef: map(),
      },
      server: { cert: '', key: '', ...CERTIFICATE_NAMES },
      admin: { cert: '', key: '' },
      remote: { cert: '', key: '' },
      client: leaf('map'),
      ca: leaf('map'),
    },
    metrics: {
      enabled: true,
      port: 9962,
      kvstoremesh: { enabled: true, port: 9964 },
      etcd: { enabled: true, mode: 'basic', port: 9963 },
      serviceMonitor: { ...SERVICE_MONITOR, kvstoremesh: scrape, etcd: scrape },
    },
  }
}
