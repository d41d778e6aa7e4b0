/** Something about the pods' network that is not as it should be. */
export interface CniProblem {
  /** `error`: pods have no network, or not all of it; `warning`: they have, and someone may need to look. */
  readonly severity: 'error' | 'warning'
  /** Closed set, for tools: `NoPodCidr`. */
  readonly code: CniProblemCode
  /** For people: the object, the value and the remedy. */
  readonly message: string
}

export type CniProblemCode =
  | 'NoPodCidr'
  | 'PodCidrTooSmall'
  | 'PodCidrExhausted'
  | 'PodCidrClash'
  | 'AddressesOutsidePodCidr'
  | 'ForeignConfFirst'
  | 'ForeignConf'
  | 'ForeignConfUnusable'
  | 'ConfLeftBehind'
  | 'NothingToChainTo'
  | 'ConfFolderFailed'
  | 'PluginMissing'
  | 'PluginFailed'
  | 'SysctlFailed'
  | 'NoRouteToPeer'
  | 'RouteTaken'
  | 'RouteFailed'
  | 'OverlayFailed'
  | 'OverlayMapFailed'
  | 'MasqueradeFailed'
  | 'ForwardDropped'
  | 'NetworkFailed'
