import { formatIp, type Ip } from '#model/ip.ts'
import { formatPrefix, type Prefix, prefixContains } from '#model/prefix.ts'
import { err, ok, type Result } from '#model/result.ts'
import { parse as parseYaml } from 'yaml'
import { FieldReader } from './fields.ts'
import { CNIS, HOST_ROLES, KUBE_PROXIES, SIZES, type Topology, type TopologyHost } from './topology.ts'

const NAME = { pattern: /^[a-z0-9]([-a-z0-9]{0,30}[a-z0-9])?$/, wanted: 'no name of at most 32 of a-z, 0-9 and -' }
const ANY_TEXT = { pattern: /^/, wanted: 'no text' }
const TOPOLOGY_KEYS = ['name', 'description', 'lan', 'cluster', 'hosts', 'guide', 'values']
const CLUSTER_KEYS = ['size', 'cni', 'kubeProxy', 'podPrefix', 'servicePrefix']
const HOST_KEYS = ['name', 'role', 'address', 'labels']

/** Reads a topology file. All mistakes are listed, each with its path and its value. */
export function parseTopology(text: string): Result<Topology, readonly string[]> {
  let yaml: unknown
  try {
    yaml = parseYaml(text)
  } catch (error) {
    return err([`Not YAML: ${(error as Error).message}`])
  }
  const reader = new FieldReader()
  const topology = readTopology(reader, yaml)
  if (reader.mistakes.length > 0 || topology === undefined) return err(reader.mistakes)
  return ok(topology)
}

function readTopology(reader: FieldReader, yaml: unknown): Topology | undefined {
  const top = reader.object(yaml, 'topology', TOPOLOGY_KEYS)
  const lan = reader.prefix(reader.object(top['lan'], 'lan', ['prefix'])['prefix'], 'lan.prefix')
  const cluster = reader.object(top['cluster'], 'cluster', CLUSTER_KEYS)
  const podPrefix = reader.prefix(cluster['podPrefix'] ?? '10.244.0.0/16', 'cluster.podPrefix')
  const servicePrefix = reader.prefix(cluster['servicePrefix'] ?? '10.43.0.0/16', 'cluster.servicePrefix')
  const hosts = reader.list(top['hosts'], 'hosts').map((host, at) => readHost(reader, host, `hosts[${at}]`, lan))
  const known = hosts.filter((host) => host !== undefined)
  checkHosts(reader, known)
  const read = {
    name: reader.text(top['name'], 'name', NAME),
    description: reader.text(top['description'] ?? '', 'description', ANY_TEXT),
    size: reader.choice(cluster['size'], 'cluster.size', SIZES, 'cluster'),
    cni: reader.choice(cluster['cni'], 'cluster.cni', CNIS, 'reference'),
    kubeProxy: reader.choice(cluster['kubeProxy'], 'cluster.kubeProxy', KUBE_PROXIES, 'none'),
    hosts: known,
    guide: top['guide'] === undefined ? undefined : reader.text(top['guide'], 'guide', NAME),
    values: reader.object(top['values'], 'values'),
  }
  if (lan === undefined || podPrefix === undefined || servicePrefix === undefined) return undefined
  checkPrefixes(reader, { lan, podPrefix, servicePrefix })
  return { ...read, lan, podPrefix, servicePrefix }
}

function readHost(
  reader: FieldReader,
  value: unknown,
  path: string,
  lan: Prefix | undefined,
): TopologyHost | undefined {
  const host = reader.object(value, path, HOST_KEYS)
  const name = reader.text(host['name'], `${path}.name`, NAME)
  const role = reader.choice(host['role'], `${path}.role`, HOST_ROLES)
  const address = reader.address(host['address'], `${path}.address`)
  const labels = reader.object(host['labels'], `${path}.labels`) as Readonly<Record<string, string>>
  if (address === undefined) return undefined
  if (lan && !prefixContains(lan, address)) {
    reader.fail(`${path}.address`, `${formatIp(address)} is not on the LAN ${formatPrefix(lan)}`)
  }
  return { name, role, address, labels }
}

function checkHosts(reader: FieldReader, hosts: readonly TopologyHost[]): void {
  const infrastructure = hosts.filter((host) => host.role === 'infrastructure').length
  if (infrastructure !== 1) reader.fail('hosts', `${infrastructure} of role infrastructure; there must be one`)
  if (!hosts.some((host) => host.role === 'node')) reader.fail('hosts', 'none of role node; there must be one at least')
  if (hosts.filter((host) => host.role === 'router').length > 1) reader.fail('hosts', 'more than one of role router')
  for (const name of repeated(hosts.map((host) => host.name))) reader.fail('hosts', `the name ${name} is there twice`)
  for (const ip of repeated(hosts.map((host) => formatIp(host.address))))
    reader.fail('hosts', `the address ${ip} is there twice`)
  // the switch has a port named after each host, and Linux gives a device 15 characters
  for (const host of hosts)
    if (host.name.length > 15) reader.fail('hosts', `the name ${host.name} has more than 15 characters`)
  if (hosts.some((host) => host.name === 'switch')) reader.fail('hosts', 'the name switch is taken by the lab itself')
}

function repeated(values: readonly string[]): readonly string[] {
  return [...new Set(values.filter((value, at) => values.indexOf(value) !== at))]
}

function checkPrefixes(reader: FieldReader, prefixes: Readonly<Record<string, Prefix>>): void {
  const entries = Object.entries(prefixes)
  entries.forEach(([name, prefix], at) => {
    for (const [other, otherPrefix] of entries.slice(at + 1)) {
      if (overlap(prefix, otherPrefix)) {
        reader.fail(name, `${formatPrefix(prefix)} overlaps with ${other} ${formatPrefix(otherPrefix)}`)
      }
    }
  })
}

function overlap(a: Prefix, b: Prefix): boolean {
  const first = (prefix: Prefix): Ip => prefix.address
  return prefixContains(a, first(b)) || prefixContains(b, first(a))
}
