import type { Pool } from './pool.ts'
import { type LabelSelector, selectorMatches } from './selector.ts'

/** An L2Advertisement of MetalLB (metallb.io/v1beta1): which nodes answer, on which interfaces, for the addresses of which pools. */
export interface L2Advertisement {
  readonly name: string
  readonly namespace: string
  readonly generation: number
  /** Names of pools of its namespace; all pools when this and `poolSelectors` are empty. */
  readonly pools: readonly string[]
  readonly poolSelectors: readonly LabelSelector[]
  /** One must match the node; empty for all nodes. */
  readonly nodeSelectors: readonly LabelSelector[]
  /** One must match the Service's own labels; empty for all Services. */
  readonly serviceSelectors: readonly LabelSelector[]
  /** Exact names; empty for all interfaces. */
  readonly interfaces: readonly string[]
  readonly preferredNodes: readonly PreferredNodes[]
}

export interface PreferredNodes {
  /** 1 to 100; of several that match a node the weights add up. */
  readonly weight: number
  readonly selector: LabelSelector
}

/** Whether the advertisement is about the addresses of a pool. */
export function advertisesPool({ pools, poolSelectors, namespace }: L2Advertisement, pool: Pool): boolean {
  if (pool.dialect !== 'metallb' || pool.namespace !== namespace) return false
  if (pools.length + poolSelectors.length === 0 || pools.includes(pool.name)) return true
  return poolSelectors.some((selector) => selectorMatches(selector, pool.labels))
}
