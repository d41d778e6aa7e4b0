import type { ForwardDrop } from '#model/node-network.ts'
import { parsePrefix, type Prefix } from '#model/prefix.ts'
import { parseIp, WIDTH_BITS } from '#model/ip.ts'
import { runProgram } from './run-program.ts'

/** The chains of iptables, of nft's making, that forwarded packets go through. */
const CHAINS = [
  { family: 'IPv4', table: 'ip' },
  { family: 'IPv6', table: 'ip6' },
] as const

/** Those that drop what no rule accepts, as Docker and some firewalls leave them. */
export async function readForwardDrops(): Promise<readonly ForwardDrop[]> {
  const found = await Promise.all(
    CHAINS.map(async ({ family, table }) => {
      const { code, stdout } = await runProgram(['nft', '-json', 'list', 'chain', table, 'filter', 'FORWARD'])
      return code === 0 ? parseForwardChain(stdout, family) : []
    }),
  )
  return found.flat()
}

interface NftObject {
  readonly chain?: { readonly policy?: string }
  readonly rule?: { readonly expr?: readonly NftExpression[] }
}

interface NftExpression {
  readonly accept?: unknown
  readonly match?: { readonly left?: { readonly payload?: { readonly field?: string } }; readonly right?: unknown }
}

/** What `nft -json list chain` prints of one chain. */
export function parseForwardChain(json: string, family: ForwardDrop['family']): readonly ForwardDrop[] {
  const { nftables = [] } = JSON.parse(json) as { readonly nftables?: readonly NftObject[] }
  if (!nftables.some(({ chain }) => chain?.policy === 'drop')) return []
  return [{ family, accepted: nftables.flatMap(({ rule }) => acceptedSources(rule?.expr ?? [])) }]
}

/** Sources that a rule accepts whatever else is true of a packet. */
function acceptedSources(expressions: readonly NftExpression[]): readonly Prefix[] {
  const matches = expressions.flatMap(({ match }) => (match === undefined ? [] : [match]))
  const [only] = matches
  const isAccept = expressions.some((expression) => 'accept' in expression)
  if (!isAccept || matches.length !== 1 || only?.left?.payload?.field !== 'saddr') return []
  const prefix = readPrefix(only.right)
  return prefix === undefined ? [] : [prefix]
}

/** `"10.0.0.1"` or `{"prefix": {"addr": "10.0.0.0", "len": 8}}` */
function readPrefix(right: unknown): Prefix | undefined {
  if (typeof right === 'string') {
    const ip = parseIp(right)
    return ip.ok ? { address: ip.value, lengthBits: WIDTH_BITS[ip.value.family] } : undefined
  }
  const { addr, len } = (right as { readonly prefix?: { readonly addr?: string; readonly len?: number } }).prefix ?? {}
  const prefix = parsePrefix(`${addr}/${len}`)
  return prefix.ok ? prefix.value : undefined
}
