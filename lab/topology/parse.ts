import { formatIp } from '#model/ip.ts'
import { formatPrefix, type Prefix, prefixContains } from '#model/prefix.ts'
import { err, ok, type Result } from '#model/result.ts'
import { parse as parseYaml } from 'yaml'
import { FieldReader } from './fields.ts'
import {
  API_WAYS,
  attachmentsOf,
  CNIS,
  DEFAULT_DEVICE,
  DEFAULT_MTU_OCTETS,
  HOST_ROLES,
  KUBE_PROXIES,
  type Lan,
  SIZES,
  type Topology,
  type TopologyHost,
} from './topology.ts'

const NAME = { pattern: /^[a-z0-9]([-a-z0-9]{0,30}[a-z0-9])?$/, wanted: 'no name of at most 32 of a-z, 0-9 and -' }
const ANY_TEXT = { pattern: /^/, wanted: 'no text' }
const DEVICE = {
  pattern: /^[a-z][a-z0-9._-]{0,14}$/,
  wanted: 'no name of an interface: at most 15 of a-z, 0-9, . _ and -',
}
const TOPOLOGY_KEYS = ['name', 'description', 'lan', 'cluster', 'hosts', 'guide', 'valuesFile', 'values']
const LAN_KEYS = ['prefix', 'device', 'mtu']
/** Every IPv6 link carries the lower (RFC 8200 section 5); more than the upper is no Ethernet any more. */
const MTU_RANGE = { from: 1280, to: 9000 }
const CLUSTER_KEYS = ['size', 'cni', 'kubeProxy', 'api', 'podPrefix', 'servicePrefix']
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
  if (reader.mistakes.length > 0) return err(reader.mistakes)
  return ok(topology)
}

function readTopology(reader: FieldReader, yaml: unknown): Topology {
  const top = reader.object(yaml, 'topology', TOPOLOGY_KEYS)
  const lans = reader
    .oneOrMore(top['lan'])
    .map((lan, at) => readLan(reader, lan, Array.isArray(top['lan']) ? `lan[${at}]` : 'lan'))
  const cluster = reader.object(top['cluster'], 'cluster', CLUSTER_KEYS)
  const podPrefixes = reader.prefixes(cluster['podPrefix'] ?? '10.244.0.0/16', 'cluster.podPrefix')
  const servicePrefixes = reader.prefixes(cluster['servicePrefix'] ?? '10.43.0.0/16', 'cluster.servicePrefix')
  const hosts = reader
    .list(top['hosts'], 'hosts')
    .flatMap((host, at) => readHost(reader, host, `hosts[${at}]`, lans) ?? [])
  checkHosts(reader, hosts, lans)
  checkPrefixes(reader, [...lans.flatMap(({ prefixes }) => prefixes), ...podPrefixes, ...servicePrefixes])
  if (podPrefixes.length !== servicePrefixes.length)
    reader.fail('cluster', 'podPrefix and servicePrefix have to have the same families')
  const optional = (key: string, rule: typeof NAME): string | undefined =>
    top[key] === undefined ? undefined : reader.text(top[key], key, rule)
  return {
    name: reader.text(top['name'], 'name', NAME),
    description: reader.text(top['description'] ?? '', 'description', ANY_TEXT),
    lans,
    size: reader.choice(cluster['size'], 'cluster.size', SIZES, 'cluster'),
    cni: reader.choice(cluster['cni'], 'cluster.cni', CNIS, 'reference'),
    kubeProxy: reader.choice(cluster['kubeProxy'], 'cluster.kubeProxy', KUBE_PROXIES, 'none'),
    api: reader.choice(cluster['api'], 'cluster.api', API_WAYS, 'proxy'),
    podPrefixes,
    servicePrefixes,
    hosts,
    guide: optional('guide', NAME),
    valuesFile: optional('valuesFile', ANY_TEXT),
    values: reader.object(top['values'], 'values'),
  }
}

function readLan(reader: FieldReader, value: unknown, path: string): Lan {
  const lan = reader.object(value, path, LAN_KEYS)
  const device = reader.text(lan['device'] ?? DEFAULT_DEVICE, `${path}.device`, DEVICE)
  const mtuOctets = reader.integer(lan['mtu'] ?? DEFAULT_MTU_OCTETS, `${path}.mtu`, MTU_RANGE)
  return { prefixes: reader.prefixes(lan['prefix'], `${path}.prefix`), device, mtuOctets }
}

function readHost(reader: FieldReader, value: unknown, path: string, lans: readonly Lan[]): TopologyHost | undefined {
  const host = reader.object(value, path, HOST_KEYS)
  const name = reader.text(host['name'], `${path}.name`, NAME)
  const role = reader.choice(host['role'], `${path}.role`, HOST_ROLES)
  const addresses = reader.addresses(host['address'], `${path}.address`)
  const labels = reader.object(host['labels'], `${path}.labels`) as Readonly<Record<string, string>>
  const [address] = addresses
  if (address === undefined) return undefined
  const known = lans.flatMap(({ prefixes }) => prefixes)
  const astray = addresses.filter((ip) => !known.some((prefix) => prefixContains(prefix, ip)))
  if (known.length > 0 && astray.length > 0)
    reader.fail(
      `${path}.address`,
      `${astray.map(formatIp).join(', ')} is on no LAN; there are ${known.map(formatPrefix).join(', ')}`,
    )
  return { name, role, address, addresses, labels }
}

function checkHosts(reader: FieldReader, hosts: readonly TopologyHost[], lans: readonly Lan[]): void {
  const infrastructure = hosts.filter((host) => host.role === 'infrastructure').length
  if (infrastructure !== 1) reader.fail('hosts', `${infrastructure} of role infrastructure; there must be one`)
  if (!hosts.some((host) => host.role === 'node')) reader.fail('hosts', 'none of role node; there must be one at least')
  if (hosts.filter((host) => host.role === 'router').length > 1) reader.fail('hosts', 'more than one of role router')
  for (const name of repeated(hosts.map((host) => host.name))) reader.fail('hosts', `the name ${name} is there twice`)
  for (const ip of repeated(hosts.flatMap((host) => host.addresses.map(formatIp))))
    reader.fail('hosts', `the address ${ip} is there twice`)
  // the switch has a port named after each host, with a number where it has several, and Linux gives a device 15 characters
  for (const host of hosts) {
    const most = attachmentsOf({ lans }, host).length > 1 ? 13 : 15
    if (host.name.length > most) reader.fail('hosts', `the name ${host.name} has more than ${most} characters`)
  }
  if (hosts.some((host) => host.name === 'switch')) reader.fail('hosts', 'the name switch is taken by the lab itself')
}

function repeated(values: readonly string[]): readonly string[] {
  return [...new Set(values.filter((value, at) => values.indexOf(value) !== at))]
}

function checkPrefixes(reader: FieldReader, prefixes: readonly Prefix[]): void {
  prefixes.forEach((prefix, at) => {
    for (const other of prefixes.slice(at + 1))
      if (overlap(prefix, other))
        reader.fail('topology', `${formatPrefix(prefix)} overlaps with ${formatPrefix(other)}`)
  })
}

function overlap(a: Prefix, b: Prefix): boolean {
  return prefixContains(a, b.address) || prefixContains(b, a.address)
}
