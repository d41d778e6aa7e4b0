import type { EndpointSlice } from '#model/endpoint-slice.ts'
import type { Ip } from '#model/ip.ts'
import { type Service, type ServicePort, serviceKey } from '#model/service.ts'
import { LB_FLAGS } from '#wire/bpf/consts.ts'
import type { LbScope } from '#wire/bpf/lb4-key.ts'
import { type BackendSets, backendsOf, type ClusterContext, isPort, NO_BACKENDS } from './backends.ts'
import { type Frontend, type FrontendType, formatFrontendKey } from './frontend.ts'
import { hasUnenforcedSourceRanges, otherProxy } from './not-done.ts'

/**
 * All IPv4 frontends of a Service: its cluster IPs, its load balancer addresses and its external IPs, for each TCP and UDP port.
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
    const inside = service.internalTrafficPolicy === 'Local' ? local : all
    const cluster = ipv4(service.clusterIps).map((address) =>
      frontend({ service, port, address, type: 'ClusterIP', scope: 'external', sets: inside }),
    )
    return [...cluster, ...outsideFrontends(service, port, { all, local, inside })]
  })
}

function wantsLocal(service: Service): boolean {
  return service.externalTrafficPolicy === 'Local' || service.internalTrafficPolicy === 'Local'
}

function outsideFrontends(
  service: Service,
  port: ServicePort,
  { all, local, inside }: { readonly all: BackendSets; readonly local: BackendSets; readonly inside: BackendSets },
): readonly Frontend[] {
  if (hasUnenforcedSourceRanges(service)) return []
  const addresses: readonly (readonly [FrontendType, Ip])[] = [
    ...(service.type === 'LoadBalancer' ? ipv4(service.ingressIps) : []).map((ip) => ['LoadBalancer', ip] as const),
    ...ipv4(service.externalIps).map((ip) => ['ExternalIPs', ip] as const),
  ]
  return addresses.flatMap(([type, address]) => {
    const outside = service.externalTrafficPolicy === 'Local' ? local : all
    const external = frontend({ service, port, address, type, scope: 'external', sets: outside })
    if (!wantsLocal(service)) return [external]
    return [external, frontend({ service, port, address, type, scope: 'internal', sets: inside })]
  })
}

interface FrontendParts {
  readonly service: Service
  readonly port: ServicePort
  readonly address: Ip
  readonly type: FrontendType
  readonly scope: LbScope
  readonly sets: BackendSets
}

function frontend({ service, port, address, type, scope, sets }: FrontendParts): Frontend {
  const where = { address, port: port.port, protocol: port.protocol, scope }
  return {
    ...where,
    key: formatFrontendKey(where),
    type,
    service: serviceKey(service),
    portName: port.name,
    externalTrafficPolicy: service.externalTrafficPolicy,
    internalTrafficPolicy: service.internalTrafficPolicy,
    flags: flagsOf(service, type),
    ...sets,
    note: undefined,
  }
}

function flagsOf(service: Service, type: FrontendType): number {
  const internalLocal = service.internalTrafficPolicy === 'Local' ? LB_FLAGS.LB_INTERNAL_LOCAL : 0
  if (type === 'ClusterIP') return LB_FLAGS.LB_CLUSTER_IP | internalLocal
  const kind = type === 'LoadBalancer' ? LB_FLAGS.LB_LOAD_BALANCER : LB_FLAGS.LB_EXTERNAL_IP
  const externalLocal = service.externalTrafficPolicy === 'Local' ? LB_FLAGS.LB_EXTERNAL_LOCAL : 0
  const scopes = wantsLocal(service) ? LB_FLAGS.LB_TWO_SCOPES : 0
  return kind | LB_FLAGS.LB_ROUTABLE | externalLocal | internalLocal | scopes
}

function ipv4(addresses: readonly Ip[]): readonly Ip[] {
  return addresses.filter(({ family }) => family === 'IPv4')
}
