import { compareIp, formatIp, type Ip } from '#model/ip.ts'
import type { L4Protocol, ServiceKey } from '#model/service.ts'
import type { BackendState } from '#wire/bpf/lb4-backend.ts'
import type { LbScope } from '#wire/bpf/lb4-key.ts'

export type FrontendType = 'ClusterIP' | 'NodePort' | 'LoadBalancer' | 'ExternalIPs'

/** The part of a frontend that is its key in the map. */
export interface FrontendAddress {
  readonly address: Ip
  readonly port: number
  readonly protocol: L4Protocol
  readonly scope: LbScope
}

/** An address and port at which a Service answers, and what answers there. */
export interface Frontend extends FrontendAddress {
  /** `formatFrontendKey` of it. */
  readonly key: string
  readonly type: FrontendType
  readonly service: ServiceKey
  readonly portName: string
  readonly externalTrafficPolicy: 'Cluster' | 'Local'
  readonly internalTrafficPolicy: 'Cluster' | 'Local'
  /** Bits of `LB_FLAGS`. */
  readonly flags: number
  /** New connections go to these: slots 1..count. By state, address, port. */
  readonly serving: readonly Backend[]
  /** Drained: slots count+1..count+qcount. */
  readonly draining: readonly Backend[]
  /** In no slot; known to the datapath, so that their flows live on. */
  readonly idle: readonly Backend[]
  /** It has no backend here because its policy is Local, and other nodes have some that are ready. */
  readonly servedElsewhere: boolean
  /** What is special about the backends; undefined when nothing is. */
  readonly note: string | undefined
}

export interface Backend {
  /** `10.244.2.98:80/TCP` */
  readonly key: string
  readonly address: Ip
  readonly port: number
  readonly protocol: L4Protocol
  readonly state: BackendState
  /** Empty when unknown. */
  readonly nodeName: string
  readonly nodeAddress: Ip | undefined
  /** Runs on this node. */
  readonly local: boolean
}

/** `192.168.10.75:80/TCP`, with `/i` at the end for the internal scope. */
export function formatFrontendKey({ address, port, protocol, scope }: FrontendAddress): string {
  return `${formatIp(address)}:${port}/${protocol}${scope === 'internal' ? '/i' : ''}`
}

export function formatBackendKey(address: Ip, port: number, protocol: L4Protocol): string {
  return `${formatIp(address)}:${port}/${protocol}`
}

/** By address, port, protocol and scope. */
export function compareFrontends(a: FrontendAddress, b: FrontendAddress): number {
  return (
    compareIp(a.address, b.address) ||
    a.port - b.port ||
    compareText(a.protocol, b.protocol) ||
    compareText(a.scope, b.scope)
  )
}

/** Best first. */
export const STATE_ORDER: { readonly [S in BackendState]: number } = {
  active: 0,
  terminating: 1,
  quarantined: 2,
  maintenance: 3,
}

/** By state, address and port: the order of the slots, the same on every node. */
export function compareBackends(a: Backend, b: Backend): number {
  return STATE_ORDER[a.state] - STATE_ORDER[b.state] || compareIp(a.address, b.address) || a.port - b.port
}

export function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}
