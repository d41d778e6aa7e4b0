import { formatPrefix, type Prefix } from '#model/prefix.ts'
import { hostsOfRole, LAN_DEVICE, type Topology, type TopologyHost } from '#lab/topology/topology.ts'
import { formatIp } from '#model/ip.ts'

/** A node has a /24 of the pod prefix, as kube-controller-manager hands it out by default. */
const NODE_PREFIX_BITS = 24

/** The pods' prefix of each node: the n-th /24 for the n-th node. */
export function podPrefixOf(topology: Topology, node: TopologyHost): Prefix {
  const index = hostsOfRole(topology, 'node').indexOf(node)
  const { family, value } = topology.podPrefix.address
  return {
    address: { family, value: value + (BigInt(index) << BigInt(32 - NODE_PREFIX_BITS)) },
    lengthBits: NODE_PREFIX_BITS,
  }
}

/** The reference CNI: a veth pair and a route for each pod, addresses from the node's prefix, host ports by portmap. */
export function cniConfig(topology: Topology, node: TopologyHost): string {
  const ranges = [[{ subnet: formatPrefix(podPrefixOf(topology, node)) }]]
  const ipam = { type: 'host-local', ranges, routes: [{ dst: '0.0.0.0/0' }], dataDir: '/var/lib/cni/networks' }
  const plugins = [
    { type: 'ptp', ipMasq: false, mtu: 1500, ipam },
    { type: 'portmap', capabilities: { portMappings: true }, snat: true },
  ]
  return JSON.stringify({ cniVersion: '0.4.0', name: 'reference', plugins }, undefined, 2)
}

/** Routes to the pods of the other nodes, for `ip -batch`. The control plane has them as well, for webhooks and `kubectl proxy`. */
export function podRoutes(topology: Topology, host: TopologyHost): readonly string[] {
  return hostsOfRole(topology, 'node')
    .filter((node) => node !== host)
    .map(
      (node) =>
        `route replace ${formatPrefix(podPrefixOf(topology, node))} via ${formatIp(node.address)} dev ${LAN_DEVICE}`,
    )
}

/** What leaves the cluster bears its node's address, for the LAN knows no way to a pod (nft(8)). The control plane does know one. */
export function masqueradeRules(topology: Topology): string {
  const pods = formatPrefix(topology.podPrefix)
  return `table ip balise-lab-cni {
  chain postrouting {
    type nat hook postrouting priority srcnat;
    ip saddr ${pods} ip daddr != ${pods} oifname "${LAN_DEVICE}" masquerade
  }
}
`
}
