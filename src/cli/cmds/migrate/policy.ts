import { advertisesPool, type L2Advertisement } from '#model/l2-advertisement.ts'
import { type LabelSelector, SELECT_ALL } from '#model/selector.ts'
import { POOL_LABEL } from './audience.ts'
import type { Manifest, Note } from './migration.ts'
import { objectName, poolLabel } from './names.ts'
import type { MigratedPool } from './pool.ts'
import { bothOf, inSelector, selectorJson } from './selectors.ts'

interface Scope {
  /** One policy for each: policies of Cilium add up, as selectors of MetalLB do. */
  readonly services: readonly LabelSelector[]
  readonly notes: readonly Note[]
  readonly unlabelled: readonly string[]
}

export interface MigratedAdvertisement {
  readonly manifests: readonly Manifest[]
  readonly notes: readonly Note[]
  /** Names of pools whose Services need a label to be announced. */
  readonly unlabelled: readonly string[]
}

/** The CiliumL2AnnouncementPolicies that together announce what an L2Advertisement does; none when it is about no pool. */
export function migrateAdvertisement(
  advertisement: L2Advertisement,
  pools: readonly MigratedPool[],
): MigratedAdvertisement {
  const scope = scopeOf(advertisement, pools)
  const { name, notes: nameNotes } = objectName(advertisement.name)
  const services = cross(scope.services, advertisement.serviceSelectors)
  const nodes = advertisement.nodeSelectors.length === 0 ? [SELECT_ALL] : advertisement.nodeSelectors
  const pairs = services.flatMap((service) => nodes.map((node) => ({ service, node })))
  const manifests = pairs.map(({ service, node }, index) =>
    policyOf(pairs.length === 1 ? name : `${name}-${index + 1}`, service, node, advertisement.interfaces),
  )
  return {
    manifests,
    notes: [...nameNotes, ...scope.notes, ...preferenceNotes(advertisement)],
    unlabelled: scope.unlabelled,
  }
}

function cross(a: readonly LabelSelector[], b: readonly LabelSelector[]): readonly LabelSelector[] {
  return b.length === 0 ? a : a.flatMap((one) => b.map((other) => bothOf(one, other)))
}

/** Whose addresses: MetalLB goes by the pool of an address, Cilium by the labels of its Service. */
function scopeOf(advertisement: L2Advertisement, pools: readonly MigratedPool[]): Scope {
  const covered = pools.filter(({ pool }) => advertisesPool(advertisement, pool))
  const missing = advertisement.pools
    .filter((name) => !covered.some(({ pool }) => pool.name === name))
    .map(
      (name): Note => ({
        kind: 'mistake',
        what: `spec.ipAddressPools ${name}`,
        text: 'there is no pool of this name here',
      }),
    )
  const isForAll = advertisement.pools.length + advertisement.poolSelectors.length === 0
  if (isForAll || (covered.length === pools.length && covered.length > 0))
    return { services: [SELECT_ALL], notes: missing, unlabelled: [] }
  if (covered.length === 0) {
    const text = 'it is about no pool that is known here, so there is nothing to announce'
    return { services: [], notes: [...missing, { kind: 'notTakenOver', what: '', text }], unlabelled: [] }
  }
  const unlabelled = covered.filter(isForEverybody).map(({ name }) => name)
  return { services: covered.map(selectorFor), notes: [...missing, ...covered.map(noteFor)], unlabelled }
}

function isForEverybody({ audience }: MigratedPool): boolean {
  return audience.selector.requirements.length === 0
}

/** A pool for everybody can be told from others by a label only. */
function selectorFor(pool: MigratedPool): LabelSelector {
  return isForEverybody(pool) ? inSelector(POOL_LABEL, [poolLabel(pool.name)]) : pool.audience.selector
}

function noteFor(migrated: MigratedPool): Note {
  const { pool, name } = migrated
  const what = `spec.ipAddressPools ${pool.name}`
  if (!isForEverybody(migrated)) {
    const text =
      'a policy of Cilium goes by Services: it announces those that the pool selects, whichever pool their address is from'
    return { kind: 'differs', what, text }
  }
  const text = `a policy of Cilium goes by Services, and this pool is for all: give Services with an address of it the label ${POOL_LABEL}=${poolLabel(name)}, or they are not announced`
  return { kind: 'lost', what, text }
}

function preferenceNotes({ preferredNodes }: L2Advertisement): readonly Note[] {
  if (preferredNodes.length === 0) return []
  const text = 'a policy of Cilium has no preferences: addresses are spread evenly over the nodes that it selects'
  return [{ kind: 'lost', what: 'spec.preferredNodeSelectors', text }]
}

function policyOf(name: string, service: LabelSelector, node: LabelSelector, interfaces: readonly string[]): Manifest {
  return {
    apiVersion: 'cilium.io/v2alpha1',
    kind: 'CiliumL2AnnouncementPolicy',
    metadata: { name },
    spec: {
      loadBalancerIPs: true,
      ...(interfaces.length === 0 ? {} : { interfaces: interfaces.map((exact) => `^${escape(exact)}$`) }),
      ...(service.requirements.length === 0 ? {} : { serviceSelector: selectorJson(service) }),
      ...(node.requirements.length === 0 ? {} : { nodeSelector: selectorJson(node) }),
    },
  }
}

/** An exact name as a regular expression (RE2). */
function escape(name: string): string {
  return name.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&')
}
