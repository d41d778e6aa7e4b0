import { formatIp, type Ip } from '#model/ip.ts'
import { type Service, type ServiceKey, type ServicePort, serviceKey } from '#model/service.ts'
import type { ClusterContext } from './backends.ts'

/** Something that a Service asks for and that the datapath does not do. */
export interface NotDone {
  readonly service: ServiceKey
  readonly code: NotDoneCode
  /** For people: what is asked for, and what happens instead. */
  readonly message: string
}

export type NotDoneCode =
  | 'SessionAffinity'
  | 'SourceRanges'
  | 'NodePort'
  | 'Protocol'
  | 'IPv6'
  | 'FrontendTaken'
  | 'OtherProxy'
  | 'Annotation'

/** What of a Service's specification is left out. A frontend that another Service has is found out later. */
export function notDoneOf(service: Service, context: ClusterContext): readonly NotDone[] {
  const key = serviceKey(service)
  const findings: NotDone[] = []
  const add = (code: NotDoneCode, message: string): void => void findings.push({ service: key, code, message })
  const proxy = otherProxy(service)
  if (proxy !== undefined) add('OtherProxy', `label ${PROXY_NAME_LABEL} leaves it to ${JSON.stringify(proxy)}`)
  if (service.affinityTimeoutSeconds > 0) {
    add('SessionAffinity', 'sessionAffinity ClientIP is not done: a client may reach any backend')
  }
  if (hasUnenforcedSourceRanges(service)) {
    add(
      'SourceRanges',
      'loadBalancerSourceRanges is not enforced, so its load balancer addresses and external IPs are not served',
    )
  }
  const nodePorts = service.ports.filter((port) => collides(port, context)).map(({ nodePort }) => nodePort)
  if (nodePorts.length > 0) {
    const { min, max } = context.snatPorts
    add(
      'NodePort',
      `node port ${nodePorts.join(', ')} is not served: replies to forwarded connections come to ports ${min}-${max}, move these by BALISE_SNAT_PORTS`,
    )
  }
  const sctp = service.ports.filter(({ protocol }) => protocol === 'SCTP').map(({ port }) => port)
  if (sctp.length > 0) add('Protocol', `SCTP port ${sctp.join(', ')} is not served`)
  const ipv6 = addressesOf(service, context).filter(({ family }) => family === 'IPv6')
  if (ipv6.length > 0) add('IPv6', `IPv6 address ${ipv6.map(formatIp).join(', ')} is not served`)
  const annotations = Object.keys(service.annotations).filter((name) => name.startsWith('service.cilium.io/'))
  if (annotations.length > 0) add('Annotation', `annotation ${annotations.toSorted().join(', ')} has no effect`)
  return findings
}

/** Node ports are ours where kube-proxy is replaced, but for one in whose place a reply to a forwarded connection could come. */
export function isNodePortServed(port: ServicePort, context: ClusterContext): boolean {
  return context.kubeProxyReplacement && port.nodePort !== 0 && !collides(port, context)
}

function collides({ nodePort }: ServicePort, { kubeProxyReplacement, snatPorts }: ClusterContext): boolean {
  return kubeProxyReplacement && snatPorts.min <= nodePort && nodePort <= snatPorts.max
}

/** A Service with this label is another proxy's business, as it is for kube-proxy. */
const PROXY_NAME_LABEL = 'service.kubernetes.io/service-proxy-name'

/** The proxy that is to serve it instead; undefined when it is ours. */
export function otherProxy(service: Service): string | undefined {
  return Object.hasOwn(service.labels, PROXY_NAME_LABEL) ? service.labels[PROXY_NAME_LABEL] : undefined
}

/** Serving an address to all when only some may come would be worse than not serving it. */
export function hasUnenforcedSourceRanges(service: Service): boolean {
  return service.sourceRanges.length > 0
}

function addressesOf(service: Service, { kubeProxyReplacement }: ClusterContext): readonly Ip[] {
  const clusterIps = kubeProxyReplacement ? service.clusterIps : []
  return [...clusterIps, ...service.ingressIps, ...service.externalIps]
}
