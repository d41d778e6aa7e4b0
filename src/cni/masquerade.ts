import { compareIp, type Family } from '#model/ip.ts'
import { MASQUERADE_TABLE } from '#model/node-network.ts'
import { formatPrefix, mustParsePrefix, type Prefix } from '#model/prefix.ts'

export interface MasqueradeInput {
  /** Families whose pods are masqueraded. */
  readonly families: readonly Family[]
  /** Of this node: where the packets come from. */
  readonly podCidrs: readonly Prefix[]
  /** Destinations that see the pod's own address, beside those that every node has (`NEVER`). */
  readonly direct: readonly Prefix[]
}

/**
 * Source ports of masqueraded connections: above those of the load balancer's own SNAT and of NodePorts, so that no two translations meet in
 * one port. A port of the pod that lies in it is kept.
 */
const PORTS = '32768-65535'

/** Link-local, multicast and broadcast never leave the link, and are meant for who is asked by them (RFC 3927, 5771, 919, 4291). */
const NEVER: { readonly [F in Family]: readonly Prefix[] } = {
  IPv4: ['169.254.0.0/16', '224.0.0.0/4', '255.255.255.255/32'].map(mustParsePrefix),
  IPv6: ['fe80::/10', 'ff00::/8'].map(mustParsePrefix),
}

const WORDS: { readonly [F in Family]: { readonly ip: string; readonly type: string; readonly digit: string } } = {
  IPv4: { ip: 'ip', type: 'ipv4_addr', digit: '4' },
  IPv6: { ip: 'ip6', type: 'ipv6_addr', digit: '6' },
}

/**
 * The table as nft(8) reads it: packets of this node's pods to anywhere else than `direct` bear the address of the device that they leave by.
 * Undefined when there is nothing to masquerade. Connections that began outside are not touched, for the NAT chains see only the first packet of
 * a connection: answers of pods behind a load balancer keep the pod's address until the load balancer puts its own in.
 */
export function masqueradeRuleset({ families, podCidrs, direct }: MasqueradeInput): string | undefined {
  const concerned = families.filter((family) => podCidrs.some(({ address }) => address.family === family))
  if (concerned.length === 0) return undefined
  const sets = concerned.flatMap((family) => {
    const ofFamily = (prefixes: readonly Prefix[]): readonly Prefix[] =>
      prefixes.filter(({ address }) => address.family === family)
    return [
      set(`pods${WORDS[family].digit}`, family, ofFamily(podCidrs)),
      set(`direct${WORDS[family].digit}`, family, [...NEVER[family], ...ofFamily([...podCidrs, ...direct])]),
    ]
  })
  const rules = concerned.flatMap(rulesOf).map((rule) => `    ${rule}\n`)
  return `table inet ${MASQUERADE_TABLE} {
${sets.join('')}  chain postrouting {
    type nat hook postrouting priority srcnat; policy accept;
${rules.join('')}  }
}
`
}

function set(name: string, family: Family, prefixes: readonly Prefix[]): string {
  const elements = [...new Set(prefixes.toSorted(comparePrefix).map(formatPrefix))].join(', ')
  return `  set ${name} {
    type ${WORDS[family].type}; flags interval; auto-merge
    elements = { ${elements} }
  }
`
}

function rulesOf(family: Family): readonly string[] {
  const { ip, digit } = WORDS[family]
  const match = `${ip} saddr @pods${digit} ${ip} daddr != @direct${digit}`
  return [`${match} meta l4proto { tcp, udp } masquerade to :${PORTS}`, `${match} masquerade`]
}

function comparePrefix(a: Prefix, b: Prefix): number {
  return compareIp(a.address, b.address) || a.lengthBits - b.lengthBits
}
