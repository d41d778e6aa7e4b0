import { formatPrefix, type Prefix } from '#model/prefix.ts'
import { addressOf, deviceOf, hostsOfRole, type Topology, type TopologyHost } from '#lab/topology/topology.ts'
import { type Family, formatIp, WIDTH_BITS } from '#model/ip.ts'

/** A node has a /24 and a /64 of the pod prefixes, as kube-controller-manager hands them out by default. */
const NODE_PREFIX_BITS: { readonly [F in Family]: number } = { IPv4: 24, IPv6: 64 }

/** The pods' prefixes of each node, one of each family: the n-th for the n-th node. */
export function podPrefixesOf(topology: Topology, node: TopologyHost): readonly Prefix[] {
  const index = BigInt(hostsOfRole(topology, 'node').indexOf(node))
  return topology.podPrefixes.map(({ address: { family, value } }) => {
    const lengthBits = NODE_PREFIX_BITS[family]
    return { address: { family, value: value + (index << BigInt(WIDTH_BITS[family] - lengthBits)) }, lengthBits }
  })
}

/** What the configuration of the reference CNI calls, and containerd for each pod's loopback device. */
export const REFERENCE_PLUGINS = ['host-local', 'loopback', 'portmap', 'ptp'] as const

/** The reference CNI: a veth pair and a route for each pod, addresses from the node's prefix, host ports by portmap. */
export function cniConfig(topology: Topology, node: TopologyHost): string {
  const ranges = podPrefixesOf(topology, node).map((prefix) => [{ subnet: formatPrefix(prefix) }])
  const routes = topology.podPrefixes.map(({ address }) => ({ dst: address.family === 'IPv4' ? '0.0.0.0/0' : '::/0' }))
  const ipam = { type: 'host-local', ranges, routes, dataDir: '/var/lib/cni/networks' }
  const plugins = [
    { type: 'ptp', ipMasq: false, mtu: 1500, ipam },
    { type: 'portmap', capabilities: { portMappings: true }, snat: true },
  ]
  return JSON.stringify({ cniVersion: '0.4.0', name: 'reference', plugins }, undefined, 2)
}

/** Routes to the pods of the other nodes, for `ip -batch`. The control plane has them as well, for webhooks and `kubectl proxy`. */
export function podRoutes(topology: Topology, host: TopologyHost): readonly string[] {
  const device = deviceOf(topology, host)
  return hostsOfRole(topology, 'node')
    .filter((node) => node !== host)
    .flatMap((node) =>
      podPrefixesOf(topology, node).flatMap((prefix) => {
        const via = addressOf(node, prefix.address.family)
        return via === undefined ? [] : [`route replace ${formatPrefix(prefix)} via ${formatIp(via)} dev ${device}`]
      }),
    )
}

/** What leaves the cluster bears its node's address, for the LAN knows no way to a pod (nft(8)). The control plane does know one. */
export function masqueradeRules(topology: Topology, node: TopologyHost): string {
  const rules = topology.podPrefixes.map((prefix) => {
    const pods = formatPrefix(prefix)
    const ip = prefix.address.family === 'IPv4' ? 'ip' : 'ip6'
    return `${ip} saddr ${pods} ${ip} daddr != ${pods} oifname "${deviceOf(topology, node)}" masquerade`
  })
  return `table inet balise-lab-cni {
  chain postrouting {
    type nat hook postrouting priority srcnat;
    ${rules.join('\n    ')}
  }
}
`
}
