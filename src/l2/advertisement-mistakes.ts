import type { Mistake } from '#model/condition.ts'
import type { L2Advertisement } from '#model/l2-advertisement.ts'
import { advertisesPool } from '#model/l2-advertisement.ts'
import type { Pool } from '#model/pool.ts'
import { formatSelector } from '#model/selector.ts'

/** Mistakes of an L2Advertisement that show only against the pools, and what of it has no effect. */
export function advertisementMistakes(
  advertisement: L2Advertisement,
  addressPools: readonly Pool[],
): readonly Mistake[] {
  const { pools, poolSelectors, namespace, preferredNodes } = advertisement
  const own = addressPools.filter((pool) => pool.namespace === namespace)
  const there = listSome(own.map(({ name }) => name).toSorted())
  const unknown = pools
    .filter((name) => !own.some((pool) => pool.name === name))
    .map((value) => ({
      path: 'spec.ipAddressPools',
      value,
      problem: `is no pool of namespace ${namespace}`,
      remedy: there === '' ? 'create an IPAddressPool of this name there' : `the pools there are ${there}`,
    }))
  const idle = poolSelectors
    .filter(
      (selector) =>
        !own.some((pool) => advertisesPool({ ...advertisement, pools: [], poolSelectors: [selector] }, pool)),
    )
    .map((selector) => ({
      path: 'spec.ipAddressPoolSelectors',
      value: formatSelector(selector),
      problem: `selects no pool of namespace ${namespace}`,
      remedy: 'label an IPAddressPool so, or change the selector',
    }))
  const preference = {
    path: 'spec.preferredNodeSelectors',
    value: '',
    problem: 'has no effect: Balise spreads addresses evenly over the nodes that may answer',
    remedy: 'remove it, or narrow nodeSelectors',
  }
  return [...unknown, ...idle, ...(preferredNodes.length > 0 ? [preference] : [])]
}

const MOST_NAMES = 20

function listSome(names: readonly string[]): string {
  const rest = names.length - MOST_NAMES
  return rest <= 0 ? names.join(', ') : `${names.slice(0, MOST_NAMES).join(', ')} and ${rest} more`
}
