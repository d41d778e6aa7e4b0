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

test('decodeL2Policy() never throws', () => {
  fc.assert(
    fc.property(fc.anything(), (spec) => {
      assert.ok(Array.isArray(decode(spec).mistakes))
    }),
  )
})
