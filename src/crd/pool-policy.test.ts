import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { formatMistake } from '#model/condition.ts'
import { decodePoolPolicy } from './pool-policy.ts'

/** What is in force of a spec, as text, and its mistakes. */
function decode(spec: unknown): { readonly inForce: string; readonly mistakes: readonly string[] } {
  const { value, mistakes } = decodePoolPolicy({ metadata: { name: 'p' }, spec })
  const { pools, reserved, quotas } = value ?? {}
  const inForce =
    value === undefined ? 'nothing' : JSON.stringify({ pools, reserved: reserved?.map(({ text }) => text), quotas })
  return { inForce, mistakes: mistakes.map(formatMistake) }
}

test('decodePoolPolicy() reads addresses by address, cidr, and start and stop, and who may ask for them', () => {
  const reserved = [
    { address: '10.0.0.1', reason: 'router' },
    { cidr: '10.0.1.9/24', requestable: true },
    { start: '10.0.2.1', stop: '10.0.2.9', namespaces: ['mail'] },
    { start: 'fd00::1', requestable: true, namespaceSelector: { matchLabels: { team: 'a' } } },
  ]
  const { value, mistakes } = decodePoolPolicy({ metadata: { name: 'p', generation: 3 }, spec: { reserved } })
  assert.deepEqual(mistakes, [])
  assert.equal(value?.pools, 'all')
  assert.equal(value.generation, 3)
  assert.deepEqual(
    value.reserved.map(({ text, reason, requestableBy }) => [text, reason, requestableBy]),
    [
      ['10.0.0.1', 'router', 'nobody'],
      ['10.0.1.0/24', '', 'everybody'],
      ['10.0.2.1 - 10.0.2.9', '', { names: ['mail'], selector: undefined }],
      ['fd00::1', '', { names: [], selector: { requirements: [{ key: 'team', operator: 'In', values: ['a'] }] } }],
    ],
  )
})

test('decodePoolPolicy() reads quotas for named and selected namespaces, and for all', () => {
  const quotas = [{ namespaces: ['team-a'], maxAddresses: 0, maxServices: 2 }, { maxServices: 1 }]
  const { value, mistakes } = decodePoolPolicy({
    metadata: { name: 'p' },
    spec: { pools: ['lab', 'metallb-system/blue'], quotas },
  })
  assert.deepEqual(mistakes, [])
  assert.deepEqual(value?.pools, ['lab', 'metallb-system/blue'])
  assert.deepEqual(value.quotas, [
    { namespaces: { names: ['team-a'], selector: undefined }, maxAddresses: 0, maxServices: 2 },
    { namespaces: 'all', maxAddresses: undefined, maxServices: 1 },
  ])
})

/** Beside the entry with the mistake stands a good one, which stays in force. */
const GOOD = { address: '10.0.0.1' }
const QUOTA = { maxServices: 1 }
const ALL = '{"pools":"all","reserved":["10.0.0.1"],"quotas":[]}'
const ONE_QUOTA = '{"pools":"all","reserved":[],"quotas":[{"namespaces":"all","maxServices":1}]}'

interface Case {
  readonly name: string
  readonly spec: unknown
  readonly mistake: string
  readonly inForce?: string
}

const CASES: readonly Case[] = [
  {
    name: 'no spec',
    spec: undefined,
    mistake: 'spec is missing: write spec.reserved or spec.quotas',
    inForce: '{"pools":"all","reserved":[],"quotas":[]}',
  },
  {
    name: 'spec',
    spec: 'x',
    mistake: 'spec "x" is not an object: write fields here',
    inForce: '{"pools":"all","reserved":[],"quotas":[]}',
  },
  {
    name: 'an empty spec',
    spec: {},
    mistake: 'spec "{}" has neither reserved nor quotas: write one of them, or delete the object',
    inForce: '{"pools":"all","reserved":[],"quotas":[]}',
  },
  {
    name: 'pools',
    spec: { pools: 'lab', reserved: [GOOD] },
    mistake: 'spec.pools "lab" is not a list: write a list, each element with a dash before it',
    inForce: 'nothing',
  },
  {
    name: 'no pool named',
    spec: { pools: [], reserved: [GOOD] },
    mistake: 'spec.pools "[]" is empty: name pools, or remove the field, which means every pool',
    inForce: 'nothing',
  },
  {
    name: 'pools[]',
    spec: { pools: ['Lab'], reserved: [GOOD] },
    mistake: 'spec.pools[0] "Lab" is no name of a pool: write a name like lab',
    inForce: 'nothing',
  },
  {
    name: 'pools[], a number',
    spec: { pools: ['lab', 7], reserved: [GOOD] },
    mistake: 'spec.pools[1] "7" is not a text: put it in quotes',
    inForce: '{"pools":["lab"],"reserved":["10.0.0.1"],"quotas":[]}',
  },
  {
    name: 'reserved',
    spec: { reserved: 'x' },
    mistake: 'spec.reserved "x" is not a list: write a list, each element with a dash before it',
    inForce: '{"pools":"all","reserved":[],"quotas":[]}',
  },
  {
    name: 'reserved[]',
    spec: { reserved: [GOOD, 'x'] },
    mistake: 'spec.reserved[1] "x" is not an object: write fields here',
  },
  {
    name: 'reserved[] without addresses',
    spec: { reserved: [GOOD, {}] },
    mistake: 'spec.reserved[1] "{}" has no addresses: write address, cidr, or start and stop',
  },
  {
    name: 'address',
    spec: { reserved: [GOOD, { address: '10.0.0' }] },
    mistake: 'spec.reserved[1].address "10.0.0" is not an IP address: write an address like 192.168.10.75 or fd00::75',
  },
  {
    name: 'address, of IPv4 in the notation of IPv6',
    spec: { reserved: [GOOD, { address: '::ffff:10.0.0.1' }] },
    mistake: 'spec.reserved[1].address "::ffff:10.0.0.1" is IPv4 in the notation of IPv6: write 10.0.0.1',
  },
  {
    name: 'address beside cidr',
    spec: { reserved: [{ ...GOOD, cidr: '10.0.0.0/24' }] },
    mistake: 'spec.reserved[0].cidr "10.0.0.0/24" is ignored beside address: remove it, or remove address',
  },
  {
    name: 'cidr',
    spec: { reserved: [GOOD, { cidr: '10.0.0.9' }] },
    mistake:
      'spec.reserved[1].cidr "10.0.0.9" is not a CIDR: add the length of the network: 10.0.0.9/32 for this one address',
  },
  {
    name: 'start',
    spec: { reserved: [GOOD, { start: 'x' }] },
    mistake: 'spec.reserved[1].start "x" is not an IP address: write an address like 192.168.10.75 or fd00::75',
  },
  {
    name: 'stop',
    spec: { reserved: [GOOD, { start: '10.0.0.9', stop: '10.0.0.8' }] },
    mistake:
      'spec.reserved[1].start "10.0.0.9" is after stop 10.0.0.8: write the lower address as start and the higher as stop',
  },
  {
    name: 'reason',
    spec: { reserved: [{ ...GOOD, reason: 7 }] },
    mistake: 'spec.reserved[0].reason "7" is not a text: put it in quotes',
  },
  {
    name: 'requestable',
    spec: { reserved: [{ ...GOOD, requestable: 'yes' }] },
    mistake: 'spec.reserved[0].requestable "yes" is neither true nor false: write true or false without quotes',
  },
  {
    name: 'requestable: false beside namespaces',
    spec: { reserved: [{ ...GOOD, requestable: false, namespaces: ['a'] }] },
    mistake:
      'spec.reserved[0].requestable "false" contradicts the namespaces that may ask: remove it, or remove namespaces and namespaceSelector',
  },
  {
    name: 'reserved[].namespaces',
    spec: { reserved: [{ ...GOOD, namespaces: 'a' }] },
    mistake: 'spec.reserved[0].namespaces "a" is not a list: write a list, each element with a dash before it',
  },
  {
    name: 'reserved[].namespaces[]',
    spec: { reserved: [{ ...GOOD, namespaces: ['a/b'] }] },
    mistake: 'spec.reserved[0].namespaces[0] "a/b" is no name of a namespace: write a name like team-a',
  },
  {
    name: 'reserved[].namespaceSelector',
    spec: { reserved: [{ ...GOOD, namespaceSelector: 'x' }] },
    mistake: 'spec.reserved[0].namespaceSelector "x" is not an object: write fields here',
  },
  {
    name: 'quotas',
    spec: { quotas: {} },
    mistake: 'spec.quotas "{}" is not a list: write a list, each element with a dash before it',
    inForce: '{"pools":"all","reserved":[],"quotas":[]}',
  },
  {
    name: 'quotas[]',
    spec: { quotas: [QUOTA, 7] },
    mistake: 'spec.quotas[1] "7" is not an object: write fields here',
    inForce: ONE_QUOTA,
  },
  {
    name: 'quotas[] without a limit',
    spec: { quotas: [QUOTA, { namespaces: ['a'] }] },
    mistake: 'spec.quotas[1] "{\\"namespaces\\":[\\"a\\"]}" limits nothing: write maxAddresses, maxServices or both',
    inForce: ONE_QUOTA,
  },
  {
    name: 'quotas[].namespaces',
    spec: { quotas: [QUOTA, { namespaces: [], maxServices: 1 }] },
    mistake: 'spec.quotas[1].namespaces "[]" is empty: name namespaces, or remove the field',
    inForce: ONE_QUOTA,
  },
  {
    name: 'quotas[].namespaceSelector',
    spec: {
      quotas: [QUOTA, { namespaceSelector: { matchExpressions: [{ key: 'a', operator: 'Is' }] }, maxServices: 1 }],
    },
    mistake:
      'spec.quotas[1].namespaceSelector.matchExpressions[0].operator "Is" is no operator: write one of In, NotIn, Exists, DoesNotExist',
    inForce: ONE_QUOTA,
  },
  {
    name: 'maxAddresses',
    spec: { quotas: [{ ...QUOTA, maxAddresses: -1 }] },
    mistake: 'spec.quotas[0].maxAddresses "-1" is negative: write 0 for none at all, or a number above it',
    inForce: ONE_QUOTA,
  },
  {
    name: 'maxServices',
    spec: { quotas: [QUOTA, { maxServices: '5' }] },
    mistake: 'spec.quotas[1].maxServices "5" is not a whole number: write a whole number without quotes',
    inForce: ONE_QUOTA,
  },
]

for (const { name, spec, mistake, inForce = ALL } of CASES) {
  test(`decodePoolPolicy() tells of a mistake, and leaves the rest in force: ${name}`, () => {
    assert.deepEqual(decode(spec), { inForce, mistakes: [mistake] })
  })
}

test('decodePoolPolicy() gives a reserved address to nobody where it is not known whom it is for', () => {
  for (const wrong of [{ namespaces: ['A'] }, { namespaceSelector: 7 }, { requestable: 'yes' }]) {
    const { value } = decodePoolPolicy({ metadata: { name: 'p' }, spec: { reserved: [{ ...GOOD, ...wrong }] } })
    assert.equal(value?.reserved[0]?.requestableBy, 'nobody')
  }
})

test('decodePoolPolicy() never throws', () => {
  const field = fc.constantFrom('pools', 'reserved', 'quotas', 'namespaces', 'address', 'maxServices', 'requestable')
  const anything = fc.anything({ key: field, maxDepth: 4 })
  fc.assert(fc.property(anything, (spec) => void decodePoolPolicy({ metadata: { name: 'p' }, spec })))
  fc.assert(fc.property(fc.anything(), (object) => void decodePoolPolicy(object)))
})
