import assert from 'node:assert/strict'
import { test } from 'node:test'
import { mustParseIp } from '#model/ip.ts'
import type { L2Advertisement } from '#model/l2-advertisement.ts'
import { coversAddress, policyTitle } from '#model/l2-policy.ts'
import type { Node } from '#model/node.ts'
import { type Pool, poolKey } from '#model/pool.ts'
import { mustParsePrefix } from '#model/prefix.ts'
import { rangeOfPrefix } from '#model/range.ts'
import { SELECT_ALL } from '#model/selector.ts'
import { advertisementMistakes } from './advertisement-mistakes.ts'
import { rulesOf, sameRules } from './rules.ts'

const pool = (name: string, cidr: string, overrides: Partial<Pool> = {}): Pool => ({
  dialect: 'metallb',
  name,
  namespace: 'm',
  labels: {},
  generation: 1,
  creationTimestampMs: 0,
  blocks: [{ range: rangeOfPrefix(mustParsePrefix(cidr)), text: cidr }],
  disabled: false,
  priority: 1,
  autoAssign: true,
  avoidBuggyIps: false,
  serviceSelector: SELECT_ALL,
  serviceSelectors: [],
  namespaces: [],
  namespaceSelectors: [],
  ...overrides,
})

const AD: L2Advertisement = {
  name: 'ad',
  namespace: 'm',
  generation: 1,
  pools: [],
  poolSelectors: [],
  nodeSelectors: [],
  serviceSelectors: [],
  interfaces: [],
  preferredNodes: [],
}

const BLUE = pool('blue', '10.1.0.0/24')
const RED = pool('red', '10.2.0.0/24', { labels: { tier: 'web' } })
const WEB = { requirements: [{ key: 'tier', operator: 'In', values: ['web'] }] } as const

const rules = (
  advertisements: readonly L2Advertisement[],
  pools: readonly Pool[] = [BLUE, RED],
  brokenPools: ReadonlySet<string> = new Set(),
) => rulesOf({ policies: [], nodes: [], metallb: { pools, brokenPools, advertisements, legacy: [] } })

const covered = (ad: Partial<L2Advertisement>): readonly string[] =>
  ['10.1.0.1', '10.2.0.1', '10.9.0.1'].filter((text) =>
    rules([{ ...AD, ...ad }]).policies.some((policy) => coversAddress(policy, mustParseIp(text), {})),
  )

test('rulesOf() has an L2Advertisement be about the pools that it names or selects, and about all with neither', () => {
  assert.deepEqual(covered({}), ['10.1.0.1', '10.2.0.1'])
  assert.deepEqual(covered({ pools: ['blue'] }), ['10.1.0.1'])
  assert.deepEqual(covered({ poolSelectors: [WEB] }), ['10.2.0.1'])
  assert.deepEqual(covered({ pools: ['blue'], poolSelectors: [WEB] }), ['10.1.0.1', '10.2.0.1'])
  assert.deepEqual(covered({ pools: ['green'] }), [])
  assert.deepEqual(covered({ namespace: 'elsewhere' }), [])
})

test('rulesOf() announces nothing of MetalLB without an L2Advertisement', () => {
  assert.deepEqual(rules([]).policies, [])
})

test('rulesOf() leaves an address out that the pool does not give for being buggy', () => {
  const careful = rules([AD], [{ ...BLUE, avoidBuggyIps: true }]).policies
  const isCovered = (text: string) => careful.some((policy) => coversAddress(policy, mustParseIp(text), {}))
  assert.deepEqual([isCovered('10.1.0.255'), isCovered('10.1.0.254')], [false, true])
})

test('rulesOf() believes a Service that says to have its address from a pool that could not be read in full', () => {
  const isCovered = (broken: string, from: string): boolean =>
    rules([{ ...AD, pools: ['blue'] }], undefined, new Set([broken])).policies.some((policy) =>
      coversAddress(policy, mustParseIp('10.9.0.1'), { 'metallb.io/ip-allocated-from-pool': from }),
    )
  assert.equal(isCovered('m/blue', 'blue'), true)
  assert.equal(isCovered('m/blue', 'red'), false)
  assert.equal(isCovered('m/red', 'red'), false)
  assert.equal(isCovered('', 'blue'), false)
})

test('rulesOf() has the ConfigMap announce its pools of protocol layer2, unless an IPAddressPool has the name', () => {
  const legacy = [
    {
      namespace: 'm',
      pools: [pool('blue', '10.5.0.0/24'), pool('old', '10.6.0.0/24'), pool('bgp', '10.7.0.0/24')],
      layer2: ['blue', 'old'],
      isBroken: true,
      isUnreadable: false,
    },
  ]
  const { policies, addressPools } = rulesOf({
    policies: [],
    nodes: [],
    metallb: { pools: [BLUE], brokenPools: new Set(), advertisements: [], legacy },
  })
  assert.deepEqual(policies.map(policyTitle), ['ConfigMap m/config'])
  assert.deepEqual([policies[0]?.pools?.map(poolKey), policies[0]?.brokenPools], [['m/old'], ['old']])
  assert.deepEqual(addressPools.map(poolKey), ['m/blue', 'm/old', 'm/bgp'])
})

test('rulesOf() knows the addresses of nodes, of both types', () => {
  const node: Node = {
    name: 'cp1',
    labels: {},
    internalIps: [mustParseIp('192.168.10.215')],
    externalIps: [mustParseIp('203.0.113.1')],
    podCidrs: [],
    ready: false,
    unschedulable: false,
  }
  const { nodeAddresses } = rulesOf({ policies: [], nodes: [node], metallb: undefined })
  assert.deepEqual(
    [...nodeAddresses],
    [
      ['192.168.10.215', 'cp1'],
      ['203.0.113.1', 'cp1'],
    ],
  )
})

test('sameRules() is not misled by a pool that was read anew with a new status, and sees its spec, labels and namesakes', () => {
  const before = rules([AD])
  assert.equal(sameRules(before, rules([AD], [{ ...BLUE }, { ...RED }])), true)
  assert.equal(sameRules(before, rules([AD], [{ ...BLUE, generation: 2 }, RED])), false)
  assert.equal(sameRules(before, rules([AD], [{ ...BLUE, labels: { a: 'b' } }, RED])), false)
  assert.equal(sameRules(before, rules([AD], [{ ...BLUE, creationTimestampMs: 1 }, RED])), false)
  assert.equal(sameRules(before, rules([{ ...AD, interfaces: ['eth0'] }])), false)
  assert.equal(sameRules(before, rules([AD], [BLUE, RED], new Set(['m/blue']))), false)
  assert.equal(sameRules(before, rules([])), false)
})

test('advertisementMistakes() names pools that are not there, selectors without a pool, and preferences', () => {
  const mistakes = advertisementMistakes(
    {
      ...AD,
      pools: ['blu', 'blue'],
      poolSelectors: [
        WEB,
        { requirements: [{ key: 'tier', operator: 'Exists', values: [] }] },
        { requirements: [{ key: 'x', operator: 'Exists', values: [] }] },
      ],
      preferredNodes: [{ weight: 1, selector: WEB }],
    },
    [BLUE, RED],
  )
  assert.deepEqual(
    mistakes.map(({ path, value, remedy }) => [path, value, remedy]),
    [
      ['spec.ipAddressPools', 'blu', 'the pools there are blue, red'],
      ['spec.ipAddressPoolSelectors', 'x', 'label an IPAddressPool so, or change the selector'],
      ['spec.preferredNodeSelectors', '', 'remove it, or narrow nodeSelectors'],
    ],
  )
  assert.deepEqual(advertisementMistakes(AD, []), [])
})
