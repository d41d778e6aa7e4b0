import { ALLOCATED_FROM } from '#model/l2-policy.ts'
import type { Pool } from '#model/pool.ts'
import type { Labels } from '#model/selector.ts'

const OLD_ALLOCATED_FROM = 'metallb.universe.tf/ip-allocated-from-pool'

/** A merge patch (RFC 7386) of `metadata.annotations`: null takes one away. */
export type AnnotationPatch = Readonly<Record<string, string | null>>

/**
 * What must change for the annotations of a Service to tell which pool its addresses are from; undefined when nothing must. `pool` is that
 * of its first address, undefined when it has none. Only pools of MetalLB's dialect are named, as there.
 */
export function allocatedFromPatch(annotations: Labels, pool: Pool | undefined): AnnotationPatch | undefined {
  const name = pool?.dialect === 'metallb' ? pool.name : undefined
  const now = annotations[ALLOCATED_FROM]
  const patch = {
    ...(now === name ? {} : { [ALLOCATED_FROM]: name ?? null }),
    ...(annotations[OLD_ALLOCATED_FROM] === undefined ? {} : { [OLD_ALLOCATED_FROM]: null }),
  }
  return Object.keys(patch).length === 0 ? undefined : patch
}
