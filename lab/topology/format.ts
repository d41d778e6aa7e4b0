import { formatIp } from '#model/ip.ts'
import { formatPrefix } from '#model/prefix.ts'
import { stringify } from 'yaml'
import type { Topology } from './topology.ts'

/** The file that `parseTopology` reads back as the same topology. */
export function formatTopology(topology: Topology): string {
  const { name, description, lan, size, cni, kubeProxy, podPrefix, servicePrefix, hosts, guide, values } = topology
  return stringify({
    name,
    description,
    lan: { prefix: formatPrefix(lan) },
    cluster: { size, cni, kubeProxy, podPrefix: formatPrefix(podPrefix), servicePrefix: formatPrefix(servicePrefix) },
    hosts: hosts.map((host) => ({ ...host, address: formatIp(host.address) })),
    ...(guide === undefined ? {} : { guide }),
    values,
  })
}
