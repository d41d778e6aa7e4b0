import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { formatMistake } from '#model/condition.ts'
import { formatIp } from '#model/ip.ts'
import type { ServiceRequest } from '#model/service-request.ts'
import {
  type AnnotationNames,
  IPS,
  POOL,
  SHARING_CROSS_NAMESPACE,
  SHARING_DIFFERENT_PODS,
} from './request-annotations.ts'
import { decodeService } from './service.ts'
import { readServiceRequest } from './service-request.ts'

function request(annotations: Record<string, unknown>, spec: object = {}): ServiceRequest {
  const { value, mistakes } = decodeService({ metadata: { name: 's', namespace: 'n', annotations }, spec })
  assert.ok(value !== undefined)
  return readServiceRequest(value, mistakes)
}

/** `any`, `unclear`, or the addresses. */
function wanted(of: ServiceRequest): string {
  return of.wanted.kind === 'these' ? of.wanted.addresses.map(formatIp).join(' ') : of.wanted.kind
}

test('readServiceRequest() has no request where nothing is written', () => {
  const plain = { wanted: { kind: 'any' }, pool: '', sharing: undefined, mistakes: [], remarks: [], deprecated: [] }
  assert.deepEqual(request({}), plain)
})

/** From the highest to the lowest, for each thing. */
const ORDER = [
  [
    'balise.io/ips',
    'lbipam.cilium.io/ips',
    'io.cilium/lb-ipam-ips',
    'metallb.io/loadBalancerIPs',
    'metallb.universe.tf/loadBalancerIPs',
  ],
  [
    'balise.io/sharing-key',
    'lbipam.cilium.io/sharing-key',
    'io.cilium/lb-ipam-sharing-key',
    'metallb.io/allow-shared-ip',
    'metallb.universe.tf/allow-shared-ip',
  ],
  ['balise.io/pool', 'metallb.io/address-pool', 'metallb.universe.tf/address-pool'],
]
for (const keys of ORDER) {
  for (const [index, key] of keys.entries()) {
    test(`readServiceRequest() takes ${key} before ${keys.slice(index + 1).join(', ') || 'nothing'}`, () => {
      const annotations = Object.fromEntries(keys.slice(index).map((name, at) => [name, `10.0.0.${index + at}`]))
      const read = request(annotations)
      const got = [wanted(read), read.pool, read.sharing?.key]
      assert.ok(got.includes(`10.0.0.${index}`), JSON.stringify(got))
      assert.equal(read.remarks.length, keys.length - index - 1)
      assert.deepEqual(read.mistakes, [])
    })
  }
}

test('readServiceRequest() tells what is overruled, and by what', () => {
  const read = request({ 'metallb.io/address-pool': 'blue', 'balise.io/pool': 'red' })
  assert.deepEqual(read.remarks.map(formatMistake), [
    'metadata.annotations["metallb.io/address-pool"] "blue" is ignored, because balise.io/pool "red" goes before it: remove one of the two, or write the same in both',
  ])
})

test('readServiceRequest() is content with two families that say the same', () => {
  const read = request({ 'metallb.io/loadBalancerIPs': '10.0.0.1 ', 'lbipam.cilium.io/ips': '10.0.0.1' })
  assert.deepEqual(read.remarks, [])
})

test('readServiceRequest() lets an empty annotation of a higher family take back what a lower one says', () => {
  const read = request({ 'lbipam.cilium.io/ips': '', 'metallb.io/loadBalancerIPs': '10.0.0.1' })
  assert.equal(wanted(read), 'any')
  assert.equal(read.remarks.length, 1)
})

test('readServiceRequest() adds spec.loadBalancerIP to the annotation of Cilium and to ours', () => {
  for (const key of ['balise.io/ips', 'lbipam.cilium.io/ips', 'io.cilium/lb-ipam-ips']) {
    const read = request({ [key]: '10.0.0.22, 10.0.0.21,,10.0.0.22' }, { loadBalancerIP: '10.0.0.21' })
    assert.equal(wanted(read), '10.0.0.21 10.0.0.22')
    assert.deepEqual(read.mistakes, [])
  }
})

test('readServiceRequest() takes a dual-stack request of MetalLB', () => {
  const read = request({ 'metallb.io/loadBalancerIPs': '10.0.0.1, fd00::1' }, { ipFamilies: ['IPv4', 'IPv6'] })
  assert.equal(wanted(read), '10.0.0.1 fd00::1')
  assert.deepEqual([read.mistakes, read.remarks, read.deprecated], [[], [], []])
})

test('readServiceRequest() only remarks a loadBalancerIP that says the same as the annotation of MetalLB', () => {
  const read = request({ 'metallb.io/loadBalancerIPs': '10.0.0.1' }, { loadBalancerIP: '10.0.0.1' })
  assert.equal(wanted(read), '10.0.0.1')
  assert.deepEqual([read.mistakes.length, read.remarks.length], [0, 1])
})

test('readServiceRequest() names the annotations of the prefix that MetalLB has given up', () => {
  const read = request({
    'metallb.universe.tf/address-pool': 'blue',
    'metallb.universe.tf/ip-allocated-from-pool': 'x',
  })
  assert.deepEqual([read.pool, read.deprecated], ['blue', ['metallb.universe.tf/address-pool']])
})

test('readServiceRequest() shares with every namespace in the dialect of MetalLB, with its own in that of Cilium', () => {
  const sharing = (annotations: object) => request({ ...annotations }).sharing
  assert.deepEqual(sharing({ 'metallb.io/allow-shared-ip': 'k' }), {
    key: 'k',
    namespaces: 'all',
    differentPods: false,
  })
  assert.deepEqual(sharing({ 'lbipam.cilium.io/sharing-key': 'k' }), { key: 'k', namespaces: [], differentPods: false })
  const cross = { 'lbipam.cilium.io/sharing-cross-namespace': 'a, b' }
  assert.deepEqual(sharing({ 'lbipam.cilium.io/sharing-key': 'k', ...cross })?.namespaces, ['a', 'b'])
  assert.deepEqual(sharing({ 'metallb.io/allow-shared-ip': 'k', ...cross })?.namespaces, ['a', 'b'])
  const all = { 'io.cilium/lb-ipam-sharing-cross-namespace': 'a,*' }
  assert.equal(sharing({ 'balise.io/sharing-key': 'k', ...all })?.namespaces, 'all')
  const pods = { 'lbipam.cilium.io/sharing-permit-different-pods': 'true' }
  assert.equal(sharing({ 'balise.io/sharing-key': 'k', ...pods })?.differentPods, true)
  assert.deepEqual(request({ 'balise.io/sharing-key': 'k', ...pods }).remarks, [])
})

test('readServiceRequest() is content with a switch that is off, with empty entries and with an empty name of a pool', () => {
  const read = request({
    'balise.io/sharing-key': 'k',
    'balise.io/sharing-cross-namespace': 'a,,b,',
    'balise.io/sharing-permit-different-pods': 'false',
    'balise.io/pool': '',
  })
  assert.deepEqual(read.sharing, { key: 'k', namespaces: ['a', 'b'], differentPods: false })
  assert.deepEqual([wanted(read), read.pool, read.mistakes, read.remarks], ['any', '', [], []])
})

test('readServiceRequest() shares with nobody when the key is empty', () => {
  assert.equal(request({ 'metallb.io/allow-shared-ip': '' }).sharing, undefined)
})

test('readServiceRequest() keeps other mistakes of the Service as remarks', () => {
  const read = request({}, { loadBalancerSourceRanges: ['x'] })
  assert.deepEqual([read.mistakes.length, read.remarks[0]?.path], [0, 'spec.loadBalancerSourceRanges[0]'])
})

interface Case {
  readonly annotations: Record<string, string>
  readonly spec?: object
  readonly wanted: string
  readonly mistakes?: readonly string[]
  readonly remarks?: readonly string[]
}
const ADDRESSES = 'write addresses with commas between them'
const MALFORMED: readonly Case[] = [
  {
    annotations: { 'lbipam.cilium.io/ips': '10.0.0.1,x' },
    wanted: '10.0.0.1',
    mistakes: [`metadata.annotations["lbipam.cilium.io/ips"] "x" is not an IP address: ${ADDRESSES}`],
  },
  {
    annotations: { 'balise.io/ips': '10.0.0.0/24' },
    wanted: 'unclear',
    mistakes: [`metadata.annotations["balise.io/ips"] "10.0.0.0/24" is not an IP address: ${ADDRESSES}`],
  },
  {
    annotations: {},
    spec: { loadBalancerIP: '10.0.0' },
    wanted: 'unclear',
    mistakes: ['spec.loadBalancerIP "10.0.0" is not an IP address: write an address like 192.168.10.75 or fd00::75'],
  },
  {
    annotations: { 'metallb.io/loadBalancerIPs': '10.0.0.1,x' },
    wanted: 'unclear',
    mistakes: [`metadata.annotations["metallb.io/loadBalancerIPs"] "x" is not an IP address: ${ADDRESSES}`],
  },
  {
    annotations: { 'metallb.io/loadBalancerIPs': '10.0.0.1,10.0.0.2' },
    wanted: 'unclear',
    mistakes: [
      'metadata.annotations["metallb.io/loadBalancerIPs"] "10.0.0.1,10.0.0.2" asks for two IPv4 addresses, and MetalLB gives one of each family: keep one, or write all of them in balise.io/ips instead',
    ],
  },
  {
    annotations: { 'metallb.io/loadBalancerIPs': 'fd00::1' },
    spec: { ipFamilies: ['IPv4'] },
    wanted: 'unclear',
    mistakes: [
      'metadata.annotations["metallb.io/loadBalancerIPs"] "fd00::1" asks for an IPv6 address, but the Service is IPv4 only: remove the address, or change spec.ipFamilyPolicy',
    ],
  },
  {
    annotations: { 'metallb.io/loadBalancerIPs': 'fd00::1' },
    spec: { ipFamilies: ['IPv4', 'IPv6'], ipFamilyPolicy: 'RequireDualStack' },
    wanted: 'unclear',
    mistakes: [
      'metadata.annotations["metallb.io/loadBalancerIPs"] "fd00::1" asks for an IPv6 address only, but the Service is to have both families: add an IPv4 address, or set spec.ipFamilyPolicy: PreferDualStack',
    ],
  },
  {
    annotations: { 'metallb.universe.tf/loadBalancerIPs': '10.0.0.1' },
    spec: { loadBalancerIP: '10.0.0.2' },
    wanted: 'unclear',
    mistakes: [
      'spec.loadBalancerIP "10.0.0.2" and annotation metallb.universe.tf/loadBalancerIPs ask for different addresses, and MetalLB takes one of the two only: remove spec.loadBalancerIP, or the annotation',
    ],
  },
  {
    annotations: { 'metallb.io/address-pool': 'blue,red' },
    wanted: 'unclear',
    mistakes: [
      'metadata.annotations["metallb.io/address-pool"] "blue,red" cannot be the name of a pool: write the name of one pool, as kubectl get shows it',
    ],
  },
  {
    annotations: { 'lbipam.cilium.io/sharing-cross-namespace': 'a' },
    wanted: 'any',
    remarks: [
      'metadata.annotations["lbipam.cilium.io/sharing-cross-namespace"] "a" has no effect without a sharing key: add annotation lbipam.cilium.io/sharing-key, or remove this one',
    ],
  },
  {
    annotations: { 'lbipam.cilium.io/sharing-key': 'k', 'lbipam.cilium.io/sharing-cross-namespace': 'A_b' },
    wanted: 'any',
    remarks: [
      'metadata.annotations["lbipam.cilium.io/sharing-cross-namespace"] "A_b" cannot be the name of a namespace: write names of namespaces with commas between them, or * for all',
    ],
  },
  {
    annotations: { 'balise.io/sharing-key': 'k', 'balise.io/sharing-permit-different-pods': 'yes' },
    wanted: 'any',
    remarks: [
      'metadata.annotations["balise.io/sharing-permit-different-pods"] "yes" is neither true nor false, so it counts as false: write "true" or "false"',
    ],
  },
  {
    annotations: { 'metallb.io/loadbalancer-ip': '10.0.0.1' },
    wanted: 'any',
    remarks: [
      'metadata.annotations["metallb.io/loadbalancer-ip"] "10.0.0.1" has no effect, for its name is misspelled: write metallb.io/loadBalancerIPs',
    ],
  },
]
for (const { annotations, spec, wanted: kind, mistakes = [], remarks = [] } of MALFORMED) {
  test(`readServiceRequest() names the mistake in ${JSON.stringify({ ...annotations, ...spec })}`, () => {
    const read = request(annotations, spec)
    assert.deepEqual(
      [wanted(read), read.mistakes.map(formatMistake), read.remarks.map(formatMistake)],
      [kind, mistakes, remarks],
    )
  })
}

test('readServiceRequest() takes a name that only the ConfigMap of MetalLB could give to a pool, from its annotations alone', () => {
  for (const key of ['metallb.io/address-pool', 'metallb.universe.tf/address-pool']) {
    const { pool, mistakes } = request({ [key]: ' Default_Pool ' })
    assert.deepEqual([pool, mistakes], ['Default_Pool', []])
  }
  assert.equal(request({ 'balise.io/pool': 'Default_Pool' }).mistakes.length, 1)
})

const BAD_VALUES: readonly (readonly [names: AnnotationNames, value: string, problem: RegExp, also: object])[] = [
  [IPS, '10.0.0.300', /"10\.0\.0\.300" is not an IP address: write addresses/, {}],
  [POOL, 'Red Pool', /"Red Pool" cannot be the name of a pool: write the name of one pool/, {}],
  [
    SHARING_CROSS_NAMESPACE,
    'A_b',
    /"A_b" cannot be the name of a namespace: write names/,
    { 'balise.io/sharing-key': 'k' },
  ],
  [SHARING_CROSS_NAMESPACE, 'shop', /"shop" has no effect without a sharing key: add annotation/, {}],
  [
    SHARING_DIFFERENT_PODS,
    'yes',
    /"yes" is neither true nor false, so it counts as false/,
    { 'balise.io/sharing-key': 'k' },
  ],
  [SHARING_DIFFERENT_PODS, 'true', /"true" has no effect without a sharing key: add annotation/, {}],
]
for (const [names, value, problem, also] of BAD_VALUES) {
  for (const [key] of names) {
    test(`readServiceRequest() names ${JSON.stringify(value)} in annotation ${key}, and keeps the others in force`, () => {
      const balanced = { 'metallb.io/loadBalancerIPs': '10.0.0.7', 'metallb.io/address-pool': 'blue' }
      const others = Object.fromEntries(
        Object.entries(balanced).filter(([other]) => !names.some(([name]) => name === other)),
      )
      const read = request({ ...others, ...also, [key]: value })
      const told = [...read.mistakes, ...read.remarks].map(formatMistake)
      assert.equal(told.length, 1)
      assert.ok(told[0]?.startsWith(`metadata.annotations[${JSON.stringify(key)}]`) && problem.test(told[0]), told[0])
      if (names !== POOL) assert.equal(read.pool, 'blue')
    })
  }
}

const MISSPELLINGS: readonly (readonly [written: string, meant: string])[] = [
  ['lbipam.cilium.io/ip', 'lbipam.cilium.io/ips'],
  ['lbipam.cilium.io/IPs', 'lbipam.cilium.io/ips'],
  ['io.cilium/lb-ipam-ip', 'io.cilium/lb-ipam-ips'],
  ['io.cilium/lbipam-ips', 'io.cilium/lb-ipam-ips'],
  ['lbipam.cilium.io/sharingKey', 'lbipam.cilium.io/sharing-key'],
  ['lbipam.cilium.io/sharing-cross-namespaces', 'lbipam.cilium.io/sharing-cross-namespace'],
  ['balise.io/pools', 'balise.io/pool'],
  ['metallb.io/loadBalancerIP', 'metallb.io/loadBalancerIPs'],
  ['metallb.io/address-pools', 'metallb.io/address-pool'],
]
for (const [written, meant] of MISSPELLINGS) {
  test(`readServiceRequest() says that ${written} should be ${meant}`, () => {
    const [remark] = request({ [written]: 'x' }).remarks
    assert.equal(remark?.remedy, `write ${meant}`)
  })
}

test('readServiceRequest() takes no IPv4 address in the notation of IPv6, and says how to write it', () => {
  const listed = request({ 'lbipam.cilium.io/ips': '::ffff:10.0.0.1, 10.0.0.2' })
  assert.equal(wanted(listed), '10.0.0.2')
  assert.deepEqual(listed.mistakes.map(formatMistake), [
    'metadata.annotations["lbipam.cilium.io/ips"] "::ffff:10.0.0.1" is an IPv4 address in the notation of IPv6: write 10.0.0.1',
  ])
  const alone = request({}, { loadBalancerIP: '::ffff:10.0.0.1' })
  assert.equal(wanted(alone), 'unclear')
  assert.deepEqual(alone.mistakes.map(formatMistake), [
    'spec.loadBalancerIP "::ffff:10.0.0.1" is an IPv4 address in the notation of IPv6: write 10.0.0.1',
  ])
})

test('readServiceRequest() tells no more of a long value than one wants to read', () => {
  const long = 'x'.repeat(100_000)
  const written = ORDER.flat().map((key): readonly [string, string] => [key, `${key} ${long}`])
  for (const annotations of [...written.map(([key, value]) => ({ [key]: value })), Object.fromEntries(written)]) {
    const { mistakes, remarks } = request(annotations)
    for (const mistake of [...mistakes, ...remarks]) assert.ok(formatMistake(mistake).length < 600)
  }
})

test('readServiceRequest() never throws, and is clear exactly when it has an answer', () => {
  const text = fc.oneof(fc.string(), fc.constantFrom('10.0.0.1', 'fd00::1', '10.0.0.1,10.0.0.2', ',', '*'))
  const annotations = fc.dictionary(fc.constantFrom(...ORDER.flat(), 'constructor', 'toString'), text)
  fc.assert(
    fc.property(annotations, fc.option(text, { nil: undefined }), (written, loadBalancerIP) => {
      const read = request(written, { loadBalancerIP })
      if (read.wanted.kind === 'unclear') assert.ok(read.mistakes.length > 0)
      else assert.ok(read.wanted.kind === 'any' || read.wanted.addresses.length > 0)
    }),
  )
})
