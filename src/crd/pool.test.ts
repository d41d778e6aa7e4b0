import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { formatMistake } from '#model/condition.ts'
import { NO_PRIORITY } from '#model/pool.ts'
import { formatRange } from '#model/range.ts'
import { decodePool } from './pool.ts'

function decode(spec: unknown): {
  readonly blocks: readonly string[] | undefined
  readonly mistakes: readonly string[]
} {
  const { value, mistakes } = decodePool({ metadata: { name: 'p' }, spec })
  return { blocks: value?.blocks.map(({ text }) => text), mistakes: mistakes.map(formatMistake) }
}

test('decodePool() reads blocks by start and stop, by cidr, and single addresses', () => {
  const blocks = [{ start: '10.0.0.1', stop: '10.0.0.4' }, { cidr: '10.0.1.12/24' }, { start: 'fd00::1' }]
  assert.deepEqual(decode({ blocks }), { blocks: ['10.0.0.1 - 10.0.0.4', '10.0.1.0/24', 'fd00::1'], mistakes: [] })
})

test('decodePool() reads cidrs of manifests from before Cilium 1.15', () => {
  assert.deepEqual(decode({ cidrs: [{ cidr: '10.0.0.0/24' }] }), { blocks: ['10.0.0.0/24'], mistakes: [] })
})

const UNUSABLE: readonly (readonly [block: object, left: readonly string[], mistake: string])[] = [
  [
    { cidr: '0.0.0.0/0' },
    ['1.0.0.0 - 126.255.255.255', '128.0.0.0 - 223.255.255.255', '240.0.0.0 - 255.255.255.254'],
    'spec.blocks[0].cidr "0.0.0.0/0" has addresses that no Service can have (0.0.0.0 - 0.255.255.255, 127.0.0.0 - 127.255.255.255, 224.0.0.0 - 239.255.255.255, 255.255.255.255 - 255.255.255.255): write addresses of your network only',
  ],
  [
    { cidr: '::/0' },
    ['::2 - ::fffe:ffff:ffff', '::1:0:0:0 - feff:ffff:ffff:ffff:ffff:ffff:ffff:ffff'],
    'spec.blocks[0].cidr "::/0" has addresses that no Service can have (:: - ::1, ::ffff:0:0 - ::ffff:ffff:ffff, ff00:: - ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff): write addresses of your network only',
  ],
  [
    { start: '126.255.255.254', stop: '127.0.0.1' },
    ['126.255.255.254 - 126.255.255.255'],
    'spec.blocks[0].start "126.255.255.254" has addresses that no Service can have (127.0.0.0 - 127.0.0.1): write addresses of your network only',
  ],
  [
    { cidr: '::ffff:10.0.0.0/120' },
    [],
    'spec.blocks[0].cidr "::ffff:10.0.0.0/120" is IPv4 in the notation of IPv6: write 10.0.0.0 - 10.0.0.255',
  ],
]
for (const [block, blocks, mistake] of UNUSABLE) {
  test(`decodePool() leaves out what no Service can have, and says so: ${JSON.stringify(block)}`, () => {
    assert.deepEqual(decode({ blocks: [block] }), { blocks, mistakes: [mistake] })
  })
}

test('decodePool() keeps both ends of each part back where a block has addresses that no Service can have', () => {
  const { value } = decodePool({
    metadata: { name: 'p' },
    spec: { blocks: [{ cidr: '126.0.0.0/7' }], allowFirstLastIPs: 'No' },
  })
  assert.deepEqual(
    value?.blocks.map(({ usable }) => usable && formatRange(usable)),
    ['126.0.0.1 - 126.255.255.254'],
  )
})

const MISTAKES: readonly { readonly name: string; readonly spec: unknown; readonly mistake: string }[] = [
  {
    name: 'start after stop',
    spec: { blocks: [{ start: '10.0.0.9', stop: '10.0.0.1' }] },
    mistake:
      'spec.blocks[0].start "10.0.0.9" is after stop 10.0.0.1: write the lower address as start and the higher as stop',
  },
  {
    name: 'families mixed',
    spec: { blocks: [{ start: '10.0.0.1', stop: 'fd00::1' }] },
    mistake:
      'spec.blocks[0].start "10.0.0.1" is IPv4, but stop fd00::1 is IPv6: write both of one family; a pool may have one block for each',
  },
  {
    name: 'a CIDR with too long a prefix',
    spec: { blocks: [{ cidr: '10.0.0.0/33' }] },
    mistake:
      'spec.blocks[0].cidr "10.0.0.0/33" is not a CIDR: write an address, a slash and a length: 192.168.10.64/28 (length 0 to 32) or fd00::/64 (length 0 to 128)',
  },
  {
    name: 'an address where a CIDR belongs',
    spec: { blocks: [{ cidr: '10.0.0.1' }] },
    mistake:
      'spec.blocks[0].cidr "10.0.0.1" is not a CIDR: add the length of the network: 10.0.0.1/32 for this one address',
  },
  {
    name: 'a range where a CIDR belongs',
    spec: { blocks: [{ cidr: '10.0.0.1-10.0.0.9' }] },
    mistake: 'spec.blocks[0].cidr "10.0.0.1-10.0.0.9" is not a CIDR: write a range as start and stop instead of cidr',
  },
  {
    name: 'an address with leading zeros',
    spec: { blocks: [{ start: '10.0.0.01' }] },
    mistake: 'spec.blocks[0].start "10.0.0.01" is not an IP address: write an address like 192.168.10.75 or fd00::75',
  },
  {
    name: 'a stop that is no address',
    spec: { blocks: [{ start: '10.0.0.1', stop: '10.0.0' }] },
    mistake: 'spec.blocks[0].stop "10.0.0" is not an IP address: write an address like 192.168.10.75 or fd00::75',
  },
  {
    name: 'a number where an address belongs',
    spec: { blocks: [{ start: 10 }] },
    mistake: 'spec.blocks[0].start "10" is not a text: put it in quotes',
  },
  {
    name: 'a number where a CIDR belongs',
    spec: { blocks: [{ cidr: 10 }] },
    mistake: 'spec.blocks[0].cidr "10" is not a text: put it in quotes',
  },
  {
    name: 'a block that is text',
    spec: { blocks: ['10.0.0.0/24'] },
    mistake: 'spec.blocks[0] "10.0.0.0/24" is not an object: write fields here',
  },
  {
    name: 'a stop beside a CIDR',
    spec: { blocks: [{ cidr: '10.0.0.0/24', stop: '10.0.0.9' }] },
    mistake: 'spec.blocks[0].stop "10.0.0.9" is ignored beside cidr: remove it, or remove cidr',
  },
  {
    name: 'cidrs of old that are no list',
    spec: { cidrs: '10.0.0.0/24' },
    mistake: 'spec.cidrs "10.0.0.0/24" is not a list: write a list, each element with a dash before it',
  },
  {
    name: 'an entry of the cidrs of old that is no CIDR',
    spec: { cidrs: [{ cidr: 'x' }] },
    mistake:
      'spec.cidrs[0].cidr "x" is not a CIDR: write an address, a slash and a length: 192.168.10.64/28 (length 0 to 32) or fd00::/64 (length 0 to 128)',
  },
  {
    name: 'a spec that is text',
    spec: '10.0.0.0/24',
    mistake: 'spec "10.0.0.0/24" is not an object: write fields here',
  },
  {
    name: 'a selector that is text',
    spec: { serviceSelector: 'app=x' },
    mistake: 'spec.serviceSelector "app=x" is not an object: write fields here',
  },
  {
    name: 'labels of a selector that are a list',
    spec: { serviceSelector: { matchLabels: ['app'] } },
    mistake: `spec.serviceSelector.matchLabels ${JSON.stringify('["app"]')} is not an object: write fields here`,
  },
  {
    name: 'a label without a value',
    spec: { serviceSelector: { matchLabels: { app: null } } },
    mistake: 'spec.serviceSelector.matchLabels.app has no value: write the label value, "" for an empty one',
  },
  {
    name: 'values beside an operator without any',
    spec: { serviceSelector: { matchExpressions: [{ key: 'app', operator: 'DoesNotExist', values: ['x'] }] } },
    mistake: `spec.serviceSelector.matchExpressions[0].values ${JSON.stringify('["x"]')} is set with operator DoesNotExist: remove the values`,
  },
  {
    name: 'stop without start',
    spec: { blocks: [{ stop: '10.0.0.1' }] },
    mistake: 'spec.blocks[0].stop "10.0.0.1" has no start: write the first address of the block as start',
  },
  {
    name: 'an empty block',
    spec: { blocks: [{}] },
    mistake: 'spec.blocks[0] "{}" has no addresses: write cidr, or start and stop',
  },
  {
    name: 'blocks that are no list',
    spec: { blocks: '10.0.0.0/24' },
    mistake: 'spec.blocks "10.0.0.0/24" is not a list: write a list, each element with a dash before it',
  },
  { name: 'no spec', spec: undefined, mistake: 'spec is missing: write spec.blocks with the addresses of the pool' },
  {
    name: 'a switch that is text',
    spec: { disabled: 'yes' },
    mistake: 'spec.disabled "yes" is neither true nor false: write true or false without quotes',
  },
  {
    name: 'a selector operator that is none',
    spec: { serviceSelector: { matchExpressions: [{ key: 'app', operator: 'Is', values: ['x'] }] } },
    mistake:
      'spec.serviceSelector.matchExpressions[0].operator "Is" is no operator: write one of In, NotIn, Exists, DoesNotExist',
  },
  {
    name: 'allowFirstLastIPs as a switch',
    spec: { allowFirstLastIPs: false },
    mistake: 'spec.allowFirstLastIPs "false" is not a value of this field: write one of Yes, No',
  },
]
for (const { name, spec, mistake } of MISTAKES) {
  test(`decodePool() names the mistake: ${name}`, () => {
    assert.deepEqual(decode(spec).mistakes, [mistake])
  })
}

test('decodePool() keeps good blocks beside bad ones and lists every mistake', () => {
  const blocks = [{ cidr: 'x' }, { start: '10.0.0.1' }, { start: 'y' }]
  const { blocks: kept, mistakes } = decode({ blocks })
  assert.deepEqual(kept, ['10.0.0.1'])
  assert.equal(mistakes.length, 2)
})

test('decodePool() has no value when it is not known whom the pool is for', () => {
  assert.equal(decode({ serviceSelector: { matchLabels: { 'a b': 'c' } } }).blocks, undefined)
})

test('decodePool() says that a cidr wins over start beside it', () => {
  const decoded = decode({ blocks: [{ cidr: '10.0.0.0/24', start: '10.9.0.1' }] })
  assert.deepEqual(decoded, {
    blocks: ['10.0.0.0/24'],
    mistakes: ['spec.blocks[0].start "10.9.0.1" is ignored beside cidr: remove it, or remove cidr'],
  })
})

test('decodePool() never throws', () => {
  fc.assert(
    fc.property(
      fc.oneof(
        fc.anything(),
        fc.anything().map((spec) => ({ metadata: { name: 'p' }, spec })),
      ),
      (object) => {
        assert.ok(Array.isArray(decodePool(object).mistakes))
      },
    ),
  )
})

function usable(allowFirstLastIPs: unknown, block: unknown): string {
  const { value } = decodePool({ metadata: { name: 'p' }, spec: { blocks: [block], allowFirstLastIPs } })
  return value?.blocks.map(({ range, usable: part = range }) => formatRange(part)).join() ?? ''
}

test('decodePool() keeps first and last address back where it is told to, and where it is not known what is meant', () => {
  assert.equal(usable('No', { cidr: '10.0.0.0/29' }), '10.0.0.1 - 10.0.0.6')
  assert.equal(usable(false, { cidr: '10.0.0.0/29' }), '10.0.0.1 - 10.0.0.6')
  assert.equal(usable('Yes', { cidr: '10.0.0.0/29' }), '10.0.0.0 - 10.0.0.7')
  assert.equal(usable(undefined, { cidr: '10.0.0.0/29' }), '10.0.0.0 - 10.0.0.7')
})

test('decodePool() gives out all of a block that has no ends to spare, or was not written as a CIDR', () => {
  assert.equal(usable('No', { cidr: '10.0.0.0/31' }), '10.0.0.0 - 10.0.0.1')
  assert.equal(usable('No', { cidr: 'fd00::/128' }), 'fd00:: - fd00::')
  assert.equal(usable('No', { cidr: '10.0.0.0/30' }), '10.0.0.1 - 10.0.0.2')
  assert.equal(usable('No', { start: '10.0.0.0', stop: '10.0.0.7' }), '10.0.0.0 - 10.0.0.7')
})

test('decodePool() reads the priority of a pool from its annotation', () => {
  const priority = (text: string): readonly [number | undefined, readonly string[]] => {
    const { value, mistakes } = decodePool({
      metadata: { name: 'p', annotations: { 'balise.io/priority': text } },
      spec: { blocks: [] },
    })
    return [value?.priority, mistakes.map(formatMistake)]
  }
  assert.deepEqual(priority('7'), [7, []])
  assert.deepEqual(priority('high'), [
    NO_PRIORITY,
    [
      'metadata.annotations["balise.io/priority"] "high" is not a whole number: write a number from 0 to 999999999; pools with a lower one go first',
    ],
  ])
})

test('decodePool() reads from an annotation whether a pool gives to who does not ask, and gives less where that is unclear', () => {
  const automatic = (annotations: object): readonly [boolean | undefined, readonly string[]] => {
    const { value, mistakes } = decodePool({ metadata: { name: 'p', annotations }, spec: { blocks: [] } })
    return [value?.autoAssign, mistakes.map(formatMistake)]
  }
  const key = 'balise.io/auto-assign'
  assert.deepEqual(automatic({}), [true, []])
  assert.deepEqual(automatic({ [key]: 'true' }), [true, []])
  assert.deepEqual(automatic({ [key]: 'false' }), [false, []])
  const [isAutomatic, mistakes] = automatic({ [key]: 'no' })
  assert.equal(isAutomatic, false)
  assert.match(mistakes.join(), /"no" is neither true nor false: write "true", or "false"/)
  assert.equal(automatic({ [key]: false })[0], false)
})
