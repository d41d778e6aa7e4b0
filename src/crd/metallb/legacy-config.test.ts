import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { formatMistake } from '#model/condition.ts'
import { decodeLegacyConfig, isLegacyConfigMap } from './legacy-config.ts'

const CONFIG_MAP = { metadata: { name: 'config', namespace: 'metallb-system' }, data: { config: '...' } }
const decode = (config: unknown) => decodeLegacyConfig(CONFIG_MAP, config)
const GOOD = { name: 'good', protocol: 'layer2', addresses: ['10.0.0.0/24'] }

test('decodeLegacyConfig() reads pools', () => {
  const { value, mistakes } = decode({
    'address-pools': [{ ...GOOD, 'auto-assign': false, 'avoid-buggy-ips': true, addresses: ['10.0.0.1-10.0.0.9'] }],
  })
  assert.deepEqual(mistakes, [])
  const { pool, protocol } = value?.pools[0] ?? {}
  assert.deepEqual(
    [pool?.name, pool?.namespace, pool?.dialect, pool?.autoAssign, pool?.avoidBuggyIps, protocol],
    ['good', 'metallb-system', 'metallb', false, true, 'layer2'],
  )
  assert.deepEqual(
    pool?.blocks.map(({ text }) => text),
    ['10.0.0.1 - 10.0.0.9'],
  )
})

test('decodeLegacyConfig() has the defaults of MetalLB, and gives less away where a switch cannot be read', () => {
  const switches = (more: object) => {
    const pool = decode({ 'address-pools': [{ ...GOOD, ...more }] }).value?.pools[0]?.pool
    return [pool?.autoAssign, pool?.avoidBuggyIps, pool?.disabled]
  }
  assert.deepEqual(switches({}), [true, false, false])
  assert.deepEqual(switches({ 'auto-assign': 'yes', 'avoid-buggy-ips': 'no' }), [false, true, false])
})

test('decodeLegacyConfig() names every part about BGP as not taken over', () => {
  const { value, mistakes } = decode({
    peers: [{ 'peer-address': '10.0.0.1' }, { 'peer-address': '10.0.0.2' }],
    'bgp-communities': { a: '65535:65281' },
    'bfd-profiles': [{ name: 'x' }],
    'address-pools': [{ ...GOOD, protocol: 'bgp', 'bgp-advertisements': [{ localpref: 100 }] }],
  })
  assert.deepEqual(mistakes, [])
  assert.deepEqual(
    value?.notTakenOver.map(({ path }) => path),
    [
      'data.config.peers[0]',
      'data.config.peers[1]',
      'data.config["bgp-communities"]',
      'data.config["bfd-profiles"][0]',
      'data.config["address-pools"][0]["bgp-advertisements"][0]',
      'data.config["address-pools"][0].protocol',
    ],
  )
  assert.ok(value?.notTakenOver.every(({ reason }) => reason !== ''))
})

const AT = 'data.config["address-pools"]'
const MALFORMED: readonly (readonly [config: unknown, mistake: string, pools: readonly string[] | undefined])[] = [
  [null, 'data.config is empty: write address-pools', undefined],
  ['x', 'data.config "x" is not an object: write fields here', undefined],
  [{ 'address-pool': [] }, 'data.config["address-pool"] "[]" is not a field here: write address-pools', []],
  [{ 'address-pools': 'x' }, `${AT} "x" is not a list: write a list, each element with a dash before it`, []],
  [{ 'address-pools': [null, GOOD] }, `${AT}[0] is empty: write name, protocol and addresses`, ['good']],
  [{ 'address-pools': [3, GOOD] }, `${AT}[0] "3" is not an object: write fields here`, ['good']],
  [{ 'address-pools': [{ ...GOOD, name: '' }, GOOD] }, `${AT}[0].name is empty: give the pool a name`, ['good']],
  [{ 'address-pools': [{ ...GOOD, name: 5 }, GOOD] }, `${AT}[0].name "5" is not a text: put it in quotes`, ['good']],
  [
    { 'address-pools': [GOOD, GOOD] },
    `${AT}[1].name "good" is the name of an earlier pool as well: give each pool a name of its own`,
    ['good'],
  ],
  [{ 'address-pools': [{ ...GOOD, protocol: undefined }] }, `${AT}[0].protocol is missing: write layer2`, ['good']],
  [
    { 'address-pools': [{ ...GOOD, protocol: 'arp' }] },
    `${AT}[0].protocol "arp" is not a value of this field: write one of layer2, bgp`,
    ['good'],
  ],
  [
    { 'address-pools': [{ ...GOOD, 'auto-assign': 'no' }] },
    `${AT}[0]["auto-assign"] "no" is neither true nor false: write true or false without quotes`,
    ['good'],
  ],
  [
    { 'address-pools': [{ ...GOOD, 'avoid-buggy-ips': 'no' }] },
    `${AT}[0]["avoid-buggy-ips"] "no" is neither true nor false: write true or false without quotes`,
    ['good'],
  ],
  [
    { 'address-pools': [{ ...GOOD, addresses: ['10.0.0.0/24', '10.1'] }] },
    `${AT}[0].addresses[1] "10.1" is neither a CIDR nor a range: write 192.168.10.64/28, or 192.168.10.75-192.168.10.78`,
    ['good'],
  ],
  [
    { 'address-pools': [{ ...GOOD, autoAssign: false }] },
    `${AT}[0].autoAssign "false" is not a field here: write auto-assign`,
    ['good'],
  ],
]
for (const [config, mistake, pools] of MALFORMED) {
  test(`decodeLegacyConfig() names the mistake in ${JSON.stringify(config)}`, () => {
    const { value, mistakes } = decode(config)
    assert.deepEqual(mistakes.map(formatMistake), [mistake])
    assert.deepEqual(
      value?.pools.map(({ pool }) => pool.name),
      pools,
    )
  })
}

test('isLegacyConfigMap() knows it by name, namespace and key', () => {
  assert.equal(isLegacyConfigMap(CONFIG_MAP), true)
  assert.equal(isLegacyConfigMap(CONFIG_MAP, 'lb'), false)
  assert.equal(isLegacyConfigMap({ ...CONFIG_MAP, data: {} }), false)
  assert.equal(isLegacyConfigMap(null), false)
})

test('decodeLegacyConfig() never throws', () => {
  const pools = fc.array(fc.dictionary(fc.constantFrom('name', 'protocol', 'addresses', 'auto-assign'), fc.anything()))
  const configs = fc.oneof(
    fc.anything(),
    pools.map((list) => ({ 'address-pools': list })),
    fc.dictionary(fc.constantFrom('peers', 'bfd-profiles', 'bgp-communities'), fc.anything()),
  )
  fc.assert(
    fc.property(fc.oneof(fc.anything(), fc.constant(CONFIG_MAP)), configs, (configMap, config) => {
      assert.ok(Array.isArray(decodeLegacyConfig(configMap, config).mistakes))
    }),
  )
})
