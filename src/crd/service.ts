import type { Family, Ip } from '#model/ip.ts'
import type { Labels } from '#model/selector.ts'
import type { L4Protocol, Service, ServicePort } from '#model/service.ts'
import { FAMILIES, readIp, readIps, readPrefix } from './addresses.ts'
import { readConditions } from './conditions.ts'
import { mappedDefect } from './mapped-ip.ts'
import { type Metadata, readMetadata } from './metadata.ts'
import {
  type Decoded,
  elements,
  field,
  note,
  type Place,
  readInteger,
  readOneOf,
  readText,
  readTexts,
  rootPlace,
} from './place.ts'

export const L4_PROTOCOLS: readonly L4Protocol[] = ['TCP', 'UDP', 'SCTP']
const TYPES = ['ClusterIP', 'NodePort', 'LoadBalancer', 'ExternalName'] as const
const TRAFFIC_POLICIES = ['Cluster', 'Local'] as const
const FAMILY_POLICIES = ['SingleStack', 'PreferDualStack', 'RequireDualStack'] as const
const DEFAULT_AFFINITY_SECONDS = 10_800

/** Prefixes of the annotations that Balise reads, and those it does not support but answers for. */
const ANNOTATION_PREFIXES = [
  'lbipam.cilium.io/',
  'io.cilium/',
  'io.cilium.nodeipam/',
  'service.cilium.io/',
  'balise.io/',
  'metallb.io/',
  'metallb.universe.tf/',
]

/**
 * A core/v1 Service. The API server has checked most of it; a field that it does not check (`loadBalancerIP`) or that a version of
 * Kubernetes to come writes differently becomes a mistake and is left out.
 */
export function decodeService(object: unknown): Decoded<Service> {
  const root = rootPlace(object)
  const metadata = readMetadata(root)
  const value = metadata === undefined ? undefined : readService(root, metadata)
  return { value, mistakes: root.mistakes }
}

function readService(root: Place, metadata: Metadata): Service {
  const spec = field(root, 'spec')
  const status = field(root, 'status')
  const { namespace, name, uid, resourceVersion, generation, creationTimestampMs, labels } = metadata
  const clusterIps = readClusterIps(spec)
  return {
    namespace,
    name,
    uid,
    resourceVersion,
    generation,
    creationTimestampMs,
    labels,
    annotations: keptAnnotations(metadata.annotations),
    type: readOneOf(field(spec, 'type'), TYPES, 'ClusterIP'),
    loadBalancerClass: readText(field(spec, 'loadBalancerClass')),
    loadBalancerIp: readLoadBalancerIp(field(spec, 'loadBalancerIP')),
    clusterIps,
    headless: field(spec, 'clusterIP').value === 'None',
    externalIps: readIps(elements(field(spec, 'externalIPs'))),
    ingressIps: readIngressIps(field(field(status, 'loadBalancer'), 'ingress')),
    ports: elements(field(spec, 'ports')).map(readPort),
    externalTrafficPolicy: readOneOf(field(spec, 'externalTrafficPolicy'), TRAFFIC_POLICIES, 'Cluster'),
    internalTrafficPolicy: readOneOf(field(spec, 'internalTrafficPolicy'), TRAFFIC_POLICIES, 'Cluster'),
    healthCheckNodePort: readInteger(field(spec, 'healthCheckNodePort'), 0),
    families: readFamilies(field(spec, 'ipFamilies'), clusterIps),
    familyPolicy: readOneOf(field(spec, 'ipFamilyPolicy'), FAMILY_POLICIES, 'SingleStack'),
    affinityTimeoutSeconds: readAffinity(spec),
    sourceRanges: elements(field(spec, 'loadBalancerSourceRanges'))
      .map(readPrefix)
      .filter((prefix) => prefix !== undefined),
    selector: readTexts(field(spec, 'selector')),
    conditions: readConditions(field(status, 'conditions')),
  }
}

function readLoadBalancerIp(place: Place): Ip | undefined {
  const ip = readIp(place)
  const defect = ip === undefined ? undefined : mappedDefect(ip)
  if (defect === undefined) return ip
  note(place, defect.problem, defect.remedy)
  return undefined
}

function keptAnnotations(annotations: Labels): Labels {
  const kept = Object.entries(annotations).filter(([key]) =>
    ANNOTATION_PREFIXES.some((prefix) => key.startsWith(prefix)),
  )
  return Object.fromEntries(kept)
}

function readClusterIps(spec: Place): readonly Ip[] {
  const many = elements(field(spec, 'clusterIPs'))
  const places = many.length > 0 ? many : [field(spec, 'clusterIP')]
  return readIps(places.filter((place) => place.value !== 'None'))
}

/** Only addresses that are to be forwarded: with `ipMode: Proxy` a load balancer elsewhere terminates the connection (KEP-1860). */
function readIngressIps(place: Place): readonly Ip[] {
  const vips = elements(place).filter((entry) => field(entry, 'ipMode').value !== 'Proxy')
  return readIps(vips.map((entry) => field(entry, 'ip')))
}

function readPort(place: Place): ServicePort {
  return {
    name: readText(field(place, 'name')),
    protocol: readOneOf(field(place, 'protocol'), L4_PROTOCOLS, 'TCP'),
    port: readInteger(field(place, 'port'), 0),
    nodePort: readInteger(field(place, 'nodePort'), 0),
  }
}

/** The API server always fills `ipFamilies`, except on Services without a selector for addresses (ExternalName). */
function readFamilies(place: Place, clusterIps: readonly Ip[]): readonly Family[] {
  const written = elements(place).map((family) => readOneOf(family, FAMILIES, 'IPv4'))
  return written.length > 0 ? written : clusterIps.map((ip) => ip.family)
}

function readAffinity(spec: Place): number {
  if (field(spec, 'sessionAffinity').value !== 'ClientIP') return 0
  const clientIp = field(field(spec, 'sessionAffinityConfig'), 'clientIP')
  return readInteger(field(clientIp, 'timeoutSeconds'), DEFAULT_AFFINITY_SECONDS)
}
