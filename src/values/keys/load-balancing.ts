import { ignored, implemented, lacking, leaf, refusedUnless, refusing, type Tree, unset } from '#values/tree.ts'

const NO_BGP = 'BGP is not in this version: no route is announced'
const LOCAL_REDIRECT = 'traffic is not redirected to pods of the same node'
/** 2 to 3600 seconds: what the agent takes. */
const LEASE_DURATION = {
  pattern: '^([2-9]|[1-9][0-9]{1,2}|[12][0-9]{3}|3[0-5][0-9]{2}|3600)s$|^([1-9]|[1-5][0-9]|60)m$',
  form: 'a duration like 15s or 1m, from 2s to 60m',
} as const
const DURATION = { pattern: '^([0-9]+h)?([0-9]+m)?([0-9]+s)?$', form: 'a duration like 15s' } as const

/** Services, and how their addresses become known. */
export const LOAD_BALANCING: Tree = {
  kubeProxyReplacement: refusing(
    {
      unless: ['true', 'false', 'strict', 'disabled', true, false],
      why: 'there is only all of kube-proxy or none of it',
      instead: 'use true, or false beside a kube-proxy',
    },
    implemented(
      "true: cluster IPs, node ports and health check node ports are served in kube-proxy's place; false: only load balancer addresses and external IPs",
      leaf(['boolean', 'text'], 'false'),
      { strict: 'The old word for true', disabled: 'The old word for false' },
    ),
  ),
  kubeProxyReplacementHealthzBindAddr: lacking(
    'Nothing answers for the health of kube-proxy on port 10256; the agent answers on 127.0.0.1, at healthPort',
    '',
  ),
  l2announcements: {
    enabled: implemented('Answer ARP for the addresses that a CiliumL2AnnouncementPolicy selects', false),
    leaseDuration: implemented(
      'How long a node may be silent until the others take its addresses, and how long its responder goes on without its agent; 2s to 1h',
      leaf('text', undefined, LEASE_DURATION),
    ),
    leaseRenewDeadline: ignored(
      'A Lease is renewed as often as its duration asks for',
      leaf('text', undefined, DURATION),
    ),
    leaseRetryPeriod: ignored(
      'A Lease is renewed as often as its duration asks for',
      leaf('text', undefined, DURATION),
    ),
  },
  l2podAnnouncements: lacking('Addresses of pods are not announced on the local network', {
    enabled: false,
    interface: leaf('text'),
    interfacePattern: '',
  }),
  l2NeighDiscovery: ignored('The datapath needs no neighbour table of its own', {
    enabled: false,
    refreshPeriod: leaf('text'),
  }),
  bgpControlPlane: lacking(NO_BGP, {
    enabled: false,
    secretsNamespace: { create: false, name: 'kube-system' },
    statusReport: { enabled: true },
    routerIDAllocation: { mode: 'default', ipPool: '' },
    legacyOriginAttribute: { enabled: false },
    v2Enabled: leaf('boolean'),
  }),
  enableLBIPAM: implemented('Give addresses from pools to Services', true),
  defaultLBServiceIPAM: implemented(
    'lbipam: Services without a loadBalancerClass get addresses from pools; nodeipam: they get the addresses of nodes, also with nodeIPAM off; none: only those of class io.cilium/l2-announcer get any',
    leaf('text', 'lbipam', { oneOf: ['lbipam', 'nodeipam', 'none'] }),
  ),
  nodeIPAM: { enabled: implemented('Give Services of class io.cilium/node the addresses of nodes', false) },
  externalIPs: {
    enabled: refusedUnless(
      true,
      'external IPs of Services are served in any case',
      'forbid them where they are written: with the admission plugin DenyServiceExternalIPs',
      leaf('boolean'),
    ),
  },
  hostPort: { enabled: ignored('Host ports are served wherever Balise is the CNI of a node', leaf('boolean')) },
  nodePort: {
    enabled: ignored('kubeProxyReplacement: true serves node ports', leaf('boolean')),
    range: implemented(
      'Where the API server allocates node ports, as its --service-node-port-range says',
      leaf('text', undefined, { pattern: '^([0-9]+,[0-9]+)?$', form: 'a range like 30000,32767' }),
    ),
    addresses: lacking('Node ports are served on the InternalIPs of the nodes', unset('text', 'list')),
    bindProtection: lacking(
      'A process that binds to a node port is not refused, but nobody reaches it there from the network',
      true,
    ),
    autoProtectPortRange: ignored('Connections of the node itself are kept from node ports in any case', true),
    enableHealthCheck: ignored('Health check node ports are served with kubeProxyReplacement: true', true),
    enableHealthCheckLoadBalancerIP: lacking('Health check node ports are served on the addresses of the node', false),
  },
  socketLB: {
    enabled: ignored('Connections from pods and nodes are translated at the socket in any case', false),
    hostNamespaceOnly: lacking('Connections from pods are translated at the socket as well', leaf('boolean')),
    terminatePodConnections: ignored('Connections to a backend that is gone end by themselves', leaf('boolean')),
    tracing: lacking('There are no traces', leaf('boolean')),
  },
  loadBalancer: {
    mode: refusing(
      {
        unless: ['snat'],
        why: 'replies go back through the node that got the request; backends never answer directly',
        instead: "use snat; with externalTrafficPolicy: Local the client's address is kept as well",
      },
      implemented('snat: a backend on another node sees the address of the node that got the request', leaf('text')),
    ),
    algorithm: lacking('A backend is chosen at random for each connection', leaf('text')),
    acceleration: lacking('Programs hang at tc, not at XDP', 'disabled'),
    dsrDispatch: ignored('loadBalancer.mode: dsr cannot be set', leaf('text')),
    dsrL4Translate: ignored('loadBalancer.mode: dsr cannot be set', leaf('text')),
    serviceTopology: lacking('Backends of all zones are used', false),
    standalone: ignored('The agent is always one of a cluster', leaf('boolean')),
    experimental: ignored('There is one datapath', leaf('boolean')),
    l7: lacking('No proxy is in this version: Services are balanced by connection, not by request', {
      backend: 'disabled',
      ports: [],
      algorithm: 'round_robin',
    }),
  },
  maglev: lacking('A backend is chosen at random for each connection', {
    tableSize: leaf('integer'),
    hashSeed: leaf('text'),
  }),
  sctp: { enabled: lacking('SCTP ports of Services are not served', false) },
  serviceNoBackendResponse: implemented(
    'reject: who asks for a Service without backends is told at once, by a reset or an ICMP error',
    leaf('text', 'reject', { oneOf: ['reject', 'drop'] }),
    { drop: 'Told all the same' },
  ),
  enableNoServiceEndpointsRoutable: ignored('An address stays announced by the rules of its Service', true),
  enableInternalTrafficPolicy: ignored('internalTrafficPolicy is obeyed in any case', true),
  conntrackGCInterval: ignored('Entries end when their time is over', ''),
  conntrackGCMaxInterval: ignored('Entries end when their time is over', ''),
  nat: ignored('Connections are counted in `balise status --verbose`', {
    mapStatsEntries: 32,
    mapStatsInterval: '30s',
  }),
  localRedirectPolicy: refusedUnless(false, LOCAL_REDIRECT, 'remove it', false),
  localRedirectPolicies: {
    enabled: refusedUnless(false, LOCAL_REDIRECT, 'remove it', false),
    addressMatcherCIDRs: ignored('localRedirectPolicies.enabled cannot be set', unset('list')),
  },
}
