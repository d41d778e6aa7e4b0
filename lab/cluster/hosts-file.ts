import { formatIp } from '#model/ip.ts'
import type { Topology, TopologyHost } from '#lab/topology/topology.ts'

/** The files that every host of a lab has: its name, the names of the others, and a resolver that nobody serves. */
export function commonFiles(topology: Topology, host: TopologyHost): Readonly<Record<string, string>> {
  const names = topology.hosts.flatMap(({ addresses, name }) => addresses.map((ip) => `${formatIp(ip)} ${name}`))
  const router = topology.hosts.find(({ role }) => role === 'router')
  const nameserver = router === undefined ? '' : `nameserver ${formatIp(router.address)}\n`
  return {
    '/etc/hostname': `${host.name}\n`,
    '/etc/hosts': `${['127.0.0.1 localhost', ...names].join('\n')}\n`,
    '/etc/resolv.conf': `${nameserver}options timeout:1 attempts:1\n`,
  }
}
