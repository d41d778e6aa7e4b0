/**
 * What a user may write that gives a Service no address, or not the one that is wanted, and what `kubectl describe` has to say about it: the
 * object that stands in the way, the value, and what to do. Of each kind of reason there is one.
 */
export interface ReasonCase {
  readonly name: string
  /** Applied one after the other; the Service that is looked at is called `web`, unless `object` says otherwise. */
  readonly manifests: readonly string[]
  /** What is described: `service web` when unset. */
  readonly object?: readonly string[]
  /** Reason of the condition of the Service; unset where the object is no Service. */
  readonly reason?: string
  /** What must stand in the description, each by itself. */
  readonly says: readonly string[]
}

export function pool(spec: string, name = 'lab'): string {
  return `{apiVersion: cilium.io/v2, kind: CiliumLoadBalancerIPPool, metadata: {name: ${name}}, spec: ${spec}}`
}

export function addressPool(spec: string, name = 'blue'): string {
  return `{apiVersion: metallb.io/v1beta1, kind: IPAddressPool, metadata: {name: ${name}, namespace: metallb-system}, spec: ${spec}}`
}

export interface ServiceParts {
  readonly annotations?: string
  readonly spec?: string
  readonly port?: string
  readonly namespace?: string
}

export function service(
  name: string,
  { annotations = '', spec = '', port = '{port: 80}', namespace = 'default' }: ServiceParts = {},
): string {
  const metadata = `{name: ${name}, namespace: ${namespace}, annotations: {${annotations}}}`
  const more = spec === '' ? '' : `, ${spec}`
  return `{apiVersion: v1, kind: Service, metadata: ${metadata}, spec: {type: LoadBalancer, ports: [${port}]${more}}}`
}

const FOUR = '{blocks: [{start: 192.168.10.75, stop: 192.168.10.78}]}'
const ONE = '{blocks: [{cidr: 192.168.10.75/32}]}'
const KEY = 'lbipam.cilium.io/sharing-key: k'
const WANTS_75 = 'lbipam.cilium.io/ips: 192.168.10.75'

/** A Service that holds 192.168.10.75, and one that wants it too. */
function rivals(held: ServiceParts, wanting: ServiceParts): readonly string[] {
  const asks = ({ annotations = '', ...parts }: ServiceParts): ServiceParts => ({
    ...parts,
    annotations: [WANTS_75, annotations].filter((part) => part !== '').join(', '),
  })
  return [pool(FOUR), service('holder', asks(held)), service('web', asks(wanting))]
}

const INCOMPATIBLE = 'already_allocated_incompatible_service'

const POOLS: readonly ReasonCase[] = [
  {
    name: 'no pool at all',
    manifests: [service('web')],
    reason: 'no_pool',
    says: ['There is no pool to take an IPv4 address from: create a CiliumLoadBalancerIPPool'],
  },
  {
    name: 'a pool that selects others',
    manifests: [pool('{serviceSelector: {matchLabels: {app: blue}}, blocks: [{cidr: 10.0.0.0/24}]}'), service('web')],
    reason: 'no_pool',
    says: ['Pool lab selects app=blue only', 'Give this Service what the pool asks for'],
  },
  {
    name: 'a pool of which it is not known whom it is for',
    manifests: [
      pool('{blocks: [{cidr: 10.0.0.0/24}], serviceSelector: {matchExpressions: [{key: a, operator: Inn}]}}'),
      service('web'),
    ],
    reason: 'no_pool',
    says: ['Pool lab has mistakes (kubectl describe of it lists them)', 'Mend the mistakes of the pool'],
  },
  {
    name: 'a pool without the family',
    manifests: [pool('{blocks: [{cidr: "fd00::/112"}]}'), service('web')],
    reason: 'no_pool',
    says: ['No pool gives an IPv4 address', 'Pool lab has no block of this family', 'Add addresses of this family'],
  },
  {
    name: 'a disabled pool',
    manifests: [pool('{disabled: true, blocks: [{cidr: 10.0.0.0/24}]}'), service('web')],
    reason: 'no_pool',
    says: ['Pool lab is disabled', 'Set spec.disabled: false in the pool'],
  },
  {
    name: 'a full pool',
    manifests: [pool(ONE), service('first'), service('web')],
    reason: 'out_of_ips',
    says: ['No IPv4 address is free', 'Pool lab is full', 'Add addresses to a pool, or delete a Service'],
  },
  {
    name: 'pools that overlap, and the Service that wants an address of the one at fault',
    manifests: [
      pool('{serviceSelector: {matchLabels: {app: x}}, blocks: [{cidr: 10.0.0.0/24}]}', 'a-older'),
      pool('{blocks: [{cidr: 10.0.0.128/25}]}', 'younger'),
      service('web'),
    ],
    reason: 'no_pool',
    says: [
      'Pool younger gives out nothing, for it overlaps another pool',
      'take the overlap out of one of the two pools',
    ],
  },
  {
    name: 'a pool that nobody has',
    manifests: [pool(FOUR), service('web', { annotations: 'balise.io/pool: red' })],
    reason: 'no_pool',
    says: ['There is no pool red: ask for one of lab'],
  },
  {
    name: 'a name that no pool can have',
    manifests: [pool(FOUR), service('web', { annotations: 'balise.io/pool: "Red Pool"' })],
    reason: 'invalid_request',
    says: ['annotations["balise.io/pool"] "Red Pool" cannot be the name of a pool', 'as kubectl get shows it'],
  },
]

const ADDRESSES: readonly ReasonCase[] = [
  {
    name: 'an address in no pool',
    manifests: [pool(FOUR), service('web', { annotations: 'lbipam.cilium.io/ips: 10.9.9.9' })],
    reason: 'no_pool',
    says: ['No pool gives 10.9.9.9', 'Pool lab does not contain it', 'Ask for an address that is in the pool'],
  },
  {
    name: 'an address that another Service has',
    manifests: rivals({}, {}),
    reason: 'already_allocated',
    says: ['192.168.10.75 is held by Service default/holder: ask for another address, or free that one'],
  },
  {
    name: 'an address of a pool for others',
    manifests: [
      pool('{serviceSelector: {matchLabels: {app: blue}}, blocks: [{cidr: 192.168.10.75/32}]}'),
      service('web', { annotations: WANTS_75 }),
    ],
    reason: 'pool_selector_mismatch',
    says: [
      '192.168.10.75 is in a pool for other Services',
      'Pool lab selects app=blue only',
      'ask for another address',
    ],
  },
  {
    name: 'the first address of a pool that keeps it back',
    manifests: [
      pool('{allowFirstLastIPs: "No", blocks: [{cidr: 192.168.10.64/28}]}'),
      service('web', { annotations: 'lbipam.cilium.io/ips: 192.168.10.64' }),
    ],
    reason: 'already_allocated',
    says: [
      '192.168.10.64 is the first or last address of a block of pool lab',
      'allowFirstLastIPs: No',
      'ask for another',
    ],
  },
  {
    name: 'the last one',
    manifests: [
      pool('{allowFirstLastIPs: "No", blocks: [{cidr: 192.168.10.64/28}]}'),
      service('web', { annotations: 'io.cilium/lb-ipam-ips: 192.168.10.79' }),
    ],
    reason: 'already_allocated',
    says: ['192.168.10.79 is the first or last address of a block of pool lab'],
  },
  {
    name: 'something that is no address, in the annotation',
    manifests: [pool(FOUR), service('web', { annotations: 'lbipam.cilium.io/ips: 192.168.10.300' })],
    reason: 'invalid_request',
    says: ['annotations["lbipam.cilium.io/ips"] "192.168.10.300" is not an IP address', 'with commas between them'],
  },
  {
    name: 'something that is no address, in the field',
    manifests: [pool(FOUR), service('web', { spec: 'loadBalancerIP: lab.example' })],
    reason: 'invalid_request',
    says: ['spec.loadBalancerIP "lab.example" is not an IP address'],
  },
  {
    name: 'RequireDualStack with pools of one family',
    manifests: [pool(FOUR), service('web', { spec: 'ipFamilyPolicy: RequireDualStack' })],
    reason: 'no_pool',
    says: ['No pool gives an IPv6 address', 'Pool lab has no block of this family', 'Assigned 192.168.10.75'],
  },
  {
    name: 'an annotation whose name is misspelled',
    manifests: [pool(FOUR), service('web', { annotations: 'lbipam.cilium.io/ip: 192.168.10.78' })],
    reason: 'satisfied',
    says: ['Ignored', 'annotations["lbipam.cilium.io/ip"] "192.168.10.78" has no effect', 'write lbipam.cilium.io/ips'],
  },
  {
    name: 'two annotations that say different things',
    manifests: [
      pool(FOUR),
      service('web', { annotations: 'lbipam.cilium.io/ips: 192.168.10.76, metallb.io/loadBalancerIPs: 192.168.10.77' }),
    ],
    reason: 'satisfied',
    says: [
      '"192.168.10.77" is ignored, because lbipam.cilium.io/ips "192.168.10.76" goes before it',
      'remove one of the two',
    ],
  },
]

const SHARING: readonly ReasonCase[] = [
  {
    name: 'the same port and protocol',
    manifests: rivals({ annotations: KEY }, { annotations: KEY }),
    reason: INCOMPATIBLE,
    says: ['held by Service default/holder', 'same port and protocol (TCP 80): change the port of one of them'],
  },
  {
    name: 'different keys',
    manifests: rivals({ annotations: KEY }, { annotations: 'lbipam.cilium.io/sharing-key: other', port: '{port: 81}' }),
    reason: INCOMPATIBLE,
    says: ['different sharing key: give both Services the same lbipam.cilium.io/sharing-key'],
  },
  {
    name: 'different traffic policies',
    manifests: rivals(
      { annotations: KEY, spec: 'externalTrafficPolicy: Local, selector: {app: a}' },
      { annotations: KEY, port: '{port: 81}' },
    ),
    reason: INCOMPATIBLE,
    says: ['different ExternalTrafficPolicy: set the same externalTrafficPolicy in both'],
  },
  {
    name: 'different pods with policy Local',
    manifests: rivals(
      { annotations: KEY, spec: 'externalTrafficPolicy: Local, selector: {app: a}' },
      { annotations: KEY, spec: 'externalTrafficPolicy: Local, selector: {app: b}', port: '{port: 81}' },
    ),
    reason: INCOMPATIBLE,
    says: ['selecting different set of pods', 'lbipam.cilium.io/sharing-permit-different-pods: "true" on both'],
  },
  {
    name: 'no selector with policy Local',
    manifests: rivals(
      { annotations: KEY, spec: 'externalTrafficPolicy: Local, selector: {app: a}' },
      { annotations: KEY, spec: 'externalTrafficPolicy: Local', port: '{port: 81}' },
    ),
    reason: INCOMPATIBLE,
    says: ['a service has no selector: give it one, or set externalTrafficPolicy: Cluster in both'],
  },
  {
    name: 'a namespace that is not permitted',
    manifests: rivals({ annotations: KEY, namespace: 'shop' }, { annotations: KEY, port: '{port: 81}' }),
    reason: INCOMPATIBLE,
    says: [
      'held by Service shop/holder',
      'name shop in lbipam.cilium.io/sharing-cross-namespace of Service default/web',
      'both must permit each other',
    ],
  },
  {
    name: 'an option of sharing without a key',
    manifests: [pool(FOUR), service('web', { annotations: 'lbipam.cilium.io/sharing-cross-namespace: "*"' })],
    reason: 'satisfied',
    says: ['has no effect without a sharing key', 'add annotation lbipam.cilium.io/sharing-key, or remove this one'],
  },
]

const NODE = 'loadBalancerClass: io.cilium/node'
const NODES: readonly ReasonCase[] = [
  {
    name: 'labels that no node has',
    manifests: [service('web', { spec: NODE, annotations: 'io.cilium.nodeipam/match-node-labels: rack=9' })],
    reason: 'no_node',
    says: ['No node has the labels rack=9: change annotation io.cilium.nodeipam/match-node-labels, or label a node'],
  },
  {
    name: 'text that is no selector of nodes',
    manifests: [service('web', { spec: NODE, annotations: 'io.cilium.nodeipam/match-node-labels: "rack in"' })],
    reason: 'invalid_request',
    says: ['match-node-labels"] "rack in" is no label selector', 'zone=a,tier in (x,y),!canary'],
  },
  {
    name: 'no node with an endpoint, with policy Local',
    manifests: [service('web', { spec: `${NODE}, externalTrafficPolicy: Local, selector: {app: a}` })],
    reason: 'no_node',
    says: ['No selected node has a ready endpoint of this Service', 'set externalTrafficPolicy: Cluster'],
  },
  {
    name: 'nodes without an address of the family',
    manifests: [service('web', { spec: `${NODE}, ipFamilies: [IPv6]` })],
    reason: 'no_node',
    says: ['No selected node has an address of family IPv6'],
  },
  {
    name: 'selected nodes that are not ready',
    manifests: [service('web', { spec: NODE, annotations: 'io.cilium.nodeipam/match-node-labels: sick=yes' })],
    reason: 'no_node',
    says: ['Of 1 selected nodes none is ready and without label'],
  },
]

const METALLB: readonly ReasonCase[] = [
  {
    name: 'a pool of MetalLB that assigns nothing by itself',
    manifests: [addressPool('{autoAssign: false, addresses: [10.0.0.0/24]}'), service('web')],
    reason: 'no_pool',
    says: [
      'Pool metallb-system/blue gives addresses only to Services that ask for it (autoAssign: false)',
      'Ask for the pool with annotation balise.io/pool',
    ],
  },
  {
    name: 'a pool of MetalLB for other namespaces',
    manifests: [addressPool('{addresses: [10.0.0.0/24], serviceAllocation: {namespaces: [shop]}}'), service('web')],
    reason: 'no_pool',
    says: ['Pool metallb-system/blue is for namespaces shop only', 'Give this Service what the pool asks for'],
  },
  {
    name: 'two addresses of one family in the way of MetalLB',
    manifests: [
      addressPool('{addresses: [10.0.0.0/24]}'),
      service('web', { annotations: 'metallb.io/loadBalancerIPs: "10.0.0.1,10.0.0.2"' }),
    ],
    reason: 'invalid_request',
    says: ['LoadBalancerFailed', 'asks for two IPv4 addresses, and MetalLB gives one of each family', 'balise.io/ips'],
  },
  {
    name: 'a family that the Service has not, in the way of MetalLB',
    manifests: [
      addressPool('{addresses: ["fd00::/112"]}'),
      service('web', { annotations: 'metallb.io/loadBalancerIPs: "fd00::1"' }),
    ],
    reason: 'invalid_request',
    says: ['asks for an IPv6 address, but the Service is IPv4 only', 'change spec.ipFamilyPolicy'],
  },
  {
    name: 'annotation of MetalLB and spec.loadBalancerIP at once',
    manifests: [
      addressPool('{addresses: [10.0.0.0/24]}'),
      service('web', { annotations: 'metallb.io/loadBalancerIPs: 10.0.0.1', spec: 'loadBalancerIP: 10.0.0.2' }),
    ],
    reason: 'invalid_request',
    says: ['spec.loadBalancerIP "10.0.0.2" and annotation metallb.io/loadBalancerIPs ask for different addresses'],
  },
  {
    name: 'an annotation under the old prefix',
    manifests: [
      addressPool('{addresses: [10.0.0.0/24]}'),
      service('web', { annotations: 'metallb.universe.tf/address-pool: blue' }),
    ],
    reason: 'satisfied',
    says: [
      'deprecatedAnnotation',
      'metallb.universe.tf/address-pool is deprecated: write metallb.io/address-pool instead',
    ],
  },
  {
    name: 'PreferDualStack with a pool of MetalLB of one family',
    manifests: [addressPool('{addresses: [10.0.0.0/24]}'), service('web', { spec: 'ipFamilyPolicy: PreferDualStack' })],
    reason: 'no_pool',
    says: ['AdditionalAssignFailed', 'cannot assign additional IP in PreferDualStack: No pool gives an IPv6 address'],
  },
  {
    name: 'the address .0 of a pool of MetalLB that avoids it',
    manifests: [
      addressPool('{avoidBuggyIPs: true, addresses: [10.0.0.0/24]}'),
      service('web', { annotations: 'metallb.io/loadBalancerIPs: 10.0.0.0' }),
    ],
    reason: 'no_pool',
    says: ['No pool gives 10.0.0.0 to this Service', 'Pool metallb-system/blue keeps it back, for it ends in .0'],
  },
]

const policy = (spec: string): string =>
  `{apiVersion: balise.io/v1alpha1, kind: LoadBalancerIPPoolPolicy, metadata: {name: house}, spec: ${spec}}`

const HOUSE = ['loadbalancerippoolpolicy', 'house'] as const
const POLICIES: readonly ReasonCase[] = [
  {
    name: 'a reserved address',
    manifests: [
      policy('{reserved: [{address: 192.168.10.75, reason: the printer}]}'),
      pool(FOUR),
      service('web', { annotations: WANTS_75 }),
    ],
    reason: 'address_reserved',
    says: ['192.168.10.75 is reserved by LoadBalancerIPPoolPolicy house (the printer)', 'Ask for another address'],
  },
  {
    name: 'a quota of addresses that is used up',
    manifests: [
      policy('{quotas: [{namespaces: [default], maxAddresses: 1}]}'),
      pool(FOUR),
      service('first'),
      service('web'),
    ],
    reason: 'quota_exceeded',
    says: [
      'has no more for namespace default, at most 1 address (maxAddresses in LoadBalancerIPPoolPolicy house)',
      'Raise the quota, or delete a Service',
    ],
  },
  {
    name: 'a quota of Services that is used up',
    manifests: [policy('{quotas: [{maxServices: 1}]}'), pool(FOUR), service('first'), service('web')],
    reason: 'quota_exceeded',
    says: ['at most 1 Service (maxServices in LoadBalancerIPPoolPolicy house)'],
  },
  {
    name: 'a reservation that came later than who holds the address',
    manifests: [pool(ONE), service('web'), policy('{pools: [lab], reserved: [{cidr: 192.168.10.75/32}]}')],
    object: HOUSE,
    says: ['held_before', '192.168.10.75 is held by default/web', 'Nobody loses an address for that'],
  },
  {
    name: 'mistakes in quotas and reserved addresses',
    manifests: [pool(ONE), policy('{pools: [lap], reserved: [{address: 192.168.10}], quotas: [{maxServices: -1}]}')],
    object: HOUSE,
    says: [
      'spec.reserved[0].address "192.168.10" is not an IP address',
      'spec.quotas[0].maxServices "-1" is negative',
      'spec.pools[0] "lap" is the name of no pool',
    ],
  },
]

const labPool = ['ciliumloadbalancerippool', 'lab'] as const
const blue = ['--namespace', 'metallb-system', 'ipaddresspool', 'blue'] as const

const OBJECTS: readonly ReasonCase[] = [
  {
    name: 'a pool that overlaps another',
    manifests: [pool('{blocks: [{cidr: 10.0.0.0/24}]}', 'a-older'), pool('{blocks: [{cidr: 10.0.0.128/25}]}')],
    object: labPool,
    says: ["overlaps range '10.0.0.0 - 10.0.0.255' from IP Pool 'a-older'", 'cidr_overlap'],
  },
  {
    name: 'a pool that overlaps itself',
    manifests: [pool('{blocks: [{cidr: 10.0.0.0/24}, {start: 10.0.0.9, stop: 10.0.0.12}]}')],
    object: labPool,
    says: ["from IP Pool 'lab'", 'cidr_overlap'],
  },
  {
    name: 'a pool with a range the wrong way round',
    manifests: [pool('{blocks: [{start: 10.0.0.9, stop: 10.0.0.1}]}')],
    object: labPool,
    says: ['spec.blocks[0].start "10.0.0.9" is after stop 10.0.0.1', 'write the lower address as start'],
  },
  {
    name: 'a pool that gives out nothing because of its selector',
    manifests: [
      pool('{serviceSelector: {matchExpressions: [{key: app, operator: In}]}, blocks: [{cidr: 10.0.0.0/24}]}'),
    ],
    object: labPool,
    says: ['spec.serviceSelector.matchExpressions[0].values is empty with operator In', 'list at least one value'],
  },
  {
    name: 'an IPAddressPool with an address that is none',
    manifests: [addressPool('{addresses: [10.0.0.0/24, 10.0.1.1]}')],
    object: blue,
    says: [
      'InvalidConfiguration',
      'spec.addresses[1] "10.0.1.1" is a single address without a length: write 10.0.1.1/32',
    ],
  },
  {
    name: 'an IPAddressPool that overlaps a pool of Cilium',
    manifests: [pool('{blocks: [{cidr: 10.0.0.0/24}]}', 'a-older'), addressPool('{addresses: [10.0.0.128/25]}')],
    object: blue,
    says: ['PoolConflict', 'This pool gives out nothing', 'of pool a-older. Remove the addresses from one of the two'],
  },
  {
    name: 'an L2Advertisement of a pool that is not there',
    manifests: [
      addressPool('{addresses: [10.0.0.0/24]}'),
      '{apiVersion: metallb.io/v1beta1, kind: L2Advertisement, metadata: {name: ad, namespace: metallb-system}, spec: {ipAddressPools: [blu]}}',
    ],
    object: ['--namespace', 'metallb-system', 'l2advertisement', 'ad'],
    says: ['spec.ipAddressPools "blu" is no pool of namespace metallb-system: the pools there are blue'],
  },
  {
    name: 'a policy with a pattern that does not compile',
    manifests: [
      '{apiVersion: cilium.io/v2alpha1, kind: CiliumL2AnnouncementPolicy, metadata: {name: l2}, spec: {loadBalancerIPs: true, interfaces: ["eth["]}}',
    ],
    object: ['ciliuml2announcementpolicy', 'l2'],
    says: ['spec.interfaces[0] "eth[" does not compile'],
  },
  {
    name: 'a policy that selects no node',
    manifests: [
      '{apiVersion: cilium.io/v2alpha1, kind: CiliumL2AnnouncementPolicy, metadata: {name: l2}, spec: {loadBalancerIPs: true, nodeSelector: {matchLabels: {rack: "9"}}}}',
    ],
    object: ['ciliuml2announcementpolicy', 'l2'],
    says: ['spec.nodeSelector "rack=9" selects no node', 'the nodes are'],
  },
]

const ANNOUNCING: readonly ReasonCase[] = [
  {
    name: 'an address that no policy announces',
    manifests: [pool(FOUR), service('web')],
    reason: 'satisfied',
    says: [
      'NotAnnounced',
      'No node answers for 192.168.10.75: no policy selects a Service with this address',
      'create a',
    ],
  },
  {
    name: 'an address of a pool that no L2Advertisement is about',
    manifests: [addressPool('{addresses: [192.168.10.75/32]}'), service('web')],
    reason: 'satisfied',
    says: ['no L2Advertisement is about pool metallb-system/blue', 'with spec.ipAddressPools: [blue]'],
  },
  {
    name: "an address that is a node's own",
    manifests: [pool('{blocks: [{cidr: 192.168.10.215/32}]}'), service('web')],
    reason: 'satisfied',
    says: ['it is the address of node cp1, which must stay reachable under it: take it out of the pool'],
  },
  {
    name: 'nodes without an agent',
    manifests: [
      '{apiVersion: cilium.io/v2alpha1, kind: CiliumL2AnnouncementPolicy, metadata: {name: l2}, spec: {loadBalancerIPs: true}}',
      pool(FOUR),
      service('web'),
    ],
    reason: 'satisfied',
    says: ['cp1: no agent has reported from this node: look at its agent pod'],
  },
]

export const REASON_CASES: readonly ReasonCase[] = [
  ...POOLS,
  ...ADDRESSES,
  ...SHARING,
  ...NODES,
  ...METALLB,
  ...POLICIES,
  ...OBJECTS,
  ...ANNOUNCING,
]
