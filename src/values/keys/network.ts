import { ignored, implemented, lacking, leaf, map, refusedUnless, refusing, type Tree, unset } from '#values/tree.ts'
import { ABSOLUTE_PATH } from './shapes.ts'

const POOLS_OF_NODES = 'Pods get addresses from the podCIDRs of their node, which kube-controller-manager gives out'
const OWN_CONFLIST =
  "write the node's CNI configuration yourself with cni.mode: none, or leave it to Balise by removing the key"
const ROUTES_ANYWAY = 'Routes to the pods of nodes on the same subnet are set in any case'

/** Of an IPv4 address. */
const OCTET = '(25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])'

/** The CNI plugin: what is written to the nodes. */
export const CNI: Tree = {
  cni: {
    install: implemented('Whether plugin and configuration are written to the nodes; false is cni.mode: none', true),
    uninstall: implemented(
      'Whether the configuration is removed when an agent ends; no pod starts on the node then until the next agent comes',
      false,
    ),
    chainingMode: implemented(
      'Any but none and portmap is cni.mode: chained: host ports are added to the pods of another CNI',
      unset('text'),
      {
        portmap: 'Host ports are part of the plugin: nothing needs to be chained for them',
        none: 'Nothing is chained',
      },
    ),
    chainingTarget: implemented(
      'Name of the network to which the plugin is added; any is taken when empty',
      unset('text'),
    ),
    exclusive: implemented(
      'Whether configurations of other networks are put aside where cni.mode is set to full',
      true,
    ),
    logFile: ignored(
      'What the plugin did last stands in `balise status` and on the pod',
      '/var/run/cilium/cilium-cni.log',
    ),
    customConf: implemented(
      'Whether the configuration is left to somebody else; the plugin is installed all the same',
      false,
    ),
    readCniConf: refusedUnless('', 'the plugin has no configuration but its own', OWN_CONFLIST, leaf('text')),
    configMap: refusedUnless('', 'the plugin has no configuration but its own', OWN_CONFLIST, ''),
    configMapKey: ignored('cni.configMap cannot be set', 'cni-config'),
    confFileMountPath: ignored('cni.configMap cannot be set', '/tmp/cni-configuration'),
    confPath: implemented(
      'Folder of the CNI configurations on the nodes',
      leaf('text', '/etc/cni/net.d', ABSOLUTE_PATH),
    ),
    binPath: implemented('Folder of the CNI plugins on the nodes', leaf('text', '/opt/cni/bin', ABSOLUTE_PATH)),
    hostConfDirMountPath: ignored('Paths in the container are fixed', '/host/etc/cni/net.d'),
    resources: ignored(
      'No container of its own installs the plugin',
      map({ requests: { cpu: '100m', memory: '10Mi' }, limits: { cpu: 1, memory: '1Gi' } }),
    ),
    enableRouteMTUForCNIChaining: ignored('A chained network keeps its MTU', false),
    iptablesRemoveAWSRules: ignored('No rules of other CNIs are touched', true),
    externalRouting: ignored('Routes are those of the mode that was chosen', leaf('boolean')),
  },
}

/** Pod addresses and the ways between nodes. */
export const PODS: Tree = {
  ipam: {
    mode: refusing(
      {
        unless: ['kubernetes', 'cluster-pool'],
        why: 'pods get their addresses from the podCIDRs of their node and from nowhere else',
        instead: 'use kubernetes, and let kube-controller-manager give podCIDRs to the nodes (--allocate-node-cidrs)',
      },
      implemented(POOLS_OF_NODES, leaf('text', 'cluster-pool'), {
        'cluster-pool': `${POOLS_OF_NODES}: ranges below ipam.operator are not used`,
      }),
    ),
    ciliumNodeUpdateRate: ignored(POOLS_OF_NODES, '15s'),
    multiPoolPreAllocation: ignored(POOLS_OF_NODES, ''),
    installUplinkRoutesForDelegatedIPAM: ignored(POOLS_OF_NODES, false),
    operator: ignored(POOLS_OF_NODES, {
      clusterPoolIPv4PodCIDRList: leaf(['list', 'text'], ['10.0.0.0/8']),
      clusterPoolIPv4MaskSize: 24,
      clusterPoolIPv6PodCIDRList: leaf(['list', 'text'], ['fd00::/104']),
      clusterPoolIPv6MaskSize: 120,
      autoCreateCiliumPodIPPools: map(),
      externalAPILimitBurstSize: unset('integer'),
      externalAPILimitQPS: unset('number'),
    }),
    nodeSpec: ignored(POOLS_OF_NODES, {
      ipamMinAllocate: unset('integer'),
      ipamPreAllocate: unset('integer'),
      ipamMaxAllocate: unset('integer'),
      ipamStaticIPTags: [],
    }),
  },
  ipv4: {
    enabled: refusedUnless(
      true,
      'IPv4 cannot be switched off: the families of a node are those of its podCIDRs',
      'remove it',
      true,
    ),
  },
  ipv6: {
    enabled: lacking(
      'Pods get IPv6 addresses where their node has an IPv6 podCIDR, whatever is set here; addresses of Services are served for IPv4 alone',
      false,
    ),
  },
  routingMode: implemented(
    'native: routes; tunnel: VXLAN; empty: routes between nodes on one subnet, VXLAN between others',
    leaf('text', '', { oneOf: ['', 'native', 'tunnel'] }),
  ),
  tunnelProtocol: refusing(
    {
      unless: ['vxlan'],
      why: 'VXLAN is the only overlay here',
      instead: 'use vxlan, or leave it out',
    },
    implemented('Overlay between nodes that share no subnet', ''),
  ),
  tunnelPort: implemented('UDP port of the overlay; 0: 8472', leaf('integer', 0, { minimum: 0, maximum: 65535 })),
  tunnelSourcePortRange: ignored('The kernel chooses the source ports of the overlay', '0-0'),
  underlayProtocol: ignored('The overlay takes the family of the addresses of the nodes', ''),
  autoDirectNodeRoutes: ignored(ROUTES_ANYWAY, leaf(['boolean', 'text'], false)),
  directRoutingSkipUnreachable: ignored(ROUTES_ANYWAY, false),
  endpointRoutes: {
    enabled: ignored('Every pod has a route of its own in any case', leaf(['boolean', 'text'], false)),
  },
  ipv4NativeRoutingCIDR: implemented(
    'Range to which packets of pods keep their IPv4 source address',
    leaf('text', '', { pattern: `^(${OCTET}(\\.${OCTET}){3}/([12]?[0-9]|3[0-2]))?$`, form: 'a range like 10.0.0.0/8' }),
  ),
  ipv6NativeRoutingCIDR: implemented(
    'Range to which packets of pods keep their IPv6 source address',
    leaf('text', '', {
      pattern: '^([0-9A-Fa-f]*:[0-9A-Fa-f:.]*/([1-9]?[0-9]|1[01][0-9]|12[0-8]))?$',
      form: 'a range like fd00::/8',
    }),
  ),
  enableIPv4Masquerade: implemented(
    'Whether packets of pods to the outside get the IPv4 address of their node',
    unset('boolean'),
  ),
  enableIPv6Masquerade: implemented('Whether packets of pods to the outside get the IPv6 address of their node', true),
  enableMasqueradeRouteSource: ignored('The kernel chooses the source address of the route', false),
  egressMasqueradeInterfaces: refusedUnless(
    '',
    'masquerading is not limited to interfaces',
    'name the ranges that keep the address of the pod in ipv4NativeRoutingCIDR',
    leaf('text'),
  ),
  ipMasqAgent: {
    enabled: implemented('Whether ipMasqAgent.config is obeyed', false),
    config: implemented(
      'nonMasqueradeCIDRs: ranges to which packets of pods keep their source address, beside those of ipv4NativeRoutingCIDR. Other keys have no effect',
      leaf('map'),
    ),
  },
  iptablesRandomFully: ignored(
    'Masquerading is done by nftables, which chooses ports at random where one is taken',
    false,
  ),
  iptablesLockTimeout: ignored('iptables is not used', leaf('text')),
  disableIptablesFeederRules: ignored('iptables is not used', leaf('text')),
  installNoConntrackIptablesRules: ignored('iptables is not used', false),
  MTU: implemented(
    "MTU of the network between the nodes, of which pods get what the overlay's header leaves; 0: that of the devices with the nodes' addresses",
    leaf('integer', 0, { minimum: 0, maximum: 65535 }),
  ),
  pmtuDiscovery: ignored('The kernel answers packets that are too large', {
    enabled: false,
    packetizationLayerPMTUDMode: 'blackhole',
  }),
  enableIPv4BIGTCP: lacking('Sizes of segments are left to the kernel', false),
  enableTunnelBIGTCP: lacking('Sizes of segments are left to the kernel', leaf('boolean')),
  enableIPv6BIGTCP: lacking('Sizes of segments are left to the kernel', false),
  devices: implemented(
    'Interfaces of the local network, as regular expressions; a list, or a text with commas. Empty: chosen by the agent',
    leaf(['text', 'list']),
  ),
  forceDeviceDetection: ignored('devices, when set, is the whole list', false),
  bandwidthManager: lacking(
    'Bandwidth of pods is not limited: the annotation kubernetes.io/egress-bandwidth has no effect',
    {
      enabled: false,
      bbr: false,
      bbrHostNamespaceOnly: false,
    },
  ),
  nat46x64Gateway: {
    enabled: refusedUnless(false, 'no packet is translated between IPv4 and IPv6', 'remove it', false),
  },
  vtep: {
    enabled: refusedUnless(
      false,
      'foreign tunnel endpoints are not spoken to',
      'route to them outside of the cluster',
      false,
    ),
    ...Object.fromEntries(
      ['endpoint', 'cidr', 'mask', 'mac'].map((key) => [key, ignored('vtep.enabled cannot be set', '')]),
    ),
  },
  healthChecking: lacking('Nodes do not probe each other; the Lease of a node says whether it lives', true),
  endpointHealthChecking: {
    enabled: lacking('Nodes do not probe each other; the Lease of a node says whether it lives', true),
  },
  healthCheckICMPFailureThreshold: lacking(
    'Nodes do not probe each other; the Lease of a node says whether it lives',
    3,
  ),
  connectivityProbeFrequencyRatio: lacking(
    'Nodes do not probe each other; the Lease of a node says whether it lives',
    unset('number'),
  ),
  agentNotReadyTaintKey: implemented(
    'Taint of nodes on which no agent is ready yet; the operator removes it',
    'node.cilium.io/agent-not-ready',
  ),
}
