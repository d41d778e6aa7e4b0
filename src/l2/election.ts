import { compareIp, formatIp, type Ip } from '#model/ip.ts'
import { hashText, rankOf, type TextHash } from './rank.ts'

/** An address to be given an owner. */
export interface Candidacy {
  readonly address: Ip
  /** Nodes that may own it, in any order. */
  readonly eligible: readonly string[]
  /** Nodes that say that they hold it, and since when, in milliseconds; eligible or not. */
  readonly holders: ReadonlyMap<string, number>
}

export interface Election {
  readonly owner: string | undefined
  /** `holding`: an eligible holder keeps it; `elected`: nobody eligible held it; `none`: nobody may. */
  readonly decision: 'holding' | 'elected' | 'none'
}

/** How far above the mean a node is filled by election: ceil(1.25 x addresses / nodes). */
export const LOAD_FACTOR = 1.25

/**
 * The owner of every address, by its text: same input in any order, same answer on every node.
 *
 * An eligible holder keeps its address; of several, the one that holds it longest (ties: the greater rank), so that a node that comes back
 * takes nothing away. The rest go by rendezvous rank to a node that is below the bound, where one is.
 */
export function elect(candidacies: readonly Candidacy[]): ReadonlyMap<string, Election> {
  const sorted = candidacies.toSorted((a, b) => compareIp(a.address, b.address))
  const ranks = createRanks()
  const loads = new Map<string, number>()
  const result = new Map<string, Election>()
  for (const candidacy of sorted) {
    const holder = longestHolder(candidacy, ranks)
    if (holder === undefined) continue
    loads.set(holder, (loads.get(holder) ?? 0) + 1)
    result.set(formatIp(candidacy.address), { owner: holder, decision: 'holding' })
  }
  const bound = loadBound(sorted)
  for (const candidacy of sorted) {
    const text = formatIp(candidacy.address)
    if (result.has(text)) continue
    const owner = place(candidacy, loads, bound, ranks)
    if (owner !== undefined) loads.set(owner, (loads.get(owner) ?? 0) + 1)
    result.set(text, { owner, decision: owner === undefined ? 'none' : 'elected' })
  }
  return result
}

/** The most addresses that election gives to a node, as long as every address has a node below it. */
export function loadBound(candidacies: readonly Candidacy[]): number {
  const nodes = new Set(candidacies.flatMap((candidacy) => candidacy.eligible))
  const addresses = candidacies.filter((candidacy) => candidacy.eligible.length > 0).length
  return nodes.size === 0 ? 0 : Math.ceil((LOAD_FACTOR * addresses) / nodes.size)
}

type Ranks = (node: string, address: Ip) => number

function createRanks(): Ranks {
  const nodes = new Map<string, TextHash>()
  let last: { address: Ip; hash: TextHash } | undefined
  return (node, address) => {
    const nodeHash = nodes.get(node) ?? hashText(node)
    nodes.set(node, nodeHash)
    if (last?.address !== address) last = { address, hash: hashText(formatIp(address)) }
    return rankOf(nodeHash, last.hash)
  }
}

function longestHolder({ address, eligible, holders }: Candidacy, ranks: Ranks): string | undefined {
  if (holders.size === 0) return undefined
  return eligible
    .filter((node) => holders.has(node))
    .toSorted((a, b) => (holders.get(a) ?? 0) - (holders.get(b) ?? 0) || byRank(ranks, address)(a, b))[0]
}

/** The best rank below the bound; where all are full, the least loaded. */
function place(
  { address, eligible }: Candidacy,
  loads: ReadonlyMap<string, number>,
  bound: number,
  ranks: Ranks,
): string | undefined {
  const load = (node: string): number => loads.get(node) ?? 0
  const ranked = eligible.toSorted(byRank(ranks, address))
  return ranked.find((node) => load(node) < bound) ?? ranked.toSorted((a, b) => load(a) - load(b))[0]
}

function byRank(ranks: Ranks, address: Ip): (a: string, b: string) => number {
  return (a, b) => ranks(b, address) - ranks(a, address) || (a < b ? -1 : a > b ? 1 : 0)
}
