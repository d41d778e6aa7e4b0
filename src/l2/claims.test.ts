import assert from 'node:assert/strict'
import test from 'node:test'
import type { Endpoint, EndpointSlice } from '#model/endpoint-slice.ts'
import { formatIp, mustParseIp } from '#model/ip.ts'
import type { L2Policy } from '#model/l2-policy.ts'
import type { Pool } from '#model/pool.ts'
import { mustParsePrefix } from '#model/prefix.ts'
import { rangeOfPrefix } from '#model/range.ts'
import { SELECT_ALL } from '#model/selector.ts'
import { bareService } from '#model/service.fake.ts'
import type { Service } from '#model/service.ts'
import { claimsOf, endpointNodes } from './claims.ts'
import { type L2Rules, NO_RULES } from './rules.ts'

function mustPool(name: string, cidr: string): Pool {
  const range = rangeOfPrefix(mustParsePrefix(cidr))
  const empty = {
    labels: {},
    serviceSelector: SELECT_ALL,
    serviceSelectors: [],
    namespaces: [],
    namespaceSelectors: [],
  }
  return {
    ...empty,
    dialect: 'metallb',
    name,
    namespace: 'metallb-system',
    generation: 1,
    creationTimestampMs: 0,
    blocks: [{ range, text: cidr }],
    disabled: false,
    priority: 1,
    autoAssign: true,
    avoidBuggyIps: false,
  }
}

const SERVICE = bareService({
  name: 'web',
  uid: '1',
  labels: { app: 'web' },
  clusterIps: [mustParseIp('10.43.0.10')],
  ingressIps: [mustParseIp('192.168.10.75')],
})

const POLICY: L2Policy = {
  kind: 'CiliumL2AnnouncementPolicy',
  name: 'lab',
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

const endpoint = (nodeName: string, overrides: Partial<Endpoint> = {}): Endpoint => ({
  address: mustParseIp('10.244.0.1'),
  nodeName,
  ready: true,
  serving: true,
  terminating: false,
  zone: '',
  ...overrides,
})

const slice = (service: string, ...endpoints: readonly Endpoint[]): EndpointSlice => ({
  namespace: 'default',
  name: 's',
  service,
  ports: [],
  endpoints,
})

const claims = (
  services: readonly Service[],
  policies: readonly L2Policy[] = [POLICY],
  slices: readonly EndpointSlice[] = [],
  rules: Partial<L2Rules> = {},
) => claimsOf(services, { ...NO_RULES, policies, ...rules }, (key) => slices.filter(({ service }) => service === key))

const shown = (...args: Parameters<typeof claims>): readonly string[] =>
  claims(...args).map(
    ({ address, policies, omittedBy }) => `${formatIp(address)} ${policies.join('+')} -${omittedBy.join('+')}`,
  )

test('claimsOf() claims load balancer addresses and external IPs as the policies say', () => {
  const service = { ...SERVICE, externalIps: [mustParseIp('192.168.10.80')] }
  assert.deepEqual(shown([service]), ['192.168.10.75 policy lab -', '192.168.10.80 policy lab -'])
  assert.deepEqual(shown([service], [{ ...POLICY, externalIps: false }]), [
    '192.168.10.75 policy lab -',
    '192.168.10.80  -policy lab',
  ])
  assert.deepEqual(shown([service], []), ['192.168.10.75  -', '192.168.10.80  -'])
})

test('claimsOf() claims an address that Services share once', () => {
  const [claim, ...others] = claims([SERVICE, { ...SERVICE, name: 'api' }])
  assert.deepEqual([claim?.services, others], [['default/api', 'default/web'], []])
})

test('claimsOf() serves the classes of the announcer and no class, and load balancer addresses of LoadBalancers alone', () => {
  assert.equal(claims([{ ...SERVICE, loadBalancerClass: 'io.cilium/l2-announcer' }]).length, 1)
  assert.equal(claims([{ ...SERVICE, loadBalancerClass: 'metallb.io/x' }]).length, 0)
  assert.equal(claims([{ ...SERVICE, type: 'ClusterIP' }]).length, 0)
  assert.equal(claims([{ ...SERVICE, type: 'ClusterIP', externalIps: [mustParseIp('192.168.10.80')] }]).length, 1)
  assert.equal(claims([{ ...SERVICE, type: 'ExternalName', externalIps: [mustParseIp('192.168.10.80')] }]).length, 0)
})

const selectors = (key: string, value: string) =>
  [{ requirements: [{ key, operator: 'In', values: [value] }] }] as const

test('claimsOf() shows the name and namespace of a Service as labels to policies of Cilium alone', () => {
  const serviceSelectors = selectors('io.kubernetes.service.name', 'web')
  const [ofCilium] = claims([SERVICE], [{ ...POLICY, serviceSelectors }])
  const [ofMetallb] = claims([SERVICE], [{ ...POLICY, kind: 'L2Advertisement', serviceSelectors }])
  assert.deepEqual([ofCilium?.policies, ofMetallb?.policies], [['policy lab'], []])
})

const BLUE = mustPool('blue', '192.168.10.64/28')
const AD: L2Policy = {
  ...POLICY,
  kind: 'L2Advertisement',
  name: 'ad',
  namespace: 'metallb-system',
  externalIps: false,
  pools: [BLUE],
}

test('claimsOf() has an L2Advertisement announce the load balancer addresses of its pools, and no other', () => {
  const inside = { ...SERVICE, externalIps: [mustParseIp('192.168.10.76')] }
  const outside = { ...SERVICE, name: 'api', ingressIps: [mustParseIp('192.168.10.90')] }
  assert.deepEqual(shown([inside, outside], [AD]), [
    '192.168.10.75 L2Advertisement metallb-system/ad -',
    '192.168.10.76  -',
    '192.168.10.90  -',
  ])
})

test('claimsOf() joins both dialects: any of them is enough, and each says what it says of its own', () => {
  assert.deepEqual(shown([SERVICE], [AD, POLICY]), ['192.168.10.75 L2Advertisement metallb-system/ad+policy lab -'])
  assert.deepEqual(shown([SERVICE], [AD, { ...POLICY, loadBalancerIps: false }]), [
    '192.168.10.75 L2Advertisement metallb-system/ad -policy lab',
  ])
})

test('claimsOf() names the pool of MetalLB that an address is of', () => {
  const [claim] = claims([SERVICE], [], [], { addressPools: [BLUE] })
  assert.equal(claim?.pool, 'metallb-system/blue')
  assert.equal(claims([SERVICE], [], [])[0]?.pool, '')
})

test("claimsOf() claims no address that is a node's own, whoever shows it", () => {
  const service = { ...SERVICE, externalIps: [mustParseIp('192.168.10.215'), mustParseIp('192.168.10.80')] }
  const nodeAddresses = new Map([
    ['192.168.10.75', 'cp1'],
    ['192.168.10.215', 'node1'],
  ])
  const rest = claims([service], [POLICY, AD], [], { nodeAddresses }).map(({ address }) => formatIp(address))
  assert.deepEqual(rest, ['192.168.10.80'])
})

test('claimsOf() asks for a local endpoint where externalTrafficPolicy is Local', () => {
  const local = { ...SERVICE, externalTrafficPolicy: 'Local' } as const
  const slices = [slice('default/web', endpoint('a'), endpoint('b', { ready: false }))]
  assert.deepEqual(claims([local], [POLICY], slices)[0]?.localNodes, new Set(['a']))
  assert.equal(claims([SERVICE], [POLICY], slices)[0]?.localNodes, undefined)
})

test('claimsOf() looks for nodes that suit all Services of a shared address, else for those that suit one', () => {
  const web = { ...SERVICE, externalTrafficPolicy: 'Local' } as const
  const api = { ...web, name: 'api' }
  const nodes = (...slices: readonly EndpointSlice[]) => claims([web, api], [POLICY], slices)[0]?.localNodes
  assert.deepEqual(
    nodes(slice('default/web', endpoint('a'), endpoint('b')), slice('default/api', endpoint('b'))),
    new Set(['b']),
  )
  assert.deepEqual(nodes(slice('default/web', endpoint('a')), slice('default/api', endpoint('b'))), new Set(['a', 'b']))
})

test('endpointNodes() falls back to endpoints that still serve, and lets any node do for one without a node', () => {
  assert.deepEqual(endpointNodes([slice('x', endpoint('a', { ready: false, terminating: true }))]), new Set(['a']))
  assert.deepEqual(endpointNodes([slice('x', endpoint('a', { ready: false, serving: false }))]), new Set())
  assert.equal(endpointNodes([slice('x', endpoint('a'), endpoint(''))]), undefined)
})
