import assert from 'node:assert/strict'
import test from 'node:test'
import { mustParseIp } from '#model/ip.ts'
import type { L2Policy } from '#model/l2-policy.ts'
import { mustParsePrefix } from '#model/prefix.ts'
import { createJudge, formatVerdict, type NodeView } from './candidates.ts'
import type { Claim } from './claims.ts'
import type { NodeDevice } from './node-facts.ts'

const device = (name: string, overrides: Partial<NodeDevice> = {}): NodeDevice => ({
  name,
  mac: '02:00:00:00:00:01',
  prefixes: [mustParsePrefix('192.168.10.0/24')],
  carrier: true,
  ...overrides,
})

const node = (name: string, overrides: Partial<NodeView> = {}, devices = [device('eth0')]): NodeView => ({
  name,
  labels: { 'kubernetes.io/hostname': name },
  lease: 'live',
  facts: { devices, holds: new Map() },
  mistake: undefined,
  ...overrides,
})

const POLICY: L2Policy = {
  kind: 'CiliumL2AnnouncementPolicy',
  name: 'lab',
  namespace: '',
  generation: 1,
  serviceSelectors: [],
  nodeSelectors: [],
  interfaces: ['eth0'],
  externalIps: true,
  loadBalancerIps: true,
  pools: undefined,
  brokenPools: [],
}

const CLAIM: Claim = {
  address: mustParseIp('192.168.10.75'),
  services: ['default/web'],
  policies: ['policy lab'],
  omittedBy: [],
  pool: '',
  localNodes: undefined,
}

const codes = (
  nodes: readonly NodeView[],
  claim: Partial<Claim> = {},
  policy: Partial<L2Policy> = {},
): Readonly<Record<string, string>> =>
  Object.fromEntries(
    [...createJudge(nodes, [{ ...POLICY, ...policy }])({ ...CLAIM, ...claim })].map(([name, { code }]) => [name, code]),
  )

test('createJudge() finds a node eligible that is live, selected, on the subnet, with carrier', () => {
  assert.deepEqual(codes([node('cp1')]), { cp1: 'Eligible' })
})

const EXCLUDED = { labels: { 'node.kubernetes.io/exclude-from-external-load-balancers': '' } }
const ADVERTISEMENT: Partial<L2Policy> = { kind: 'L2Advertisement', namespace: 'metallb-system', pools: [] }
const ADVERTISED: Partial<Claim> = { policies: ['L2Advertisement metallb-system/lab'] }

test('createJudge() leaves an address of MetalLB to nodes without the label that excludes, as long as one of them can', () => {
  const cp1 = node('cp1', EXCLUDED)
  const both = [cp1, node('node1')]
  assert.deepEqual(codes(both, ADVERTISED, ADVERTISEMENT), { cp1: 'LeftToOthers', node1: 'Eligible' })
  assert.deepEqual(codes([cp1], ADVERTISED, ADVERTISEMENT), { cp1: 'Eligible' })
  const dead = node('node1', { lease: 'expired' })
  assert.deepEqual(codes([cp1, dead], ADVERTISED, ADVERTISEMENT), { cp1: 'Eligible', node1: 'NotLive' })
  assert.deepEqual(codes(both), { cp1: 'Eligible', node1: 'Eligible' })
})

test('createJudge() has a node with that label answer where its pods are the only ones', () => {
  const both = [node('cp1', EXCLUDED), node('node1')]
  const local = (...names: readonly string[]) =>
    codes(both, { ...ADVERTISED, localNodes: new Set(names) }, ADVERTISEMENT)
  assert.deepEqual(local('cp1'), { cp1: 'Eligible', node1: 'NoLocalEndpoint' })
  assert.deepEqual(local('cp1', 'node1'), { cp1: 'LeftToOthers', node1: 'Eligible' })
})

test('createJudge() gives each claim its own answer, whichever was asked first', () => {
  const judge = createJudge([node('cp1', EXCLUDED), node('node1')], [{ ...POLICY, ...ADVERTISEMENT }])
  const plain = { ...CLAIM, ...ADVERTISED }
  const bound = { ...plain, localNodes: new Set(['cp1']) }
  const ask = (claim: Claim) => [...judge(claim).values()].map(({ code }) => code)
  assert.deepEqual([plain, bound, plain].map(ask), [
    ['LeftToOthers', 'Eligible'],
    ['Eligible', 'NoLocalEndpoint'],
    ['LeftToOthers', 'Eligible'],
  ])
})

test('createJudge() says of every other node why not', () => {
  const nodes = [
    node('fine'),
    node('dead', { lease: 'expired' }),
    node('new', { lease: 'absent' }),
    node('odd', { mistake: 'version 9' }),
    node('far', {}, [device('eth0', { prefixes: [mustParsePrefix('10.0.0.0/8')] })]),
    node('unplugged', {}, [device('eth0', { carrier: false })]),
    node('other', {}, [device('enp0s1')]),
  ]
  assert.deepEqual(codes(nodes), {
    fine: 'Eligible',
    dead: 'NotLive',
    new: 'NoLease',
    odd: 'FactsUnreadable',
    far: 'NotOnSubnet',
    unplugged: 'NoCarrier',
    other: 'NoDevice',
  })
})

test('createJudge() leaves out nodes that no policy of the address selects', () => {
  const named = (name: string) =>
    ({ requirements: [{ key: 'kubernetes.io/hostname', operator: 'In', values: [name] }] }) as const
  const nodes = [node('a'), node('b'), node('c')]
  const only = { a: 'Eligible', b: 'NodeNotSelected', c: 'NodeNotSelected' }
  assert.deepEqual(codes(nodes, {}, { nodeSelectors: [named('a')] }), only)
  assert.deepEqual(codes(nodes, {}, { nodeSelectors: [named('a'), named('b')] }), { ...only, b: 'Eligible' })
})

test('createJudge() takes any device of the policy when no device of any node is on the subnet, and says so', () => {
  const judge = createJudge([node('cp1')], [POLICY])
  const verdict = judge({ ...CLAIM, address: mustParseIp('203.0.113.7') }).get('cp1')
  assert.deepEqual(verdict, { code: 'Eligible', devices: ['eth0'], onSubnet: false })
  assert.match(verdict === undefined ? '' : formatVerdict(verdict), /no device of any node lies on the subnet/)
})

test('createJudge() does not fall back to far devices when the only node on the subnet is dead', () => {
  const far = node('far', {}, [device('eth0', { prefixes: [mustParsePrefix('10.0.0.0/8')] })])
  assert.deepEqual(codes([node('near', { lease: 'expired' }), far]), { near: 'NotLive', far: 'NotOnSubnet' })
})

test('createJudge() lets only nodes with a ready endpoint lead where the traffic policy is Local', () => {
  assert.deepEqual(codes([node('a'), node('b')], { localNodes: new Set(['b']) }), {
    a: 'NoLocalEndpoint',
    b: 'Eligible',
  })
})

test('createJudge() answers on all devices of all policies that select the node', () => {
  const both = { ...POLICY, name: 'more', interfaces: ['eth1'] }
  const judge = createJudge([node('a', {}, [device('eth0'), device('eth1'), device('eth2')])], [POLICY, both])
  const verdict = judge({ ...CLAIM, policies: ['policy lab', 'policy more'] }).get('a')
  assert.deepEqual(verdict, { code: 'Eligible', devices: ['eth0', 'eth1'], onSubnet: true })
})

test('createJudge() takes interfaces of an L2Advertisement as exact names', () => {
  const devices = [device('eth1'), device('eth10')]
  const ad = { kind: 'L2Advertisement', name: 'ad', namespace: 'm', interfaces: ['eth1'] } as const
  const judge = createJudge([node('a', {}, devices)], [{ ...POLICY, ...ad }])
  const verdict = judge({ ...CLAIM, policies: ['L2Advertisement m/ad'] }).get('a')
  assert.deepEqual(verdict, { code: 'Eligible', devices: ['eth1'], onSubnet: true })
})

test('formatVerdict() tells of a pool that no L2Advertisement is about what to write', () => {
  const of = (pool: string): string => {
    const verdict = createJudge([node('a')], [])({ ...CLAIM, policies: [], pool }).get('a')
    return verdict === undefined ? '' : formatVerdict(verdict)
  }
  assert.match(of(''), /^no policy selects a Service with this address: create a CiliumL2AnnouncementPolicy/)
  assert.equal(
    of('metallb-system/blue'),
    'no L2Advertisement is about pool metallb-system/blue, and no CiliumL2AnnouncementPolicy selects the Service: create an L2Advertisement in namespace metallb-system with spec.ipAddressPools: [blue]',
  )
})

test('formatVerdict() names the devices that exist when a policy matches none', () => {
  const verdict = createJudge(
    [node('a', {}, [device('eth0'), device('eth1')])],
    [{ ...POLICY, interfaces: ['enp0s1'] }],
  )(CLAIM).get('a')
  assert.equal(
    verdict === undefined ? '' : formatVerdict(verdict),
    'interfaces of policy lab match none of its devices (eth0, eth1)',
  )
})
