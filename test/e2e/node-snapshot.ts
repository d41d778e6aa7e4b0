import type { ClusterLab } from './cluster-lab.ts'

/**
 * What a network plugin or a load balancer can leave on a node, one question a line; the answers of a node before an installation and
 * after everything was removed have to be the same.
 */
const QUESTIONS: Readonly<Record<string, string>> = {
  links: "ip -o link | sed -E 's/^[0-9]+: //; s/ qlen [0-9]+//; s/@if[0-9]+/@peer/'",
  addresses: "ip -o addr | sed -E 's/^[0-9]+: //; s/ (valid_lft|preferred_lft) .*//'",
  'routes of IPv4': 'ip -4 route show table all',
  'routes of IPv6': 'ip -6 route show table all',
  'rules of IPv4': 'ip -4 rule',
  'rules of IPv6': 'ip -6 rule',
  neighbours: 'ip neigh show nud permanent',
  'packet filter': 'nft -s list ruleset',
  'queueing disciplines': 'tc qdisc show',
  'tc filters': 'for d in $(ls /sys/class/net); do tc filter show dev $d ingress; tc filter show dev $d egress; done',
  // bpftool is not on every machine; what is attached is pinned as well
  'eBPF programs': '(bpftool net; bpftool cgroup tree) 2>/dev/null | grep balise',
  'pinned eBPF objects': 'find /sys/fs/bpf -mindepth 1',
  files: 'find /etc/cni/net.d /opt/cni/bin /var/lib/balise /run/balise -mindepth 1 2>/dev/null',
  sysctls:
    "sysctl -a -r '^net\\.(ipv4|ipv6|core)\\.' 2>/dev/null | grep -v -e _cached -e tcp_fastopen_key -e stable_secret",
}

/** The answers of one node, by the question. */
export type NodeSnapshot = Readonly<Record<string, readonly string[]>>

export async function nodeSnapshot(lab: ClusterLab, node: string): Promise<NodeSnapshot> {
  const answers = Object.entries(QUESTIONS).map(async ([what, script]) => {
    const text = (await lab.on(node, 'sh', '-c', script)).stdout
    return [what, text.split('\n').filter(Boolean).toSorted()] as const
  })
  return Object.fromEntries(await Promise.all(answers))
}

/** What of a node is other than before, one line each: `files: + /run/balise`. */
export function differences(before: NodeSnapshot, after: NodeSnapshot): readonly string[] {
  return Object.keys(QUESTIONS).flatMap((what) => {
    const [was = [], is = []] = [before[what], after[what]]
    const gone = was.filter((line) => !is.includes(line)).map((line) => `${what}: - ${line}`)
    return [...gone, ...is.filter((line) => !was.includes(line)).map((line) => `${what}: + ${line}`)]
  })
}
