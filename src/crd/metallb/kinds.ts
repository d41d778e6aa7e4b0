/** API group of MetalLB's kinds. */
export const METALLB_GROUP = 'metallb.io'
/** Where MetalLB's objects must be, unless it was installed elsewhere. */
export const METALLB_NAMESPACE = 'metallb-system'
/** The ConfigMap that configured MetalLB up to 0.12, and its key. */
export const LEGACY_CONFIG = { name: 'config', key: 'config' } as const

/** Kinds of MetalLB that this version does not take over, and why; nothing of them is ever dropped silently. */
export const NOT_TAKEN_OVER: Readonly<Record<string, string>> = {
  BGPPeer: 'this version of Balise speaks no BGP, so the router gets no routes',
  BGPAdvertisement:
    'this version of Balise speaks no BGP, so addresses are announced on the local network only, by an L2Advertisement',
  BFDProfile: 'it belongs to BGP, which this version of Balise does not speak',
  Community: 'it belongs to BGP, which this version of Balise does not speak',
  AddressPool: 'this kind was removed in MetalLB 0.14; write it as an IPAddressPool and an L2Advertisement',
  MetalLB: 'it tells the operator of MetalLB what to install; install Balise by its chart',
}

/** Kinds that MetalLB itself writes, to tell how things stand: there is nothing in them to take over. */
export const STATUS_KINDS: readonly string[] = ['ServiceL2Status', 'ServiceBGPStatus', 'ConfigurationState']
