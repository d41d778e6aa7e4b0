import { LEGACY_CONFIG } from '#crd/metallb/kinds.ts'
import { decodeLegacyConfig, type LegacyPool, type NotTakenOver } from '#crd/metallb/legacy-config.ts'
import { parseYaml } from '#io/yaml/parse-yaml.ts'
import type { L2Advertisement } from '#model/l2-advertisement.ts'
import type { Note } from './migration.ts'
import { mistakeNotes } from './mistakes.ts'
import { fieldIn, type Sorted } from './sort.ts'

/** The ConfigMap of old as today's objects. */
export interface ReadLegacy {
  readonly found: Sorted
  readonly pools: readonly LegacyPool[]
  /** What `protocol: layer2` says; undefined when no pool has it. */
  readonly advertisement: L2Advertisement | undefined
  readonly notes: readonly Note[]
}

/** Undefined for a ConfigMap that is none of MetalLB's. */
export function readLegacy(found: Sorted): ReadLegacy | undefined {
  const metadata = fieldIn(found.object, 'metadata')
  const text = fieldIn(fieldIn(found.object, 'data'), LEGACY_CONFIG.key)
  if (fieldIn(metadata, 'name') !== LEGACY_CONFIG.name || text === undefined) return undefined
  const [document, ...more] = typeof text === 'string' ? parseYaml(text) : []
  const problem = document?.ok === false ? document.error.problem : more.length > 0 ? 'has more than one document' : ''
  if (problem !== '') {
    const note: Note = {
      kind: 'mistake',
      what: `data.${LEGACY_CONFIG.key}`,
      text: `${problem}: mend it, and run this again`,
    }
    return { found, pools: [], advertisement: undefined, notes: [note] }
  }
  const config = document?.ok === true ? document.value : undefined
  const { value, mistakes } = decodeLegacyConfig(found.object, config)
  const pools = value?.pools ?? []
  const layer2 = pools.filter(({ protocol }) => protocol === 'layer2').map(({ pool }) => pool.name)
  const namespace = pools[0]?.pool.namespace ?? ''
  return {
    found,
    pools,
    advertisement: layer2.length === 0 ? undefined : advertisementOf(namespace, layer2),
    notes: [...mistakeNotes(mistakes), ...(value?.notTakenOver ?? []).map(partNote)],
  }
}

function partNote({ path, reason }: NotTakenOver): Note {
  return { kind: 'notTakenOver', what: path, text: reason }
}

function advertisementOf(namespace: string, pools: readonly string[]): L2Advertisement {
  const everything = { poolSelectors: [], nodeSelectors: [], serviceSelectors: [], interfaces: [], preferredNodes: [] }
  return { name: 'metallb-layer2', namespace, generation: 0, pools, ...everything }
}
