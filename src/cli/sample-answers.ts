/** What an agent of guide T's cluster answers: the data of the renderers' golden files. */
import type { DebuginfoAnswer, FrontendJson, L2Answer, ServicesAnswer, StatusAnswer } from '#api/agent.ts'

export const SAMPLE_NOW_MS = Date.parse('2026-01-01T01:00:00Z')

export const SAMPLE_STATUS: StatusAnswer = {
  version: 1,
  baliseVersion: '0.1.0',
  node: 'node1-lab',
  pid: 12,
  startedAt: '2026-01-01T00:56:48Z',
  state: 'degraded',
  problems: [
    {
      severity: 'warning',
      component: 'l2',
      code: 'NoSuchInterface',
      message: 'Policy lab-l2-policy: interfaces "enp0s1" matches no device of node1-lab: it has eth0',
      since: '2026-01-01T00:58:00Z',
    },
  ],
  kubernetes: {
    state: 'connected',
    server: 'https://localhost:7445',
    lastAnswerAt: '2026-01-01T00:59:58Z',
    resources: [
      { resource: 'services', synced: true, objects: 4, error: null },
      { resource: 'leases.coordination.k8s.io', synced: false, objects: 0, error: 'forbidden' },
    ],
  },
  datapath: {
    attachments: [
      { program: 'balise_ingress', hook: 'eth0 ingress', mechanism: 'tcx' },
      { program: 'balise_connect4', hook: '/sys/fs/cgroup', mechanism: 'cgroup' },
    ],
    devices: ['eth0'],
    cgroup: '/sys/fs/cgroup',
    kubeProxyReplacement: {
      enabled: true,
      devices: [{ name: 'enp0s1', addresses: ['192.168.10.215'] }],
      nodePorts: '30000-32767',
    },
    frontends: 4,
    backends: 3,
    maps: [{ name: 'lb4_services', entries: 9, maxEntries: 65536 }],
    audit: { lastAt: '2026-01-01T00:59:59Z', runs: 190, repaired: 0, differences: [] },
    lastAppliedAt: '2026-01-01T00:57:00Z',
    conntrack: { entries: 2, collected: 7, lastSweepAt: '2026-01-01T00:59:50Z' },
    drops: { DROP_FRAGMENT: 1 },
    counters: { COUNTER_FORWARDED_REMOTE: 20 },
  },
  l2: {
    enabled: true,
    announcing: 1,
    standby: 0,
    unowned: 0,
    lease: { name: 'balise-node-node1-lab', durationMs: 15_000, confirmedAgoMs: 2100, error: null },
  },
  podNetwork: {
    mode: 'full',
    why: 'no other network is configured',
    confFile: '05-balise.conflist',
    ipam: [
      { family: 'IPv4', podCidr: '10.244.2.0/24', allocated: 5, capacity: 253 },
      { family: 'IPv6', podCidr: 'fd00:10:244:2::/64', allocated: 5, capacity: null },
    ],
    routing: {
      mode: 'native',
      routes: 2,
      tunnels: 0,
      unreachable: 0,
      peers: [
        '10.244.1.0/24 of cp1-lab via 192.168.10.215 dev enp0s1',
        'fd00:10:244:1::/64 of cp1-lab via fd00:192:168:10::215 dev enp0s1',
      ],
    },
    mtuBytes: 1500,
    masquerading: ['IPv4', 'IPv6'],
  },
  memory: { residentBytes: 99_000_000, heapUsedBytes: 30_000_000 },
}

const NGINX = { id: 20, service: 'test-loadbalancer/nginx', portName: '', protocol: 'TCP' } as const
const POLICIES = { externalTrafficPolicy: 'Cluster', internalTrafficPolicy: 'Cluster' } as const
const BACKEND = { protocol: 'TCP', serving: true, weight: 100 } as const

const FRONTENDS: readonly FrontendJson[] = [
  {
    ...NGINX,
    ...POLICIES,
    address: '192.168.10.75',
    port: 80,
    scope: 'external',
    type: 'LoadBalancer',
    backends: [
      { ...BACKEND, id: 1, address: '10.244.2.98', port: 80, state: 'active', nodeName: 'node1-lab', local: true },
      { ...BACKEND, id: 2, address: '10.244.1.7', port: 80, state: 'terminating', nodeName: 'cp1-lab', local: false },
    ],
    realized: true,
    note: null,
  },
  {
    ...NGINX,
    ...POLICIES,
    id: 3,
    address: '10.43.0.10',
    port: 53,
    protocol: 'UDP',
    scope: 'internal',
    type: 'ClusterIP',
    service: 'kube-system/kube-dns',
    portName: 'dns',
    backends: [],
    realized: false,
    note: 'the map is full',
  },
]

export const SAMPLE_SERVICES: ServicesAnswer = {
  version: 1,
  node: 'node1-lab',
  frontends: FRONTENDS,
  notDone: [
    {
      service: 'test-loadbalancer/nginx',
      code: 'SessionAffinity',
      message: 'sessionAffinity ClientIP is not done by this version: any backend may get a new connection',
    },
  ],
}

export const SAMPLE_L2: L2Answer = {
  version: 1,
  node: 'node1-lab',
  addresses: [
    {
      address: '192.168.10.75',
      services: ['test-loadbalancer/nginx'],
      owner: 'node1-lab',
      ownerMac: '02:00:0a:00:00:16',
      decision: 'elected',
      state: 'announcing',
      devices: ['eth0'],
      since: '2026-01-01T00:57:00Z',
      replies: 3,
      conflict: { mac: '02:00:0a:00:00:99', agoMs: 4000 },
      candidates: [
        { node: 'node1-lab', eligible: true, code: 'Owner', message: 'answers on eth0' },
        { node: 'cp1-lab', eligible: false, code: 'NoCarrier', message: 'eth0 has no carrier: look at the cable' },
      ],
    },
    {
      address: '192.168.10.76',
      services: [],
      owner: null,
      ownerMac: null,
      decision: 'none',
      state: 'unowned',
      devices: [],
      since: null,
      replies: 0,
      conflict: null,
      candidates: [],
    },
  ],
  nodes: [
    { node: 'cp1-lab', live: false, holds: 0, devices: [], mistake: null },
    { node: 'node1-lab', live: true, holds: 1, devices: [], mistake: null },
  ],
  policies: [
    {
      kind: 'CiliumL2AnnouncementPolicy',
      policy: 'lab-l2-policy',
      selectsNode: true,
      devices: ['eth0'],
      problems: ['interfaces "(" is no pattern'],
    },
    {
      kind: 'L2Advertisement',
      policy: 'metallb-system/all',
      selectsNode: true,
      devices: ['eth0'],
      problems: ['spec.ipAddressPools "blu" is no pool of namespace metallb-system: the pools there are blue'],
    },
  ],
}

export const SAMPLE_DEBUGINFO: DebuginfoAnswer = {
  version: 1,
  status: SAMPLE_STATUS,
  services: SAMPLE_SERVICES,
  l2: SAMPLE_L2,
  options: {
    'enable-l2-pod-announcements': 'false',
    'enable-l2-announcements': 'true',
    'enable-l2-neigh-discovery': 'true',
  },
  kernel: '6.18.0',
  nodeVersion: '24.21.0',
}
