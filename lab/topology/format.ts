import { formatIp } from '#model/ip.ts'
import { formatPrefix } from '#model/prefix.ts'
import { stringify } from 'yaml'
import type { Topology } from './topology.ts'

/** The file that `parseTopology` reads back as the same topology. */
export function formatTopology(topology: Topology): string {
  const { name, description, lans, size, cni, kubeProxy, api, podPrefixes, servicePrefixes, hosts } = topology
  const { guide, valuesFile, values } = topology
  return stringify({
    name,
    description,
    lan: lans.map(({ prefixes, device, mtuOctets }) => ({
      prefix: prefixes.map(formatPrefix),
      device,
      mtu: mtuOctets,
    })),
    cluster: {
      size,
      cni,
      kubeProxy,
      api,
      podPrefix: podPrefixes.map(formatPrefix),
      servicePrefix: servicePrefixes.map(formatPrefix),
    },
    hosts: hosts.map(({ addresses, ...host }) => ({ ...host, address: addresses.map(formatIp) })),
    ...(guide === undefined ? {} : { guide }),
    ...(valuesFile === undefined ? {} : { valuesFile }),
    values,
  })
}
