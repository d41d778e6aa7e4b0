import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { formatMistake } from '#model/condition.ts'
import { advertisesPool } from '#model/l2-advertisement.ts'
import type { Pool } from '#model/pool.ts'
import { decodeAddressPool } from './address-pool.ts'
import { decodeL2Advertisement } from './l2-advertisement.ts'

const METADATA = { name: 'ad', namespace: 'metallb-system', generation: 2 }
const decode = (spec: unknown) => decodeL2Advertisement({ metadata: METADATA, spec })
const selector = { matchLabels: { a: 'b' } }
const SELECTED = { requirements: [{ key: 'a', operator: 'In', values: ['b'] }] }

test('decodeL2Advertisement() reads all fields', () => {
  const { value, mistakes } = decode({
    ipAddressPools: ['blue'],
    ipAddressPoolSelectors: [selector],
    nodeSelectors: [selector],
    serviceSelectors: [selector],
    interfaces: ['eth0'],
    preferredNodeSelectors: [{ weight: 100, preference: selector }],
  })
  assert.deepEqual(mistakes, [])
  assert.deepEqual(value, {
    ...METADATA,
    pools: ['blue'],
    poolSelectors: [SELECTED],
    nodeSelectors: [SELECTED],
    serviceSelectors: [SELECTED],
    interfaces: ['eth0'],
    preferredNodes: [{ weight: 100, selector: SELECTED }],
  })
})

test('decodeL2Advertisement() without a spec is about all pools, nodes and interfaces', () => {
  const { value, mistakes } = decode(undefined)
  assert.deepEqual(mistakes, [])
  assert.deepEqual([value?.pools, value?.nodeSelectors, value?.interfaces], [[], [], []])
})

test('advertisesPool() goes by name, or by the labels of the pool, in its own namespace', () => {
  const pool = (name: string, namespace: string, labels = {}): Pool =>
    decodeAddressPool({ metadata: { name, namespace, labels }, spec: { addresses: [] } }).value as Pool
  const advertised = (spec: object, of: Pool) => {
    const { value } = decode(spec)
    return value !== undefined && advertisesPool(value, of)
  }
  const blue = pool('blue', 'metallb-system', { a: 'b' })
  assert.equal(advertised({}, blue), true)
  assert.equal(advertised({}, pool('blue', 'other')), false)
  assert.equal(advertised({ ipAddressPools: ['red'] }, blue), false)
  assert.equal(advertised({ ipAddressPools: ['red', 'blue'] }, blue), true)
  assert.equal(advertised({ ipAddressPools: ['red'], ipAddressPoolSelectors: [selector] }, blue), true)
})

const MALFORMED: readonly (readonly [spec: unknown, mistake: string, hasValue: boolean])[] = [
  ['x', 'spec "x" is not an object: write fields here', false],
  [{ ipAddressPools: [''] }, 'spec.ipAddressPools[0] is empty: write the name of an IPAddressPool', false],
  [
    { ipAddressPools: 'blue' },
    'spec.ipAddressPools "blue" is not a list: write a list, each element with a dash before it',
    false,
  ],
  [{ ipAddressPools: [3] }, 'spec.ipAddressPools[0] "3" is not a text: put it in quotes', false],
  [{ ipAddressPoolSelectors: ['a'] }, 'spec.ipAddressPoolSelectors[0] "a" is not an object: write fields here', false],
  [
    { nodeSelectors: [null] },
    'spec.nodeSelectors[0] is empty: write matchLabels or matchExpressions, or {} to select all',
    false,
  ],
  [
    { serviceSelectors: [{ matchExpressions: [{ key: 'a', operator: 'Is' }] }] },
    'spec.serviceSelectors[0].matchExpressions[0].operator "Is" is no operator: write one of In, NotIn, Exists, DoesNotExist',
    false,
  ],
  [
    { nodeSelectors: [{ 'kubernetes.io/hostname': 'a' }] },
    'spec.nodeSelectors[0]["kubernetes.io/hostname"] "a" is not a field here: remove it; the fields here are matchLabels, matchExpressions',
    false,
  ],
  [
    { preferredNodeSelectors: [{ weight: 1, preference: { matchlabels: {} } }] },
    'spec.preferredNodeSelectors[0].preference.matchlabels "{}" is not a field here: write matchLabels',
    true,
  ],
  [{ interfaces: ['eth0', ''] }, 'spec.interfaces[1] is empty: write the name of an interface', false],
  [{ nodeSelector: [] }, 'spec.nodeSelector "[]" is not a field here: write nodeSelectors', true],
  [{ preferredNodeSelectors: [null] }, 'spec.preferredNodeSelectors[0] is empty: write weight and preference', true],
  [
    { preferredNodeSelectors: [{ preference: selector }] },
    'spec.preferredNodeSelectors[0].weight is missing: write a weight from 1 to 100',
    true,
  ],
  [
    { preferredNodeSelectors: [{ weight: 101, preference: selector }] },
    'spec.preferredNodeSelectors[0].weight "101" is not from 1 to 100: write a weight from 1 to 100',
    true,
  ],
  [
    { preferredNodeSelectors: [{ weight: 1, preference: 'x' }] },
    'spec.preferredNodeSelectors[0].preference "x" is not an object: write fields here',
    true,
  ],
]
for (const [spec, mistake, hasValue] of MALFORMED) {
  test(`decodeL2Advertisement() names the mistake in ${JSON.stringify(spec)}`, () => {
    const { value, mistakes } = decode(spec)
    assert.deepEqual(mistakes.map(formatMistake), [mistake])
    assert.equal(value !== undefined, hasValue)
    assert.deepEqual(value?.preferredNodes ?? [], [])
  })
}

test('decodeL2Advertisement() never throws', () => {
  const field = fc.constantFrom(
    'ipAddressPools',
    'ipAddressPoolSelectors',
    'nodeSelectors',
    'interfaces',
    'preferredNodeSelectors',
  )
  const objects = fc.oneof(
    fc.anything(),
    fc
      .dictionary(field, fc.oneof(fc.anything(), fc.array(fc.anything())))
      .map((spec) => ({ metadata: METADATA, spec })),
  )
  fc.assert(fc.property(objects, (object) => assert.ok(Array.isArray(decodeL2Advertisement(object).mistakes))))
})
