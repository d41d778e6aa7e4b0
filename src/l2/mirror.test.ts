import assert from 'node:assert/strict'
import test from 'node:test'
import { mustParseIp } from '#model/ip.ts'
import type { L2Policy } from '#model/l2-policy.ts'
import { bareService } from '#model/service.fake.ts'
import type { Service } from '#model/service.ts'
import type { NodeView } from './candidates.ts'
import { createMirrors, keysOfMirror, type Mirror, mirrorName } from './mirror.ts'
import { type L2Rules, NO_RULES } from './rules.ts'

/** By the name of the Lease. */
interface All {
  readonly held: ReadonlyMap<string, Mirror>
  readonly awaited: ReadonlySet<string>
}

function mirrorsOf(services: readonly Service[], nodes: readonly NodeView[], rules: L2Rules): All {
  const mirrors = createMirrors(nodes, rules)
  const all = Array.from(Map.groupBy(services, mirrorName), ([name, named]) => {
    return { name, mirror: mirrors.mirrorOf(named), isAwaited: mirrors.isAwaited(named) }
  })
  return {
    held: new Map(all.flatMap(({ name, mirror }) => (mirror === undefined ? [] : [[name, mirror]]))),
    awaited: new Set(all.flatMap(({ name, mirror, isAwaited }) => (mirror === undefined && isAwaited ? [name] : []))),
  }
}

const ALL: L2Policy = {
  kind: 'CiliumL2AnnouncementPolicy',
  name: 'all',
  namespace: '',
  generation: 1,
  serviceSelectors: [],
  nodeSelectors: [],
  interfaces: [],
  externalIps: true,
  loadBalancerIps: true,
  pools: undefined,
  brokenPools: [],
}
const RULES = { ...NO_RULES, policies: [ALL] }

function service(key: string, ips: readonly string[], more: Partial<Service> = {}): Service {
  const [namespace = '', name = ''] = key.split('/')
  return bareService({ namespace, name, ingressIps: ips.map(mustParseIp), ...more })
}

function node(name: string, holds: Readonly<Record<string, number>>, lease: NodeView['lease'] = 'live'): NodeView {
  return { name, labels: {}, lease, facts: { devices: [], holds: new Map(Object.entries(holds)) }, mistake: undefined }
}

const WEB = service('default/web', ['192.168.10.75', '192.168.10.76'])

test('createMirrors() names the node of the first address, and all in the annotation', () => {
  const nodes = [node('n1', { '192.168.10.76': 5 }), node('n2', { '192.168.10.75': 7 })]
  assert.deepEqual(
    [...mirrorsOf([WEB], nodes, RULES).held],
    [
      [
        'cilium-l2announce-default-web',
        {
          service: 'default/web',
          holder: 'n2',
          sinceMs: 7,
          holders: [
            ['192.168.10.75', 'n2'],
            ['192.168.10.76', 'n1'],
          ],
        },
      ],
    ],
  )
})

test('createMirrors() believes of several holders the one that has the address longest, and none whose Lease ran out', () => {
  const ip = '192.168.10.75'
  const nodes = [node('n1', { [ip]: 1 }, 'expired'), node('n2', { [ip]: 9 }), node('n3', { [ip]: 5 })]
  assert.equal(mirrorsOf([WEB], nodes, RULES).held.get(mirrorName(WEB))?.holder, 'n3')
})

test('createMirrors() awaits a holder only where a policy wants the address announced', () => {
  const mirrors = mirrorsOf([WEB], [], RULES)
  assert.deepEqual([mirrors.held.size, [...mirrors.awaited]], [0, ['cilium-l2announce-default-web']])
  assert.deepEqual([...mirrorsOf([WEB], [], NO_RULES).awaited], [])
  assert.deepEqual([...mirrorsOf([service('default/none', [])], [], RULES).awaited], [])
})

test('createMirrors() mirrors external IPs of any type of Service, and the status of a LoadBalancer alone', () => {
  const nodes = [node('n1', { '192.168.10.80': 1, '192.168.10.75': 1 })]
  const external = service('default/ext', ['192.168.10.75'], {
    type: 'ClusterIP',
    externalIps: [mustParseIp('192.168.10.80')],
  })
  assert.deepEqual(
    [...mirrorsOf([external], nodes, RULES).held.values()].map(({ holders }) => holders),
    [[['192.168.10.80', 'n1']]],
  )
})

test('createMirrors() gives a name that two Services have to the one that is answered for, of two the first', () => {
  const [a, b] = [service('a/b-c', ['192.168.10.75']), service('a-b/c', ['192.168.10.76'])]
  assert.equal(mirrorName(a), mirrorName(b))
  const one = mirrorsOf([a, b], [node('n1', { '192.168.10.76': 1 })], RULES)
  assert.deepEqual([one.held.get(mirrorName(a))?.service, one.awaited.size], ['a-b/c', 0])
  const nodes = [node('n1', { '192.168.10.75': 1, '192.168.10.76': 1 })]
  for (const order of [
    [a, b],
    [b, a],
  ])
    assert.equal(mirrorsOf(order, nodes, RULES).held.get(mirrorName(a))?.service, 'a-b/c')
})

test('keysOfMirror() has every key that a mirror may be of, and none of other Leases', () => {
  assert.deepEqual(keysOfMirror('cilium-l2announce-a-b-c'), ['a/b-c', 'a-b/c'])
  for (const one of [service('a/b-c', []), service('a-b/c', []), service('default/web', [])])
    assert.ok(keysOfMirror(mirrorName(one)).includes(`${one.namespace}/${one.name}`))
  assert.deepEqual(keysOfMirror('cilium-operator-resource-lock'), [])
})
