import { from, ignored, implemented, lacking, leaf, map, type Node, refusedUnless, refusing } from '#values/tree.ts'

const NO_BGP = 'BGP is not in this version: no route is announced'
const ANY = ['boolean', 'integer', 'number', 'text', 'list', 'map'] as const
const SPEAKS_CRI = 'The kubelet runs the plugin, with any container runtime'

/** Spellings of older charts of Cilium (1.8 to 1.18), of which some are still understood. */
export const RETIRED = from('retired', {
  tunnel: refusing(
    {
      unless: ['vxlan', 'disabled'],
      why: 'VXLAN is the only overlay here',
      instead: 'use routingMode: tunnel with tunnelProtocol: vxlan, or routingMode: native',
    },
    implemented('routingMode is the new word', leaf('text'), {
      vxlan: 'Taken as routingMode: tunnel',
      disabled: 'Taken as routingMode: native',
    }),
  ),
  nativeRoutingCIDR: renamed('ipv4NativeRoutingCIDR'),
  masquerade: renamed('enableIPv4Masquerade and enableIPv6Masquerade'),
  hostServices: { enabled: renamed('socketLB.enabled'), protocols: renamed('socketLB.enabled') },
  nodePort: {
    mode: renamed('loadBalancer.mode'),
    acceleration: renamed('loadBalancer.acceleration'),
    algorithm: renamed('loadBalancer.algorithm'),
  },
  ipam: {
    operator: {
      clusterPoolIPv4PodCIDR: renamed('ipam.operator.clusterPoolIPv4PodCIDRList'),
      clusterPoolIPv6PodCIDR: renamed('ipam.operator.clusterPoolIPv6PodCIDRList'),
    },
  },
  securityContext: { extraCapabilities: renamed('securityContext.capabilities.ciliumAgent') },
  bpf: {
    hostRouting: renamed('bpf.hostLegacyRouting'),
    clockProbe: renamed('bpfClockProbe'),
    waitForMount: ignored('Nothing is mounted: the folder at bpf.root is waited for', leaf('boolean')),
    lbBypassFIBLookup: ignored('The kernel looks up the route', leaf('boolean')),
  },
  bgp: {
    enabled: lacking(NO_BGP, leaf('boolean')),
    announce: { loadbalancerIP: lacking(NO_BGP, leaf('boolean')), podCIDR: lacking(NO_BGP, leaf('boolean')) },
  },
  containerRuntime: ignored(SPEAKS_CRI, { integration: leaf('text'), socketPath: leaf('text') }),
  enableCiliumEndpointSlice: ignored('There are no objects for endpoints', leaf('boolean')),
  enableRuntimeDeviceDetection: ignored('Devices are looked for at run time in any case', leaf('boolean')),
  enableK8sTerminatingEndpoint: ignored(
    'Terminating endpoints serve while there is no other, in any case',
    leaf('boolean'),
  ),
  enableK8sEventHandover: ignored('There is no store but the Kubernetes API', leaf('boolean')),
  enableK8sEndpointSlice: ignored('EndpointSlices are read in any case', leaf('boolean')),
  enableCnpStatusUpdates: ignored('There are no policies whose status could be updated', leaf('boolean')),
  cnpStatusUpdates: ignored('There are no policies whose status could be updated', map()),
  endpointStatus: ignored('There are no objects for endpoints', map()),
  remoteNodeIdentity: ignored('Pods have no security identities, because no policy asks for them', leaf('boolean')),
  highScaleIPcache: ignored('There is no cache of identities', { enabled: leaf('boolean') }),
  installIptablesRules: ignored('iptables is not used', leaf('boolean')),
  proxy: lacking('There is no Envoy in this version', map()),
  sidecarIstioRegex: lacking('There is no Envoy in this version', leaf('text')),
  disableEnvoyVersionCheck: lacking('There is no Envoy in this version', leaf('boolean')),
  customCalls: { enabled: ignored('The datapath calls no programs of others', leaf('boolean')) },
  ipvlan: refusedUnless({}, 'pods get veth devices', 'remove it', map()),
  datapathMode: renamed('bpf.datapathMode'),
  encryption: {
    keyFile: renamed('encryption.ipsec.keyFile'),
    mountPath: renamed('encryption.ipsec.mountPath'),
    secretName: renamed('encryption.ipsec.secretName'),
    interface: renamed('encryption.ipsec.interface'),
  },
  etcd: {
    managed: refusedUnless(false, 'there is no store but the Kubernetes API', 'remove it', leaf('boolean')),
    k8sService: ignored('etcd.enabled cannot be set', leaf('boolean')),
  },
})

/** An old word that is no longer taken: silence would change what is installed. */
function renamed(key: string): Node {
  return {
    $node: leaf(ANY),
    $class: 'refused',
    $note: `it is called ${key} now`,
    $refusal: { unless: [], why: `it is called ${key} now`, instead: `write ${key}` },
  }
}
