import type { Service } from '#model/service.ts'

/** Which Services are given addresses, and which kind of them. */
export interface IpamSettings {
  /** False: nobody gets an address from a pool, and what Services have is left alone. */
  readonly enabled: boolean
  /** What a Service without `spec.loadBalancerClass` gets its addresses from. */
  readonly defaultIpam: 'lbipam' | 'nodeipam' | 'none'
  /** Whether class `io.cilium/node` is served: addresses of nodes. */
  readonly nodeIpam: boolean
  /** Values of `spec.loadBalancerClass` that get addresses from pools, beside none. */
  readonly classes: readonly string[]
}

/** The class of Services that are announced on the network; served where nothing else is set. */
export const L2_CLASS = 'io.cilium/l2-announcer'
export const NODE_CLASS = 'io.cilium/node'

export const DEFAULT_IPAM: IpamSettings = {
  enabled: true,
  defaultIpam: 'lbipam',
  nodeIpam: false,
  classes: [L2_CLASS],
}

/** Whether any Service gets the addresses of nodes. */
export function givesNodeAddresses({ nodeIpam, defaultIpam }: IpamSettings): boolean {
  return nodeIpam || defaultIpam === 'nodeipam'
}

/** The condition of Cilium that tells whether a Service got what it wants. A Service that bears it was served by us. */
export const IPAM_CONDITION = 'cilium.io/IPAMRequestSatisfied'

/**
 * Why a Service gets nothing from a pool. `foreignAddress`: there is no pool, and the address that it has is not from us; `switchedOff`: by
 * the settings, and what it has stays; `nodeAddresses`: it gets those of nodes.
 */
export type NotOurs = 'notLoadBalancer' | 'otherClass' | 'foreignAddress' | 'switchedOff' | 'nodeAddresses'

/** Without any pool Balise lies dormant: it answers Services that wait, and leaves alone what another controller serves. */
export function isOurs(service: Service, anyPool: boolean, settings: IpamSettings): true | NotOurs {
  if (service.type !== 'LoadBalancer') return 'notLoadBalancer'
  const source = sourceOf(service, settings)
  if (source !== 'lbipam') return source === 'nodeipam' ? 'nodeAddresses' : 'otherClass'
  if (!settings.enabled) return 'switchedOff'
  return anyPool || service.ingressIps.length === 0 || wasOurs(service) || 'foreignAddress'
}

function sourceOf({ loadBalancerClass }: Service, settings: IpamSettings): IpamSettings['defaultIpam'] {
  const { classes, nodeIpam, defaultIpam } = settings
  if (loadBalancerClass === '') return defaultIpam
  if (classes.includes(loadBalancerClass)) return 'lbipam'
  return nodeIpam && loadBalancerClass === NODE_CLASS ? 'nodeipam' : 'none'
}

export function wasOurs(service: Service): boolean {
  return service.conditions.some(({ type }) => type === IPAM_CONDITION)
}
