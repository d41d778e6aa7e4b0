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

/** Beside the last node: the address after the highest that a node has, in each prefix where that one has one. */
function nextNode(topology: Topology, hosts: readonly TopologyHost[], number: number): TopologyHost {
  const last = hosts.findLast((host) => host.role === 'node')
  const addresses = (last?.addresses ?? []).map((beside) => nextAddress(topology, hosts, beside, number))
  const [address] = addresses
  if (address === undefined) throw new Error('A topology without nodes')
  return { name: `node${number}-lab`, role: 'node', address, addresses, labels: {} }
}

function nextAddress({ lans }: Topology, hosts: readonly TopologyHost[], beside: Ip, number: number): Ip {
  const prefix = lans.flatMap(({ prefixes }) => prefixes).find((each) => prefixContains(each, beside))
  const same = hosts.flatMap(({ role, addresses }) =>
    addresses.filter((ip) => prefix !== undefined && prefixContains(prefix, ip)).map(({ value }) => ({ role, value })),
  )
  const taken = new Set(same.map(({ value }) => value))
  const highest = same.filter(({ role }) => role === 'node').map(({ value }) => value)
  let address: Ip = { ...beside, value: highest.reduce((a, b) => (a > b ? a : b)) + 1n }
  while (taken.has(address.value)) address = { ...address, value: address.value + 1n }
  if (prefix === undefined || !prefixContains(prefix, address)) {
    throw new LabError(
      `Node ${number} would have the address ${formatIp(address)}, which is not on the LAN: take fewer nodes`,
    )
  }
  return address
}
