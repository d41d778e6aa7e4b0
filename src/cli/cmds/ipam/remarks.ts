import type { FoundObject } from '#cli/cmds/migrate/migration.ts'
import { decodePoolPolicy } from '#crd/pool-policy.ts'
import { decodePool } from '#crd/pool.ts'
import { type Allocation, allocate, type IpamInput } from '#ipam/allocate.ts'
import { findConflicts } from '#ipam/conflicts.ts'
import { serviceCondition } from '#ipam/service-condition.ts'
import { formatMistake } from '#model/condition.ts'
import { formatRange } from '#model/range.ts'
import { POOL_POLICIES, POOLS, SERVICES } from '#ports/kube-resources.ts'

/** What would not be as the change means it, although nobody moves for it: mistakes, pools in conflict, Services that lack something. */
export function remarksOf(found: readonly FoundObject[], before: IpamInput, after: IpamInput): readonly string[] {
  const { assignments } = allocate(after)
  return [...found.flatMap(({ object }) => remarksOn(object, assignments)), ...newConflicts(before, after)]
}

function remarksOn(object: unknown, assignments: Allocation['assignments']): readonly string[] {
  const { kind, metadata } = object as {
    readonly kind: string
    readonly metadata: { readonly name: string; readonly namespace?: string }
  }
  switch (kind) {
    case POOLS.kind:
    case POOL_POLICIES.kind: {
      const { mistakes } = kind === POOLS.kind ? decodePool(object) : decodePoolPolicy(object)
      return mistakes.map((mistake) => `${kind} ${metadata.name}: ${formatMistake(mistake)}`)
    }
    case SERVICES.kind: {
      const key = `${metadata.namespace ?? 'default'}/${metadata.name}`
      const assignment = assignments.get(key)
      const message = assignment === undefined ? '' : serviceCondition(assignment).message
      return message === '' ? [] : [`Service ${key}: ${message}`]
    }
    default:
      return []
  }
}

function newConflicts(before: IpamInput, after: IpamInput): readonly string[] {
  const known = findConflicts(before.pools)
  return Array.from(findConflicts(after.pools), ([pool, { range, otherRange, otherPool }]) =>
    known.has(pool)
      ? []
      : [
          `Pool ${pool} would give out nothing, for ${formatRange(range)} overlaps ${formatRange(otherRange)} of pool ${otherPool}`,
        ],
  ).flat()
}
