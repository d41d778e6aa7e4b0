import type { EndpointSlice } from '#model/endpoint-slice.ts'
import { type Ip, mustParseIp, sameIp } from '#model/ip.ts'
import { type Service, type ServicePort, serviceKey } from '#model/service.ts'
import { LB_FLAGS } from '#wire/bpf/consts.ts'
import type { LbScope } from '#wire/bpf/lb4-key.ts'
import { type BackendSets, backendsOf, type ClusterContext, isPort, NO_BACKENDS } from './backends.ts'
import { type Frontend, type FrontendType, formatFrontendKey } from './frontend.ts'
import { hasUnenforcedSourceRanges, isNodePortServed, otherProxy } from './not-done.ts'

/**
 * All IPv4 frontends of a Service: its load balancer addresses and its external IPs, and where kube-proxy is replaced its cluster IPs and
 * node ports, for each TCP and UDP port.
 *
 * `externalTrafficPolicy: Local` gives an address two scopes: what comes from outside meets the backends of this node, what comes from
 * inside the cluster meets all.
 */
export function frontendsOf(
  service: Service,
  slices: readonly EndpointSlice[],
  context: ClusterContext,
): readonly Frontend[] {
  if (service.type === 'ExternalName' || otherProxy(service) !== undefined) return []
  const ports = service.ports.filter(({ protocol, port }) => protocol !== 'SCTP' && isPort(port))
  return ports.flatMap((port) => {
    const all = backendsOf(slices, port, context, false)
    const local = wantsLocal(service) ? backendsOf(slices, port, context, true) : NO_BACKENDS
    const sets = { all, local, inside: service.internalTrafficPolicy === 'Local' ? local : all }
    return [
      ...clusterFrontends(service, port, sets, context),
      ...nodePortFrontends(service, port, sets, context),
      ...balancerFrontends(service, port, sets),
    ]
  })
}

/** Backends of a port, by who may be sent to them. */
interface SetsByScope {
  readonly all: BackendSets
  readonly local: BackendSets
  /** For clients inside the cluster. */
  readonly inside: BackendSets
}

function wantsLocal(service: Service): boolean {
  return service.externalTrafficPolicy === 'Local' || service.internalTrafficPolicy === 'Local'
}

function clusterFrontends(
  service: Service,
  port: ServicePort,
  { inside, all }: SetsByScope,
  { kubeProxyReplacement }: ClusterContext,
): readonly Frontend[] {
  if (!kubeProxyReplacement) return []
  return ipv4(service.clusterIps).map((address) =>
    frontend({ service, port, address, type: 'ClusterIP', scope: 'external', sets: inside, all }),
  )
}

/**
 * A node port at each InternalIP of this node, and at 0.0.0.0, which stands for the loopback addresses: sockets of the host look there. A
 * connection to another node's address is that node's business.
 */
function nodePortFrontends(
  service: Service,
  port: ServicePort,
  sets: SetsByScope,
  context: ClusterContext,
): readonly Frontend[] {
  if (!isNodePortServed(port, context)) return []
  const at = { ...port, port: port.nodePort }
  return [ANY_ADDRESS, ...context.ownAddresses].flatMap((address) =>
    scoped({ service, port: at, address, type: 'NodePort' }, sets),
  )
}

const ANY_ADDRESS = mustParseIp('0.0.0.0')

function balancerFrontends(service: Service, port: ServicePort, sets: SetsByScope): readonly Frontend[] {
  if (hasUnenforcedSourceRanges(service)) return []
  const addresses: readonly (readonly [FrontendType, Ip])[] = [
    ...(service.type === 'LoadBalancer' ? ipv4(service.ingressIps) : []).map((ip) => ['LoadBalancer', ip] as const),
    ...ipv4(service.externalIps).map((ip) => ['ExternalIPs', ip] as const),
  ]
  return addresses.flatMap(([type, address]) => scoped({ service, port, address, type }, sets))
}

/** An address for the outside: one frontend for all, or one for each scope. */
function scoped(
  parts: Omit<FrontendParts, 'scope' | 'sets' | 'all'>,
  { all, local, inside }: SetsByScope,
): readonly Frontend[] {
  const sets = parts.service.externalTrafficPolicy === 'Local' ? local : all
  const external = frontend({ ...parts, scope: 'external', sets, all })
  return wantsLocal(parts.service)
    ? [external, frontend({ ...parts, scope: 'internal', sets: inside, all })]
    : [external]
}

interface FrontendParts {
  readonly service: Service
  readonly port: ServicePort
  readonly address: Ip
  readonly type: FrontendType
  readonly scope: LbScope
  readonly sets: BackendSets
  /** What it would have without a Local policy. */
  readonly all: BackendSets
}

function frontend({ service, port, address, type, scope, sets, all }: FrontendParts): Frontend {
  const where = { address, port: port.port, protocol: port.protocol, scope }
  return {
    ...where,
    key: formatFrontendKey(where),
    type,
    service: serviceKey(service),
    portName: port.name,
    externalTrafficPolicy: service.externalTrafficPolicy,
    internalTrafficPolicy: service.internalTrafficPolicy,
    flags: flagsOf(service, type, address),
    ...sets,
    servedElsewhere: sets.serving.length === 0 && all.serving.some(({ state }) => state === 'active'),
    note: undefined,
  }
}

const KIND_FLAGS: { readonly [T in FrontendType]: number } = {
  ClusterIP: LB_FLAGS.LB_CLUSTER_IP,
  NodePort: LB_FLAGS.LB_NODE_PORT,
  LoadBalancer: LB_FLAGS.LB_LOAD_BALANCER,
  ExternalIPs: LB_FLAGS.LB_EXTERNAL_IP,
}

function flagsOf(service: Service, type: FrontendType, address: Ip): number {
  const internalLocal = service.internalTrafficPolicy === 'Local' ? LB_FLAGS.LB_INTERNAL_LOCAL : 0
  if (type === 'ClusterIP') return KIND_FLAGS[type] | internalLocal
  const routable = sameIp(address, ANY_ADDRESS) ? 0 : LB_FLAGS.LB_ROUTABLE
  const externalLocal = service.externalTrafficPolicy === 'Local' ? LB_FLAGS.LB_EXTERNAL_LOCAL : 0
  const scopes = wantsLocal(service) ? LB_FLAGS.LB_TWO_SCOPES : 0
  return KIND_FLAGS[type] | routable | externalLocal | internalLocal | scopes
}

function ipv4(addresses: readonly Ip[]): readonly Ip[] {
  return addresses.filter(({ family }) => family === 'IPv4')
}
