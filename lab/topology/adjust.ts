import { formatIp, type Ip } from '#model/ip.ts'
import { prefixContains } from '#model/prefix.ts'
import { LabError } from '#lab/state/lab-error.ts'
import { hostsOfRole, type LabSize, type Topology, type TopologyHost } from './topology.ts'

export interface Adjustments {
  readonly nodes?: number | undefined
  readonly size?: LabSize | undefined
}

/** The topology with another number of nodes or another size. Nodes beyond those it names follow on the highest address of a node. */
export function adjustTopology(topology: Topology, { nodes, size }: Adjustments): Topology {
  const sized = size === undefined ? topology : { ...topology, size }
  return nodes === undefined ? sized : { ...sized, hosts: withNodes(sized, nodes) }
}

function withNodes(topology: Topology, count: number): readonly TopologyHost[] {
  const named = hostsOfRole(topology, 'node')
  const kept = new Set(named.slice(0, count))
  const hosts = topology.hosts.filter((host) => host.role !== 'node' || kept.has(host))
  for (let number = named.length; number < count; number++) hosts.push(nextNode(topology, hosts, number))
  return hosts
}

function nextNode(topology: Topology, hosts: readonly TopologyHost[], number: number): TopologyHost {
  const taken = new Set(hosts.map((host) => host.address.value))
  const highest = hosts.filter((host) => host.role === 'node').map((host) => host.address.value)
  let address: Ip = { family: 'IPv4', value: highest.reduce((a, b) => (a > b ? a : b)) + 1n }
  while (taken.has(address.value)) address = { ...address, value: address.value + 1n }
  if (!prefixContains(topology.lan, address)) {
    throw new LabError(
      `Node ${number} would have the address ${formatIp(address)}, which is not on the LAN: take fewer nodes`,
    )
  }
  return { name: `node${number}-lab`, role: 'node', address, labels: {} }
}
