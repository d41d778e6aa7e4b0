import { compareIp, formatIp } from '#model/ip.ts'
import { AUTO_ASSIGN_ANNOTATION, LOWEST_PRIORITY, PRIORITY_ANNOTATION } from '#crd/pool.ts'
import { NO_PRIORITY, type Pool, type PoolBlock } from '#model/pool.ts'
import { countBuggy, withoutBuggy } from '#model/buggy-ip.ts'
import type { IpRange } from '#model/range.ts'
import { type Audience, audienceOf, type KnownNamespace } from './audience.ts'
import type { Manifest, Note } from './migration.ts'
import { objectName } from './names.ts'
import { selectorJson } from './selectors.ts'

export interface MigratedPool {
  readonly pool: Pool
  readonly name: string
  readonly audience: Audience
  readonly manifest: Manifest
  readonly notes: readonly Note[]
}

/** More blocks than this nobody wants to read, and the API server takes at most 1.5 MiB. */
const MOST_BLOCKS = 1024

/** The CiliumLoadBalancerIPPool that says the most of what a pool of MetalLB says, without giving anything to whom it was not meant for. */
export function migratePool(pool: Pool, namespaces: readonly KnownNamespace[]): MigratedPool {
  const { name, notes: nameNotes } = objectName(pool.name)
  const audience = audienceOf(pool, name, namespaces)
  const { blocks, notes: blockNotes } = blocksOf(pool)
  const { requirements } = audience.selector
  const { labels, notes: labelNotes } = labelsOf(pool)
  const annotations = annotationsOf(pool)
  const manifest: Manifest = {
    apiVersion: 'cilium.io/v2',
    kind: 'CiliumLoadBalancerIPPool',
    metadata: { name, ...unlessEmpty({ labels }), ...unlessEmpty({ annotations }) },
    spec: { blocks, ...(requirements.length === 0 ? {} : { serviceSelector: selectorJson(audience.selector) }) },
  }
  return {
    pool,
    name,
    audience,
    manifest,
    notes: [...nameNotes, ...labelNotes, ...blockNotes, ...audience.notes, ...ownNotes(pool)],
  }
}

type Texts = Readonly<Record<string, string>>

function unlessEmpty(field: Readonly<Record<string, Texts>>): Readonly<Record<string, Texts>> {
  return Object.values(field).every((texts) => Object.keys(texts).length === 0) ? {} : field
}

/** What tells tools that an object is theirs: Argo CD takes away what bears its label and is not in its repository. */
const MANAGERS =
  /^(app\.kubernetes\.io\/(managed-by|instance)|helm\.sh\/|argocd\.argoproj\.io\/|[a-z]+\.toolkit\.fluxcd\.io\/|olm\.|operators\.coreos\.com\/)/

function labelsOf(pool: Pool): { readonly labels: Texts; readonly notes: readonly Note[] } {
  const all = Object.entries(pool.labels)
  const [managers, own] = [true, false].map((wanted) => all.filter(([key]) => MANAGERS.test(key) === wanted))
  const text = 'they say which tool keeps the old object, so the new one does not have them'
  const what = `metadata.labels ${managers?.map(([key]) => key).join(', ')}`
  const notes: readonly Note[] = managers?.length === 0 ? [] : [{ kind: 'differs', what, text }]
  return { labels: Object.fromEntries(own ?? []), notes }
}

/** What a pool of Cilium has no field for, and Balise reads from annotations. */
function annotationsOf({ priority, autoAssign }: Pool): Texts {
  return {
    ...(priority === NO_PRIORITY ? {} : { [PRIORITY_ANNOTATION]: String(Math.min(priority, LOWEST_PRIORITY)) }),
    ...(autoAssign ? {} : { [AUTO_ASSIGN_ANNOTATION]: 'false' }),
  }
}

function ownNotes({ priority, autoAssign }: Pool): readonly Note[] {
  const notes: Note[] = []
  if (priority !== NO_PRIORITY) {
    const text = `it is in annotation ${PRIORITY_ANNOTATION}, which Balise reads and Cilium does not`
    notes.push({ kind: 'differs', what: `spec.serviceAllocation.priority ${priority}`, text })
  }
  if (!autoAssign) {
    const text = `it is in annotation ${AUTO_ASSIGN_ANNOTATION}, which Balise reads; Cilium does not, and would give to every Service that the pool selects`
    notes.push({ kind: 'differs', what: 'spec.autoAssign false', text })
  }
  return notes
}

type BlockJson = Readonly<Record<string, string>>

function blocksOf(pool: Pool): { readonly blocks: readonly BlockJson[]; readonly notes: readonly Note[] } {
  const plain = pool.blocks.map(blockJson)
  const hasBuggy = pool.blocks.some(({ range }) => countBuggy(range) > 0n)
  if (!pool.avoidBuggyIps || !hasBuggy) return { blocks: plain, notes: [] }
  const parts: BlockJson[] = []
  for (const { range } of pool.blocks) {
    for (const part of withoutBuggy(range)) {
      parts.push(rangeJson(part))
      if (parts.length <= MOST_BLOCKS) continue
      const text = `without the addresses that end in .0 and .255 there would be more than ${MOST_BLOCKS} blocks; they are given out as well`
      return { blocks: plain, notes: [{ kind: 'lost', what: 'spec.avoidBuggyIPs true', text }] }
    }
  }
  const text = 'the blocks are written without the addresses that end in .0 and .255'
  return { blocks: parts, notes: [{ kind: 'differs', what: 'spec.avoidBuggyIPs true', text }] }
}

function blockJson({ range, text }: PoolBlock): BlockJson {
  return text.includes('/') ? { cidr: text } : rangeJson(range)
}

function rangeJson({ first, last }: IpRange): BlockJson {
  const start = formatIp(first)
  return compareIp(first, last) === 0 ? { start } : { start, stop: formatIp(last) }
}
