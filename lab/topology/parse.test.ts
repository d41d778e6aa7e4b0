import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { formatIp } from '#model/ip.ts'
import { stringify } from 'yaml'
import { adjustTopology } from './adjust.ts'
import { formatTopology } from './format.ts'
import { TOPOLOGIES, topologyNames } from './load.ts'
import { parseTopology } from './parse.ts'
import { attachmentsOf, hostsOfRole, type Topology } from './topology.ts'

function good(change: Readonly<Record<string, unknown>> = {}): string {
  return stringify({
    name: 'small',
    lan: { prefix: '192.168.10.0/24' },
    hosts: [
      { name: 'infra', role: 'infrastructure', address: '192.168.10.2' },
      { name: 'a', role: 'node', address: '192.168.10.11' },
    ],
    ...change,
  })
}

function read(text: string): Topology {
  const parsed = parseTopology(text)
  assert.ok(parsed.ok, parsed.ok ? '' : parsed.error.join('\n'))
  return parsed.value
}

function mistakes(text: string): readonly string[] {
  const parsed = parseTopology(text)
  assert.ok(!parsed.ok)
  return parsed.error
}

describe('parseTopology()', () => {
  test('takes defaults for what is not said', () => {
    const { size, cni, kubeProxy, api, guide, valuesFile, values, lans } = read(good())
    assert.deepEqual(
      { size, cni, kubeProxy, api, guide, valuesFile, values },
      {
        size: 'cluster',
        cni: 'reference',
        kubeProxy: 'none',
        api: 'proxy',
        guide: undefined,
        valuesFile: undefined,
        values: {},
      },
    )
    assert.deepEqual(
      lans.map(({ device }) => device),
      ['eth0'],
    )
  })

  test('reads back what formatTopology() writes, for every topology that comes with the lab', () => {
    const names = topologyNames()
    assert.ok(names.includes('skeleton'))
    for (const name of names) {
      const topology = read(readFileSync(join(TOPOLOGIES, `${name}.yaml`), 'utf8'))
      assert.deepEqual(read(formatTopology(topology)), topology)
    }
  })

  const host = (more: object): object => ({ name: 'infra', role: 'infrastructure', address: '192.168.10.2', ...more })
  const node = (more: object): object => ({ name: 'a', role: 'node', address: '192.168.10.11', ...more })
  const cases: readonly (readonly [rule: string, text: string, mistake: RegExp])[] = [
    ['what is no YAML', '{', /^Not YAML: /],
    ['an unknown key, with those that are known', good({ lans: {} }), /^topology\.lans: unknown; known are name, /],
    ['a name that is none', good({ name: 'No Name' }), /^name: "No Name" is no name/],
    ['a prefix that is none', good({ lan: { prefix: '192.168.10' } }), /^lan\.prefix: "192.168.10" is no prefix like/],
    ['a LAN that is missing', good({ lan: undefined }), /^lan\.prefix: missing/],
    [
      'an interface that Linux would refuse',
      good({ lan: { prefix: '192.168.10.0/24', device: 'a b' } }),
      /^lan\.device: "a b" is no name of an interface/,
    ],
    [
      'an MTU that no IPv6 link may have',
      good({ lan: { prefix: '192.168.10.0/24', mtu: 1000 } }),
      /^lan\.mtu: 1000 is no number from 1280 to 9000/,
    ],
    [
      'two prefixes of one family',
      good({ lan: { prefix: ['192.168.10.0/24', '192.168.11.0/24'] } }),
      /^lan\.prefix: two of one family/,
    ],
    [
      'IPv6 before IPv4',
      good({ lan: { prefix: ['fd00::/64', '192.168.10.0/24'] } }),
      /^lan\.prefix: fd00:: comes first/,
    ],
    [
      'pods of other families than services',
      good({ cluster: { podPrefix: ['10.244.0.0/16', 'fd00:10:244::/56'] } }),
      /^cluster: podPrefix and servicePrefix have to have the same families/,
    ],
    ['two LANs that overlap', good({ lan: [{ prefix: '192.168.10.0/24' }, { prefix: '192.168.0.0/16' }] }), /overlaps/],
    [
      'a prefix with host bits',
      good({ lan: { prefix: '192.168.10.1/24' } }),
      /^lan\.prefix: .* has host bits; the prefix is 192\.168\.10\.0\/24/,
    ],
    [
      'a choice that is none, with the choices',
      good({ cluster: { cni: 'flannel' } }),
      /^cluster\.cni: "flannel" is none of reference, none/,
    ],
    [
      'an address off the LAN',
      good({ hosts: [host({}), node({ address: '10.0.0.1' })] }),
      /^hosts\[1\]\.address: 10\.0\.0\.1 is on no LAN; there are 192\.168\.10\.0\/24/,
    ],
    [
      'an address that is none',
      good({ hosts: [host({}), node({ address: 'x' })] }),
      /^hosts\[1\]\.address: "x" is no address/,
    ],
    [
      'a host twice',
      good({ hosts: [host({}), node({}), node({ address: '192.168.10.12' })] }),
      /the name a is there twice/,
    ],
    [
      'an address twice',
      good({ hosts: [host({}), node({ address: '192.168.10.2' })] }),
      /the address 192\.168\.10\.2 is there twice/,
    ],
    ['a lab without nodes', good({ hosts: [host({})] }), /none of role node/],
    ['a lab without a control plane', good({ hosts: [node({})] }), /0 of role infrastructure/],
    [
      'a name too long for a device',
      good({ hosts: [host({}), node({ name: 'abcdefghijklmnop' })] }),
      /more than 15 characters/,
    ],
    ['pods and services that overlap', good({ cluster: { servicePrefix: '10.244.8.0/24' } }), /overlaps/],
  ]
  for (const [rule, text, mistake] of cases) {
    test(`refuses ${rule}`, () => assert.match(mistakes(text).join('\n'), new RegExp(mistake.source, 'm')))
  }

  test('lists every mistake, not just the first', () => {
    assert.equal(mistakes(good({ name: '', guide: 7, cluster: { size: 'big' } })).length, 3)
  })
})

/** Two LANs of both families, a router on both. */
function routed(): string {
  return good({
    lan: [
      { prefix: ['192.168.10.0/24', 'fd00:10::/64'], device: 'enp0s1' },
      { prefix: ['192.168.20.0/24', 'fd00:20::/64'] },
    ],
    hosts: [
      { name: 'infra', role: 'infrastructure', address: '192.168.10.2' },
      { name: 'router', role: 'router', address: ['192.168.20.1', 'fd00:20::1', '192.168.10.1', 'fd00:10::1'] },
      { name: 'a', role: 'node', address: ['192.168.10.11', 'fd00:10::11'] },
      { name: 'b', role: 'node', address: ['192.168.20.12', 'fd00:20::12'] },
    ],
  })
}

describe('attachmentsOf()', () => {
  const places = (host: string): readonly string[] => {
    const topology = read(routed())
    const found = topology.hosts.find(({ name }) => name === host)
    assert.ok(found)
    return attachmentsOf(topology, found).map(
      ({ at, device, addresses }) => `${at} ${device} ${addresses.map(formatIp).join(' ')}`,
    )
  }
  test("is a host's only LAN, by the name that the LAN's interface has", () => {
    assert.deepEqual(places('a'), ['0 enp0s1 192.168.10.11 fd00:10::11'])
    assert.deepEqual(places('b'), ['1 eth0 192.168.20.12 fd00:20::12'])
  })
  test('counts the interfaces of a host on several, in the order of its addresses', () =>
    assert.deepEqual(places('router'), ['1 eth0 192.168.20.1 fd00:20::1', '0 eth1 192.168.10.1 fd00:10::1']))
})

describe('adjustTopology()', () => {
  const addresses = (topology: Topology): readonly string[] =>
    hostsOfRole(topology, 'node').map((host) => `${host.name} ${host.addresses.map(formatIp).join(' ')}`)

  test('adds nodes beside the last, with an address of each family', () => {
    assert.equal(addresses(adjustTopology(read(routed()), { nodes: 3 })).at(-1), 'node2-lab 192.168.20.13 fd00:20::13')
  })

  test('adds nodes on the addresses after the last', () => {
    assert.deepEqual(addresses(adjustTopology(read(good()), { nodes: 3 })), [
      'a 192.168.10.11',
      'node1-lab 192.168.10.12',
      'node2-lab 192.168.10.13',
    ])
  })

  test('leaves the last nodes out', () => {
    const two = adjustTopology(read(good()), { nodes: 2 })
    assert.deepEqual(addresses(adjustTopology(two, { nodes: 1 })), ['a 192.168.10.11'])
  })

  test('refuses more nodes than the LAN has addresses', () => {
    assert.throws(() => adjustTopology(read(good()), { nodes: 300 }), /is not on the LAN: take fewer nodes/)
  })

  test('changes the size alone', () => {
    const topology = read(good())
    assert.deepEqual(adjustTopology(topology, { size: 'api' }), { ...topology, size: 'api' })
  })
})
