import { compareIp, formatIp } from '#model/ip.ts'
import { NO_PRIORITY, type Pool, type PoolBlock } from '#model/pool.ts'
import { withoutBuggy } from '#model/buggy-ip.ts'
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
  const manifest: Manifest = {
    apiVersion: 'cilium.io/v2',
    kind: 'CiliumLoadBalancerIPPool',
    metadata: { name, ...(Object.keys(pool.labels).length === 0 ? {} : { labels: pool.labels }) },
    spec: { blocks, ...(requirements.length === 0 ? {} : { serviceSelector: selectorJson(audience.selector) }) },
  }
  return {
    pool,
    name,
    audience,
    manifest,
    notes: [...nameNotes, ...blockNotes, ...audience.notes, ...priorityNotes(pool)],
  }
}

function priorityNotes({ priority }: Pool): readonly Note[] {
  if (priority === NO_PRIORITY) return []
  const what = `spec.serviceAllocation.priority ${priority}`
  const text =
    'pools of Cilium have no priority: the one with the narrower selector comes first, then the one whose name is first'
  return [{ kind: 'lost', what, text }]
}

type BlockJson = Readonly<Record<string, string>>

function blocksOf(pool: Pool): { readonly blocks: readonly BlockJson[]; readonly notes: readonly Note[] } {
  const plain = pool.blocks.map(blockJson)
  if (!pool.avoidBuggyIps) return { blocks: plain, notes: [] }
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
