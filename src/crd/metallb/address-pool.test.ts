import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { formatMistake } from '#model/condition.ts'
import { NO_PRIORITY, type Pool, poolKey } from '#model/pool.ts'
import { decodeAddressPool, readAnnouncedPool } from './address-pool.ts'

const METADATA = {
  name: 'blue',
  namespace: 'metallb-system',
  generation: 3,
  creationTimestamp: '2026-11-22T07:32:11Z',
  labels: { team: 'a' },
}
const decode = (spec: unknown) => decodeAddressPool({ metadata: METADATA, spec })
const blocksOf = (pool: Pool | undefined) => pool?.blocks.map(({ text }) => text)

test('decodeAddressPool() reads all fields', () => {
  const { value, mistakes } = decode({
    addresses: ['10.0.1.12/24', '10.0.2.1-10.0.2.4', ' fd00::1 - fd00::9 ', '10.0.3.1/32', '10.0.4.1-10.0.4.1'],
    autoAssign: false,
    avoidBuggyIPs: true,
    serviceAllocation: {
      priority: 5,
      namespaces: ['web'],
      namespaceSelectors: [{ matchLabels: { team: 'a' } }],
      serviceSelectors: [{ matchLabels: { app: 'x' } }, { matchExpressions: [{ key: 'b', operator: 'Exists' }] }],
    },
  })
  assert.deepEqual(mistakes, [])
  assert.ok(value !== undefined)
  const { blocks, ...rest } = value
  assert.deepEqual(blocksOf(value), [
    '10.0.1.0/24',
    '10.0.2.1 - 10.0.2.4',
    'fd00::1 - fd00::9',
    '10.0.3.1/32',
    '10.0.4.1 - 10.0.4.1',
  ])
  assert.deepEqual(rest, {
    dialect: 'metallb',
    name: 'blue',
    namespace: 'metallb-system',
    labels: { team: 'a' },
    generation: 3,
    creationTimestampMs: Date.UTC(2026, 10, 22, 7, 32, 11),
    disabled: false,
    priority: 5,
    autoAssign: false,
    avoidBuggyIps: true,
    serviceSelector: { requirements: [] },
    serviceSelectors: [
      { requirements: [{ key: 'app', operator: 'In', values: ['x'] }] },
      { requirements: [{ key: 'b', operator: 'Exists', values: [] }] },
    ],
    namespaces: ['web'],
    namespaceSelectors: [{ requirements: [{ key: 'team', operator: 'In', values: ['a'] }] }],
  })
  assert.equal(poolKey(value), 'metallb-system/blue')
})

test('decodeAddressPool() has the defaults of MetalLB', () => {
  const { value } = decode({ addresses: ['10.0.0.0/24'] })
  assert.deepEqual([value?.autoAssign, value?.avoidBuggyIps, value?.priority], [true, false, NO_PRIORITY])
  assert.equal(decode({ addresses: [], serviceAllocation: { priority: 0 } }).value?.priority, NO_PRIORITY)
})

const FORMS = 'write 192.168.10.64/28, or 192.168.10.75-192.168.10.78'
const GOOD = '10.9.9.0/24'
/** The spec, its mistakes, and what is left of the pool: its blocks, or nothing. */
const MALFORMED: readonly (readonly [spec: unknown, mistake: string, left: readonly string[] | undefined])[] = [
  [undefined, 'spec is missing: write spec.addresses with the addresses of the pool', []],
  ['x', 'spec "x" is not an object: write fields here', undefined],
  [{}, `spec.addresses is missing: ${FORMS}`, []],
  [{ addresses: [] }, `spec.addresses "[]" is empty: ${FORMS}`, []],
  [
    { addresses: '10.0.0.0/24' },
    'spec.addresses "10.0.0.0/24" is not a list: write a list, each element with a dash before it',
    [],
  ],
  [{ addresses: [GOOD, null] }, `spec.addresses[1] is empty: ${FORMS}`, [GOOD]],
  [{ addresses: [GOOD, ''] }, `spec.addresses[1] is empty: ${FORMS}`, [GOOD]],
  [{ addresses: [GOOD, 7] }, 'spec.addresses[1] "7" is not a text: put it in quotes', [GOOD]],
  [{ addresses: [GOOD, 'x'] }, `spec.addresses[1] "x" is neither a CIDR nor a range: ${FORMS}`, [GOOD]],
  [
    { addresses: [GOOD, '10.0.0.1'] },
    'spec.addresses[1] "10.0.0.1" is a single address without a length: write 10.0.0.1/32 for this one address',
    [GOOD],
  ],
  [
    { addresses: [GOOD, 'fd00::1'] },
    'spec.addresses[1] "fd00::1" is a single address without a length: write fd00::1/128 for this one address',
    [GOOD],
  ],
  [
    { addresses: [GOOD, '10.0.0.0/33'] },
    'spec.addresses[1] "10.0.0.0/33" is not a CIDR: write an address, a slash and a length: 192.168.10.64/28 (0 to 32) or fd00::/64 (0 to 128)',
    [GOOD],
  ],
  [
    { addresses: [GOOD, '10.0.0.1-9'] },
    `spec.addresses[1] "10.0.0.1-9" is not a range of two addresses: ${FORMS}`,
    [GOOD],
  ],
  [
    { addresses: [GOOD, '10.0.0.9-10.0.0.1'] },
    'spec.addresses[1] "10.0.0.9-10.0.0.1" ends before it begins: write it as 10.0.0.1-10.0.0.9',
    [GOOD],
  ],
  [
    { addresses: [GOOD, '10.0.0.1-fd00::1'] },
    'spec.addresses[1] "10.0.0.1-fd00::1" goes from one family to the other: write one range for IPv4 and one for IPv6',
    [GOOD],
  ],
  [
    { addresses: [GOOD], autoAssign: 'no' },
    'spec.autoAssign "no" is neither true nor false: write true or false without quotes',
    [GOOD],
  ],
  [
    { addresses: [GOOD], avoidBuggyIPs: 1 },
    'spec.avoidBuggyIPs "1" is neither true nor false: write true or false without quotes',
    [GOOD],
  ],
  [{ addresses: [GOOD], autoassign: true }, 'spec.autoassign "true" is not a field here: write autoAssign', [GOOD]],
  [
    { addresses: [GOOD], protocol: 'layer2' },
    'spec.protocol "layer2" is not a field here: remove it; the fields here are addresses, autoAssign, avoidBuggyIPs, serviceAllocation',
    [GOOD],
  ],
  [
    { addresses: [GOOD], serviceAllocation: [] },
    'spec.serviceAllocation "[]" is not an object: write fields here',
    undefined,
  ],
  [
    { addresses: [GOOD], serviceAllocation: { priority: '1' } },
    'spec.serviceAllocation.priority "1" is not a whole number: write a whole number without quotes',
    [GOOD],
  ],
  [
    { addresses: [GOOD], serviceAllocation: { priority: -1 } },
    'spec.serviceAllocation.priority "-1" is below 0: write 1 for the pool to be used first, and higher numbers for later ones',
    [GOOD],
  ],
  [
    { addresses: [GOOD], serviceAllocation: { namespaces: 'web' } },
    'spec.serviceAllocation.namespaces "web" is not a list: write a list, each element with a dash before it',
    undefined,
  ],
  [
    { addresses: [GOOD], serviceAllocation: { namespaces: [''] } },
    'spec.serviceAllocation.namespaces[0] is empty: write the name of a namespace',
    undefined,
  ],
  [
    { addresses: [GOOD], serviceAllocation: { namespaceSelectors: { matchLabels: {} } } },
    'spec.serviceAllocation.namespaceSelectors "{\\"matchLabels\\":{}}" is not a list: write a list, each element with a dash before it',
    undefined,
  ],
  [
    { addresses: [GOOD], serviceAllocation: { serviceSelectors: [{ app: 'web' }] } },
    'spec.serviceAllocation.serviceSelectors[0].app "web" is not a field here: remove it; the fields here are matchLabels, matchExpressions',
    undefined,
  ],
  [
    { addresses: [GOOD], serviceAllocation: { namespaceSelectors: [null] } },
    'spec.serviceAllocation.namespaceSelectors[0] is empty: write matchLabels or matchExpressions, or {} to select all',
    undefined,
  ],
  [
    {
      addresses: [GOOD],
      serviceAllocation: { serviceSelectors: [{ matchExpressions: [{ key: 'a', operator: 'In' }] }] },
    },
    'spec.serviceAllocation.serviceSelectors[0].matchExpressions[0].values is empty with operator In: list at least one value',
    undefined,
  ],
  [
    { addresses: [GOOD], serviceAllocation: { serviceSelectors: [{ matchLabels: { app: 'a b' } }] } },
    'spec.serviceAllocation.serviceSelectors[0].matchLabels.app "a b" cannot be the value of a label: use at most 63 letters, digits, dots, dashes and underscores',
    undefined,
  ],
  [
    { addresses: [GOOD], serviceAllocation: { namespaceSelector: [] } },
    'spec.serviceAllocation.namespaceSelector "[]" is not a field here: write namespaceSelectors',
    [GOOD],
  ],
]
for (const [spec, mistake, left] of MALFORMED) {
  test(`decodeAddressPool() names the mistake in ${JSON.stringify(spec) ?? 'nothing'}`, () => {
    const { value, mistakes } = decode(spec)
    assert.deepEqual(mistakes.map(formatMistake), [mistake])
    assert.deepEqual(blocksOf(value), left)
  })
}

test('decodeAddressPool() takes no range of three addresses', () => {
  assert.deepEqual(blocksOf(decode({ addresses: [GOOD, '10.0.0.1-10.0.0.2-10.0.0.3'] }).value), [GOOD])
})

test('decodeAddressPool() lists every mistake of an object', () => {
  assert.equal(decode({ addresses: ['x', 'y'], autoAssign: 'z' }).mistakes.length, 3)
})

test('decodeAddressPool() gives less away where a switch cannot be read', () => {
  const { value } = decode({ addresses: [GOOD], autoAssign: 'yes', avoidBuggyIPs: 'no' })
  assert.deepEqual([value?.autoAssign, value?.avoidBuggyIps], [false, true])
})

test('decodeAddressPool() has no value without a name', () => {
  const { value, mistakes } = decodeAddressPool({ metadata: {}, spec: { addresses: [GOOD] } })
  assert.equal(value, undefined)
  assert.deepEqual(mistakes.map(formatMistake), ['metadata.name is missing: give the object a name'])
})

test('decodeAddressPool() never throws', () => {
  const field = fc.constantFrom('addresses', 'autoAssign', 'avoidBuggyIPs', 'serviceAllocation')
  const objects = fc.oneof(
    fc.anything(),
    fc.dictionary(field, fc.anything()).map((spec) => ({ metadata: METADATA, spec })),
    fc.array(fc.anything()).map((addresses) => ({ metadata: METADATA, spec: { addresses } })),
    fc
      .anything()
      .map((serviceSelectors) => ({ metadata: METADATA, spec: { serviceAllocation: { serviceSelectors } } })),
  )
  fc.assert(fc.property(objects, (object) => assert.ok(Array.isArray(decodeAddressPool(object).mistakes))))
})

test('readAnnouncedPool() has the addresses also of a pool of which it is not known whom it is for', () => {
  const metadata = { name: 'blue', namespace: 'm', generation: 3, labels: { tier: 'web' } }
  const read = (spec: unknown) => {
    const { pool, isBroken } = readAnnouncedPool({ metadata, spec }) ?? {}
    return [pool?.blocks.map(({ text }) => text), pool?.generation, pool?.labels, isBroken]
  }
  const addresses = ['10.0.0.0/24', 'x']
  const rest = [3, { tier: 'web' }]
  assert.deepEqual(read({ addresses: ['10.0.0.0/24'] }), [['10.0.0.0/24'], ...rest, false])
  assert.deepEqual(read({ addresses }), [['10.0.0.0/24'], ...rest, true])
  assert.deepEqual(read({ addresses, serviceAllocation: { serviceSelectors: 'x' } }), [['10.0.0.0/24'], ...rest, true])
  assert.deepEqual(read('x'), [[], ...rest, true])
  assert.equal(readAnnouncedPool({ spec: { addresses } }), undefined)
})
