import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { formatMistake } from '#model/condition.ts'
import { decodeL2Policy } from './l2-policy.ts'

const decode = (spec: unknown) => decodeL2Policy({ metadata: { name: 'p', generation: 3 }, spec })

test('decodeL2Policy() reads the policy of the guide', () => {
  const { value, mistakes } = decode({
    loadBalancerIPs: true,
    externalIPs: true,
    interfaces: ['enp0s1'],
    nodeSelector: { matchLabels: {} },
    serviceSelector: { matchLabels: {} },
  })
  assert.deepEqual(mistakes, [])
  assert.deepEqual(value, {
    kind: 'CiliumL2AnnouncementPolicy',
    name: 'p',
    namespace: '',
    generation: 3,
    serviceSelectors: [],
    nodeSelectors: [],
    interfaces: ['enp0s1'],
    externalIps: true,
    loadBalancerIps: true,
    pools: undefined,
    brokenPools: [],
  })
})

test('decodeL2Policy() keeps good patterns beside one that does not compile', () => {
  const { value, mistakes } = decode({ interfaces: ['eth0', 'ens('] })
  assert.deepEqual(value?.interfaces, ['eth0'])
  assert.match(
    mistakes.map(formatMistake).join(),
    /^spec\.interfaces\[1\] "ens\(" does not compile \(unterminated group\)/,
  )
})

test('decodeL2Policy() has no value when no pattern is left: none would mean all interfaces', () => {
  assert.equal(decode({ interfaces: ['ens('] }).value, undefined)
})

test('decodeL2Policy() has no value when a selector is wrong', () => {
  assert.equal(decode({ nodeSelector: { matchExpressions: [{ key: 'a', operator: 'In' }] } }).value, undefined)
})

const FORMS = 'write a list, each element with a dash before it'
const FLAG = 'write true or false without quotes'
const MALFORMED: readonly (readonly [spec: unknown, mistake: string, isInForce: boolean])[] = [
  ['x', 'spec "x" is not an object: write fields here', true],
  [{ loadBalancerIPs: 'yes' }, `spec.loadBalancerIPs "yes" is neither true nor false: ${FLAG}`, true],
  [{ externalIPs: 1 }, `spec.externalIPs "1" is neither true nor false: ${FLAG}`, true],
  [{ interfaces: 'eth0' }, `spec.interfaces "eth0" is not a list: ${FORMS}`, false],
  [{ interfaces: ['eth0', 3] }, 'spec.interfaces[1] "3" is not a text: put it in quotes', true],
  [
    { interfaces: ['eth0', ''] },
    'spec.interfaces[1] is empty: write the name of an interface, or leave interfaces out for all',
    true,
  ],
  [{ serviceSelector: 'app=x' }, 'spec.serviceSelector "app=x" is not an object: write fields here', false],
  [
    { serviceSelector: { matchLabels: { app: 3 } } },
    'spec.serviceSelector.matchLabels.app "3" is not a text: put it in quotes',
    false,
  ],
  [
    { serviceSelector: { matchLabels: { 'a b': 'c' } } },
    'spec.serviceSelector.matchLabels["a b"] "c" belongs to "a b", which no label can be called: write a label like app or example.com/app',
    false,
  ],
  [
    { nodeSelector: { matchLabels: { rack: 'a b' } } },
    'spec.nodeSelector.matchLabels.rack "a b" cannot be the value of a label: use at most 63 letters, digits, dots, dashes and underscores',
    false,
  ],
  [
    { nodeSelector: { matchExpressions: { key: 'a' } } },
    `spec.nodeSelector.matchExpressions ${JSON.stringify('{"key":"a"}')} is not a list: ${FORMS}`,
    false,
  ],
  [
    { nodeSelector: { matchExpressions: [{ operator: 'Exists' }] } },
    'spec.nodeSelector.matchExpressions[0].key is missing: write the name of a label',
    false,
  ],
  [
    { nodeSelector: { matchExpressions: [{ key: 'a' }] } },
    'spec.nodeSelector.matchExpressions[0].operator is missing: write one of In, NotIn, Exists, DoesNotExist',
    false,
  ],
  [
    { nodeSelector: { matchExpressions: [{ key: 'a', operator: 'NotIn', values: [] }] } },
    'spec.nodeSelector.matchExpressions[0].values "[]" is empty with operator NotIn: list at least one value',
    false,
  ],
  [
    { nodeSelector: { matchExpressions: [{ key: 'a', operator: 'Exists', values: ['b'] }] } },
    `spec.nodeSelector.matchExpressions[0].values ${JSON.stringify('["b"]')} is set with operator Exists: remove the values`,
    false,
  ],
]
for (const [spec, mistake, isInForce] of MALFORMED) {
  test(`decodeL2Policy() names the mistake in ${JSON.stringify(spec)}`, () => {
    const { value, mistakes } = decode(spec)
    assert.deepEqual(mistakes.map(formatMistake), [mistake])
    assert.equal(value !== undefined, isInForce)
  })
}

test('decodeL2Policy() never throws', () => {
  fc.assert(
    fc.property(fc.anything(), (spec) => {
      assert.ok(Array.isArray(decode(spec).mistakes))
    }),
  )
})
