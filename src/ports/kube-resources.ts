import type { KubeResource } from './kube-api.ts'

export const SERVICES: KubeResource = {
  group: '',
  version: 'v1',
  plural: 'services',
  kind: 'Service',
  namespaced: true,
}
export const NODES: KubeResource = { group: '', version: 'v1', plural: 'nodes', kind: 'Node', namespaced: false }
export const EVENTS: KubeResource = { group: '', version: 'v1', plural: 'events', kind: 'Event', namespaced: true }
export const NAMESPACES: KubeResource = {
  group: '',
  version: 'v1',
  plural: 'namespaces',
  kind: 'Namespace',
  namespaced: false,
}
export const CONFIG_MAPS: KubeResource = {
  group: '',
  version: 'v1',
  plural: 'configmaps',
  kind: 'ConfigMap',
  namespaced: true,
}
export const DAEMON_SETS: KubeResource = {
  group: 'apps',
  version: 'v1',
  plural: 'daemonsets',
  kind: 'DaemonSet',
  namespaced: true,
}
export const DEPLOYMENTS: KubeResource = {
  group: 'apps',
  version: 'v1',
  plural: 'deployments',
  kind: 'Deployment',
  namespaced: true,
}
export const ENDPOINT_SLICES: KubeResource = {
  group: 'discovery.k8s.io',
  version: 'v1',
  plural: 'endpointslices',
  kind: 'EndpointSlice',
  namespaced: true,
}
export const LEASES: KubeResource = {
  group: 'coordination.k8s.io',
  version: 'v1',
  plural: 'leases',
  kind: 'Lease',
  namespaced: true,
}
export const POOLS: KubeResource = {
  group: 'cilium.io',
  version: 'v2',
  plural: 'ciliumloadbalancerippools',
  kind: 'CiliumLoadBalancerIPPool',
  namespaced: false,
}
/** Our own: what pools of either dialect keep back, and how much a namespace may have. */
export const POOL_POLICIES: KubeResource = {
  group: 'balise.io',
  version: 'v1alpha1',
  plural: 'loadbalancerippoolpolicies',
  kind: 'LoadBalancerIPPoolPolicy',
  namespaced: false,
}
export const L2_POLICIES: KubeResource = {
  group: 'cilium.io',
  version: 'v2alpha1',
  plural: 'ciliuml2announcementpolicies',
  kind: 'CiliumL2AnnouncementPolicy',
  namespaced: false,
}
/** MetalLB's own kinds: its IPAddressPools give out addresses as Cilium's pools do. */
export const ADDRESS_POOLS: KubeResource = {
  group: 'metallb.io',
  version: 'v1beta1',
  plural: 'ipaddresspools',
  kind: 'IPAddressPool',
  namespaced: true,
}
export const L2_ADVERTISEMENTS: KubeResource = {
  group: 'metallb.io',
  version: 'v1beta1',
  plural: 'l2advertisements',
  kind: 'L2Advertisement',
  namespaced: true,
}
/** Written for those who look there: which node answers for a Service. */
export const SERVICE_L2_STATUSES: KubeResource = {
  group: 'metallb.io',
  version: 'v1beta1',
  plural: 'servicel2statuses',
  kind: 'ServiceL2Status',
  namespaced: true,
}
