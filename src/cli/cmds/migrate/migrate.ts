import { decodeAddressPool } from '#crd/metallb/address-pool.ts'
import { NOT_TAKEN_OVER, STATUS_KINDS } from '#crd/metallb/kinds.ts'
import { decodeL2Advertisement } from '#crd/metallb/l2-advertisement.ts'
import { readMetadata } from '#crd/metadata.ts'
import { rootPlace } from '#crd/place.ts'
import { advertisesPool, type L2Advertisement } from '#model/l2-advertisement.ts'
import type { KnownNamespace } from './audience.ts'
import { existingOf, withoutDoubles } from './doubles.ts'
import { readLegacy } from './legacy.ts'
import type { FoundObject, Manifest, Migration, Note, Outcome } from './migration.ts'
import { mistakeNotes } from './mistakes.ts'
import { migrateAdvertisement } from './policy.ts'
import { exclusionNotes, type KnownNode, readNode } from './nodes.ts'
import { type MigratedPool, migratePool } from './pool.ts'
import { type FoundService, readServices, serviceOutcomes, tenantNotes } from './services.ts'
import { type Sorted, sortObjects } from './sort.ts'

interface PlacedPool extends MigratedPool {
  readonly found: Sorted
}

interface PlacedAdvertisement {
  readonly advertisement: L2Advertisement
  readonly found: Sorted
  readonly notes: readonly Note[]
}

/** What a configuration of MetalLB becomes. Every object that was found is in it, with what is kept of it or why nothing is. */
export function migrate(objects: readonly FoundObject[]): Migration {
  const sorted = sortObjects(objects)
  const namespaces = sorted.namespaces.flatMap(({ object }) => readNamespace(object) ?? [])
  const nodes = sorted.nodes.flatMap(({ object }) => readNode(object) ?? [])
  const services = readServices(sorted.services)
  const legacies = sorted.configMaps.flatMap((found) => readLegacy(found) ?? [])
  const failed: Outcome[] = []
  const pools: PlacedPool[] = [
    ...sorted.pools.flatMap((found) => readPool(found, namespaces, failed)),
    ...legacies.flatMap(({ found, pools: old }) =>
      old.map(({ pool }) => ({ ...migratePool(pool, namespaces), found })),
    ),
  ]
  const advertisements: PlacedAdvertisement[] = [
    ...sorted.advertisements.flatMap((found) => readAdvertisement(found, failed)),
    ...legacies.flatMap(({ found, advertisement }) =>
      advertisement === undefined ? [] : [{ advertisement, found, notes: [] }],
    ),
  ]
  const byBgp = sorted.otherKinds.some(({ kind }) => kind === 'BGPAdvertisement')
  const strangers = [
    ...sorted.strangers,
    ...sorted.configMaps.filter((found) => !legacies.some((legacy) => legacy.found === found)),
  ]
  const outcomes = [
    ...legacies.filter(({ notes }) => notes.length > 0).map(({ found, notes }) => outcomeOf(found, [], notes)),
    ...pools.map((pool) => poolOutcome(pool, advertisements, services, byBgp)),
    ...advertisements.map((placed) => advertisementOutcome(placed, pools, services, nodes)),
    ...failed,
    ...sorted.otherKinds.map((found) => outcomeOf(found, [], [otherKindNote(found.kind)])),
    ...serviceOutcomes(
      services,
      pools.map(({ pool }) => pool),
    ),
    ...strangerOutcomes(strangers),
  ]
  return { version: 1, outcomes: withoutDoubles(outcomes, existingOf(sorted.existing)) }
}

function outcomeOf({ subject, source }: Sorted, manifests: readonly Manifest[], notes: readonly Note[]): Outcome {
  return { subject, source, manifests, notes }
}

function readNamespace(object: unknown): KnownNamespace | undefined {
  const metadata = readMetadata(rootPlace(object))
  return metadata === undefined ? undefined : { name: metadata.name, labels: metadata.labels }
}

const UNREADABLE: Note = {
  kind: 'notTakenOver',
  what: '',
  text: 'with these mistakes it is not known whom it is for, so nothing is written for it',
}

function readPool(found: Sorted, namespaces: readonly KnownNamespace[], failed: Outcome[]): readonly PlacedPool[] {
  const { value, mistakes } = decodeAddressPool(found.object)
  if (value === undefined) {
    failed.push(outcomeOf(found, [], [...mistakeNotes(mistakes), UNREADABLE]))
    return []
  }
  const migrated = migratePool(value, namespaces)
  return [{ ...migrated, notes: [...mistakeNotes(mistakes), ...migrated.notes], found }]
}

function readAdvertisement(found: Sorted, failed: Outcome[]): readonly PlacedAdvertisement[] {
  const { value, mistakes } = decodeL2Advertisement(found.object)
  const notes = mistakeNotes(mistakes)
  if (value !== undefined) return [{ advertisement: value, found, notes }]
  failed.push(outcomeOf(found, [], [...notes, UNREADABLE]))
  return []
}

function poolOutcome(
  { found, pool, manifest, notes, audience }: PlacedPool,
  advertisements: readonly PlacedAdvertisement[],
  services: readonly FoundService[],
  byBgp: boolean,
): Outcome {
  const isAdvertised = advertisements.some(({ advertisement }) => advertisesPool(advertisement, pool))
  const silent: Note = byBgp
    ? {
        kind: 'notTakenOver',
        what: 'announcement',
        text: 'no L2Advertisement is about it, and this version of Balise speaks no BGP',
      }
    : {
        kind: 'mistake',
        what: 'announcement',
        text: 'no L2Advertisement is about it: nobody answers for its addresses',
      }
  const isWritten = manifest.spec['blocks'] instanceof Array && manifest.spec['blocks'].length > 0
  const all = [
    ...notes,
    ...(audience.byLabel ? tenantNotes(pool, services) : []),
    ...(isAdvertised || found.kind === 'ConfigMap' ? [] : [silent]),
  ]
  const subject = found.kind === 'ConfigMap' ? `${found.subject}, pool ${pool.name}` : found.subject
  return { subject, source: found.source, manifests: isWritten ? [manifest] : [], notes: all }
}

function advertisementOutcome(
  { advertisement, found, notes }: PlacedAdvertisement,
  pools: readonly PlacedPool[],
  services: readonly FoundService[],
  nodes: readonly KnownNode[],
): Outcome {
  const migrated = migrateAdvertisement(advertisement, pools)
  const unlabelled = pools.filter(({ name }) => migrated.unlabelled.includes(name))
  const all = [
    ...notes,
    ...migrated.notes,
    ...(migrated.manifests.length === 0 ? [] : exclusionNotes(advertisement, nodes)),
    ...unlabelled.flatMap(({ pool }) => tenantNotes(pool, services)),
  ]
  const subject = found.kind === 'ConfigMap' ? `${found.subject}, protocol layer2` : found.subject
  return { subject, source: found.source, manifests: migrated.manifests, notes: all }
}

function otherKindNote(kind: string): Note {
  const known = Object.hasOwn(NOT_TAKEN_OVER, kind) ? NOT_TAKEN_OVER[kind] : undefined
  const status = STATUS_KINDS.includes(kind)
    ? 'MetalLB writes it to tell how things stand; there is nothing to keep'
    : undefined
  return { kind: 'notTakenOver', what: '', text: known ?? status ?? 'this version of Balise does not know this kind' }
}

/** One line for all: a manifest that installs MetalLB has dozens of objects that are not its configuration. */
function strangerOutcomes(strangers: readonly Sorted[]): readonly Outcome[] {
  if (strangers.length === 0) return []
  const kinds = [...new Set(strangers.map(({ kind }) => kind || 'no kind'))].toSorted().join(', ')
  const text = `no configuration of MetalLB (${kinds})`
  const subject = strangers.length === 1 ? (strangers[0]?.subject ?? '') : `${strangers.length} other objects`
  const [first] = strangers
  return [{ subject, source: first?.source ?? '', manifests: [], notes: [{ kind: 'notTakenOver', what: '', text }] }]
}
