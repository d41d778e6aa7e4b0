import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Pool } from '#model/pool.ts'
import { decodeAddressPool } from './address-pool.ts'
import { addressPoolStatus, ENDLESS, sameAddressPoolStatus } from './pool-status.ts'

const pool = (addresses: readonly string[], avoidBuggyIPs = false): Pool =>
  decodeAddressPool({ metadata: { name: 'p' }, spec: { addresses, avoidBuggyIPs } }).value as Pool
const available = (of: Pool, IPv4 = 0, IPv6 = 0) => {
  const { availableIPv4, availableIPv6 } = addressPoolStatus(of, { IPv4, IPv6 })
  return [availableIPv4, availableIPv6]
}

test('addressPoolStatus() counts each family', () => {
  const status = addressPoolStatus(pool(['10.0.0.0/24', 'fd00::/120', '10.0.1.1-10.0.1.4']), { IPv4: 3, IPv6: 1 })
  assert.deepEqual(status, { assignedIPv4: 3, assignedIPv6: 1, availableIPv4: 257, availableIPv6: 255 })
})

test('addressPoolStatus() does not count buggy addresses of a pool without them', () => {
  assert.deepEqual(available(pool(['10.0.0.0/23'], true)), [508, 0])
  assert.deepEqual(available(pool(['10.0.0.0/23'])), [512, 0])
})

test('addressPoolStatus() counts an address of two blocks once', () => {
  assert.deepEqual(available(pool(['10.0.0.0/24', '10.0.0.128/25'])), [256, 0])
})

test('addressPoolStatus() is never below 0', () => {
  assert.deepEqual(available(pool(['10.0.0.1/32']), 5), [0, 0])
})

test('addressPoolStatus() calls a pool endless from an IPv6 /66 on, whatever is assigned', () => {
  assert.deepEqual(available(pool(['fd00::/66']), 0, 7), [0, ENDLESS])
  assert.deepEqual(available(pool(['fd00::/67'])), [0, 2 ** 61])
  assert.deepEqual(available(pool(['::/0'])), [0, ENDLESS])
})

test('addressPoolStatus() writes nothing that is no int64', () => {
  assert.ok(BigInt(JSON.stringify(ENDLESS)) < 1n << 63n)
  assert.ok(JSON.stringify(ENDLESS).startsWith('9223372036854775'))
})

test('sameAddressPoolStatus() compares what is written, and takes the MaxInt64 of MetalLB for endless', () => {
  const wanted = addressPoolStatus(pool(['fd00::/64']), { IPv4: 0, IPv6: 2 })
  assert.equal(sameAddressPoolStatus(wanted, wanted), true)
  assert.equal(sameAddressPoolStatus({ ...wanted, availableIPv6: JSON.parse('9223372036854775807') }, wanted), true)
  assert.equal(sameAddressPoolStatus({ ...wanted, assignedIPv6: 3 }, wanted), false)
  assert.equal(sameAddressPoolStatus({ ...wanted, assignedIPv6: 2 ** 63 }, wanted), false)
  for (const nothing of [undefined, null, 3, {}]) assert.equal(sameAddressPoolStatus(nothing, wanted), false)
})
