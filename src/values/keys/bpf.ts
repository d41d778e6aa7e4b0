import { ignored, implemented, lacking, leaf, refusedUnless, type Tree, unset } from '#values/tree.ts'
import { ABSOLUTE_PATH } from './shapes.ts'

const FIXED_SIZES = 'Sizes of maps are fixed; `balise status --verbose` says how full they are'
const NO_EVENTS = 'The datapath counts packets and reports none of them'
const BY_NFTABLES = 'Masquerading is done by nftables'

/** BPF and cgroups. */
export const BPF: Tree = {
  bpf: {
    root: implemented(
      "The node's BPF file system; programs and maps are pinned there",
      leaf('text', '/sys/fs/bpf', ABSOLUTE_PATH),
    ),
    autoMount: {
      enabled: ignored('Nothing is mounted: every current distribution has a BPF file system at bpf.root', true),
    },
    enableTCX: implemented('false: programs hang as clsact filters even where the kernel has tcx', true),
    ...sizes('authMapMax', 'ctTcpMax', 'ctAnyMax', 'natMax', 'neighMax', 'nodeMapMax'),
    lbMapMax: lacking(FIXED_SIZES, leaf('integer', 65536)),
    policyMapMax: lacking(FIXED_SIZES, leaf('integer', 16384)),
    policyStatsMapMax: lacking(FIXED_SIZES, leaf('integer', 65536)),
    policyMapPressureMetricsThreshold: lacking(FIXED_SIZES, unset('number')),
    mapDynamicSizeRatio: lacking(FIXED_SIZES, unset('number', 'text')),
    preallocateMaps: lacking(FIXED_SIZES, false),
    distributedLRU: { enabled: lacking(FIXED_SIZES, false) },
    ctAccounting: lacking(NO_EVENTS, false),
    events: lacking(NO_EVENTS, {
      default: { rateLimit: unset('integer'), burstLimit: unset('integer') },
      drop: { enabled: true },
      policyVerdict: { enabled: true },
      trace: { enabled: true },
    }),
    monitorAggregation: lacking(NO_EVENTS, 'medium'),
    monitorInterval: lacking(NO_EVENTS, '5s'),
    monitorFlags: lacking(NO_EVENTS, 'all'),
    monitorTraceIPOption: lacking(NO_EVENTS, leaf('integer', 0, { minimum: 0, maximum: 255 })),
    masquerade: ignored(BY_NFTABLES, unset('boolean')),
    hostLegacyRouting: ignored(
      'Packets of pods go through the network stack of the node in any case',
      unset('boolean'),
    ),
    tproxy: lacking('There is no proxy', unset('boolean')),
    vlanBypass: ignored('Tagged packets are never touched', unset('list')),
    datapathMode: lacking('Pods get veth devices', leaf('text', 'veth')),
    disableExternalIPMitigation: ignored('External IPs are served as the Services say', false),
    lbExternalClusterIP: refusedUnless(
      false,
      'cluster IPs are not served to the outside',
      'make the Services of type LoadBalancer',
      false,
    ),
    lbSourceRangeAllTypes: refusedUnless(
      false,
      'source ranges do not protect node ports and cluster IPs',
      'protect them by a firewall on the nodes',
      false,
    ),
    lbAlgorithmAnnotation: lacking('The annotation service.cilium.io/lb-algorithm has no effect', false),
    lbModeAnnotation: lacking('The annotation service.cilium.io/forwarding-mode has no effect', false),
  },
  bpfClockProbe: ignored('The clock of the kernel is taken as it is', false),
  cgroup: {
    hostRoot: implemented(
      "The node's cgroup2 mount. Where it is not cgroup2 itself (hybrid), its child unified is used",
      leaf('text', '/run/cilium/cgroupv2', ABSOLUTE_PATH),
      { '/run/cilium/cgroupv2': 'Nothing mounts a cgroup2 there: /sys/fs/cgroup is taken' },
    ),
    autoMount: ignored('Nothing is mounted: every current distribution has a cgroup2 at cgroup.hostRoot', {
      enabled: true,
      resources: leaf('map', {}),
    }),
  },
  enableXTSocketFallback: lacking('There is no proxy', true),
  fragmentTracking: ignored('Later fragments of a packet follow the first', leaf('boolean')),
}

function sizes(...names: readonly string[]): Tree {
  return Object.fromEntries(names.map((name) => [name, lacking(FIXED_SIZES, unset('integer'))]))
}
