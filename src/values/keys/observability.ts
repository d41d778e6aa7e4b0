import { lacking, leaf, map, type Tree, unset } from '#values/tree.ts'
import {
  CERTIFICATE_NAMES,
  DASHBOARDS,
  DISRUPTION_BUDGET,
  EXTRAS,
  image,
  keyPair,
  PLACEMENT,
  POD_METADATA,
  profiler,
  SERVICE_MONITOR,
} from './shapes.ts'

const NO_HUBBLE = 'Flows are not in this version: there is no Hubble, no relay and no user interface'
export const NO_METRICS = 'Metrics are not in this version: nothing listens for Prometheus'
export const NO_PROFILER = 'There is no profiler of Go'

const EXPORTER: Tree = {
  enabled: false,
  filePath: '/var/run/cilium/hubble/events.log',
  fieldMask: [],
  fieldAggregate: [],
  aggregationInterval: '0s',
  allowList: [],
  denyList: [],
  fileMaxSizeMb: 10,
  fileMaxBackups: 5,
  fileCompress: false,
}

const RELAY: Tree = {
  enabled: false,
  rollOutPods: false,
  image: image('quay.io/cilium/hubble-relay'),
  resources: map(),
  replicas: 1,
  ...PLACEMENT,
  ...EXTRAS,
  annotations: map(),
  ...POD_METADATA,
  podDisruptionBudget: DISRUPTION_BUDGET,
  terminationGracePeriodSeconds: 1,
  updateStrategy: leaf('map'),
  podSecurityContext: leaf('map'),
  securityContext: leaf('map'),
  service: { type: 'ClusterIP', nodePort: 31234, annotations: leaf('map'), labels: leaf('map') },
  listenHost: '',
  listenPort: leaf(['text', 'integer'], '4245'),
  servicePort: leaf('integer'),
  tls: {
    client: keyPair(),
    server: keyPair({
      enabled: false,
      mtls: false,
      ...CERTIFICATE_NAMES,
      relayName: 'ui.hubble-relay.cilium.io',
    }),
  },
  dialTimeout: leaf('text'),
  retryTimeout: unset('text'),
  sortBufferLenMax: unset('integer'),
  sortBufferDrainTimeout: unset('text'),
  prometheus: { enabled: false, port: 9966, serviceMonitor: SERVICE_MONITOR },
  gops: { enabled: true, port: 9893 },
  pprof: profiler(6062),
  logOptions: { format: unset('text'), level: unset('text') },
}

const USER_INTERFACE: Tree = {
  enabled: false,
  standalone: { enabled: false, tls: { certsVolume: map() } },
  rollOutPods: false,
  tls: { client: keyPair() },
  backend: {
    image: image('quay.io/cilium/hubble-ui-backend'),
    securityContext: leaf('map'),
    ...EXTRAS,
    livenessProbe: { enabled: false },
    readinessProbe: { enabled: false },
    resources: map(),
  },
  frontend: {
    image: image('quay.io/cilium/hubble-ui'),
    securityContext: leaf('map'),
    ...EXTRAS,
    resources: map(),
    server: { ipv6: { enabled: true } },
  },
  replicas: 1,
  annotations: map(),
  labels: map(),
  ...POD_METADATA,
  podDisruptionBudget: DISRUPTION_BUDGET,
  ...PLACEMENT,
  updateStrategy: leaf('map'),
  securityContext: leaf('map'),
  service: { annotations: map(), labels: map(), type: 'ClusterIP', nodePort: 31235 },
  baseUrl: '/',
  ingress: {
    enabled: false,
    annotations: map(),
    className: '',
    hosts: ['chart-example.local'],
    labels: map(),
    tls: [],
  },
  tmpVolume: map(),
}

export const HUBBLE: Tree = {
  hubble: lacking(NO_HUBBLE, {
    enabled: true,
    annotations: map(),
    hostUsers: leaf('boolean'),
    eventQueueSize: leaf(['text', 'integer']),
    eventBufferCapacity: leaf(['text', 'integer']),
    lostEventSendInterval: leaf('text'),
    metrics: {
      enabled: unset('list', 'text'),
      enableOpenMetrics: false,
      port: 9965,
      tls: {
        enabled: false,
        server: keyPair({
          ...CERTIFICATE_NAMES,
          mtls: { enabled: false, useSecret: false, name: unset('text'), key: 'ca.crt' },
        }),
      },
      serviceAnnotations: map(),
      serviceMonitor: { ...SERVICE_MONITOR, tlsConfig: map() },
      dashboards: DASHBOARDS,
      dynamic: {
        enabled: false,
        config: { configMapName: 'cilium-dynamic-metrics-config', createConfigMap: true, content: [] },
      },
    },
    socketPath: '/var/run/cilium/hubble.sock',
    networkPolicyCorrelation: { enabled: true },
    redact: {
      enabled: false,
      http: { urlQuery: false, userInfo: true, headers: { allow: [], deny: [] } },
      kafka: { apiKey: true },
    },
    listenAddress: ':4244',
    preferIpv6: false,
    skipUnknownCGroupIDs: unset('boolean'),
    peerService: {
      enabled: leaf('boolean'),
      servicePort: leaf('integer'),
      targetPort: 4244,
      clusterDomain: 'cluster.local',
    },
    tls: {
      enabled: true,
      auto: {
        enabled: true,
        method: 'helm',
        certValidityDuration: 365,
        schedule: '0 0 1 */4 *',
        certManagerIssuerRef: map(),
      },
      server: keyPair(CERTIFICATE_NAMES),
      ca: leaf('map'),
    },
    relay: RELAY,
    ui: USER_INTERFACE,
    export: {
      static: EXPORTER,
      dynamic: {
        enabled: false,
        config: { configMapName: 'cilium-flowlog-config', createConfigMap: true, content: leaf('list') },
      },
      fileMaxSizeMb: leaf('integer'),
      fileMaxBackups: leaf('integer'),
      fileCompress: leaf('boolean'),
    },
    dropEventEmitter: { enabled: false, interval: '2m', reasons: ['auth_required', 'policy_denied'] },
  }),
}

export const METRICS: Tree = {
  prometheus: lacking(NO_METRICS, {
    enabled: false,
    metricsService: false,
    port: 9962,
    serviceMonitor: { ...SERVICE_MONITOR, trustCRDsExist: false },
    metrics: unset('list'),
    controllerGroupMetrics: leaf('list'),
  }),
  dashboards: lacking(NO_METRICS, DASHBOARDS),
  pprof: lacking(NO_PROFILER, profiler(6060)),
}
