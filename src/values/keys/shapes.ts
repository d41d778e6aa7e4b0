import { leaf, map, type Tree, unset } from '#values/tree.ts'

/** Shapes that come again and again in Cilium's values.yaml. Digests and tags change with every release, so they have no default here. */
export function image(repository: string): Tree {
  return {
    override: unset('text'),
    repository,
    tag: leaf('text'),
    digest: leaf('text'),
    useDigest: leaf('boolean'),
    pullPolicy: 'IfNotPresent',
  }
}

export function serviceAccount(name: string): Tree {
  return { create: true, name, automount: leaf('boolean'), annotations: map() }
}

export const DISRUPTION_BUDGET: Tree = {
  enabled: false,
  minAvailable: unset('integer', 'text'),
  maxUnavailable: leaf(['integer', 'text'], 1),
  unhealthyPodEvictionPolicy: unset('text'),
}

export const SERVICE_MONITOR: Tree = {
  enabled: false,
  labels: map(),
  annotations: map(),
  jobLabel: '',
  interval: '10s',
  scrapeTimeout: unset('text'),
  namespace: leaf('text'),
  relabelings: leaf('list'),
  metricRelabelings: unset('list'),
}

export const DASHBOARDS: Tree = {
  enabled: false,
  label: 'grafana_dashboard',
  namespace: unset('text'),
  labelValue: '1',
  annotations: map(),
}

export function profiler(port: number): Tree {
  return { enabled: false, address: 'localhost', port, mutexProfileFraction: 0, blockProfileRate: 0 }
}

/** Where the pods of a component run, and what is added to them. */
export const PLACEMENT: Tree = {
  affinity: leaf('map'),
  nodeSelector: leaf('map'),
  tolerations: leaf('list'),
  priorityClassName: leaf('text', ''),
  topologySpreadConstraints: [],
}

export const EXTRAS: Tree = { extraEnv: [], extraVolumes: [], extraVolumeMounts: [] }

export const POD_METADATA: Tree = { podAnnotations: map(), podLabels: map() }

export function keyPair(more: Tree = {}): Tree {
  return { existingSecret: '', cert: '', key: '', ...more }
}

export const CERTIFICATE_NAMES: Tree = { extraDnsNames: [], extraIpAddresses: [] }

export const ABSOLUTE_PATH = { pattern: '^/', form: 'an absolute path' } as const
