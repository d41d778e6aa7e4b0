import type { Condition } from './condition.ts'
import type { Family, Ip } from './ip.ts'
import type { Prefix } from './prefix.ts'
import type { Labels } from './selector.ts'

export type L4Protocol = 'TCP' | 'UDP' | 'SCTP'

/** `namespace/name` of a Service: how it is keyed in memory and named in messages. */
export type ServiceKey = string

export interface ServicePort {
  /** Empty for a Service with a single unnamed port. */
  readonly name: string
  readonly protocol: L4Protocol
  readonly port: number
  /** 0 when none is allocated. */
  readonly nodePort: number
}

/** The fields in use of a core/v1 Service. */
export interface Service {
  readonly namespace: string
  readonly name: string
  readonly uid: string
  readonly resourceVersion: string
  readonly generation: number
  readonly creationTimestampMs: number
  readonly type: 'ClusterIP' | 'NodePort' | 'LoadBalancer' | 'ExternalName'
  readonly labels: Labels
  /** Only those whose key Balise reads. */
  readonly annotations: Labels
  /** `spec.loadBalancerClass`; empty when unset. */
  readonly loadBalancerClass: string
  /** `spec.loadBalancerIP` (deprecated in Kubernetes, still used); undefined when unset or no address. */
  readonly loadBalancerIp: Ip | undefined
  /** `spec.clusterIPs` without `None`. */
  readonly clusterIps: readonly Ip[]
  readonly headless: boolean
  readonly externalIps: readonly Ip[]
  /** `status.loadBalancer.ingress[].ip` whose `ipMode` is VIP or unset. */
  readonly ingressIps: readonly Ip[]
  readonly ports: readonly ServicePort[]
  readonly externalTrafficPolicy: 'Cluster' | 'Local'
  readonly internalTrafficPolicy: 'Cluster' | 'Local'
  /** With `externalTrafficPolicy: Local`: where each node says over HTTP whether it has an endpoint. 0 when none is allocated. */
  readonly healthCheckNodePort: number
  /** `spec.ipFamilies`, in order. */
  readonly families: readonly Family[]
  readonly familyPolicy: 'SingleStack' | 'PreferDualStack' | 'RequireDualStack'
  /** 0 when `sessionAffinity` is None. */
  readonly affinityTimeoutSeconds: number
  readonly sourceRanges: readonly Prefix[]
  readonly selector: Labels
  readonly conditions: readonly Condition[]
}

export function serviceKey(service: { readonly namespace: string; readonly name: string }): ServiceKey {
  return `${service.namespace}/${service.name}`
}
