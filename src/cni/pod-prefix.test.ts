import assert from 'node:assert/strict'
import { test } from 'node:test'
import { formatIp, mustParseIp } from '#model/ip.ts'
import { mustParsePrefix } from '#model/prefix.ts'
import { ownAddress, podCapacity, sortAllocations } from './pod-prefix.ts'

const CAPACITIES: readonly (readonly [prefix: string, own: string, capacity: bigint])[] = [
  ['10.244.1.0/24', '10.244.1.1', 253n],
  ['10.244.1.0/30', '10.244.1.1', 1n],
  ['10.244.1.0/31', '10.244.1.1', 0n],
  ['fd00::/120', 'fd00::1', 254n],
  ['fd00::/64', 'fd00::1', 2n ** 64n - 2n],
  ['fd00::/127', 'fd00::1', 0n],
]

for (const [prefix, own, capacity] of CAPACITIES) {
  test(`podCapacity() of ${prefix} is ${capacity}, and ${own} is the node's`, () => {
    assert.equal(podCapacity(mustParsePrefix(prefix)), capacity)
    assert.equal(formatIp(ownAddress(mustParsePrefix(prefix))), own)
  })
}

test('podCapacity() of a single address is 0', () => {
  assert.equal(podCapacity(mustParsePrefix('10.0.0.1/32')), 0n)
  assert.equal(podCapacity(mustParsePrefix('fd00::1/128')), 0n)
})

test('sortAllocations() counts by podCIDR, and finds those of none', () => {
  const podCidrs = ['10.244.1.0/24', 'fd00::/64'].map(mustParsePrefix)
  const given = ['10.244.1.2', '10.244.1.255', 'fd00::2', '10.244.9.2'].map(mustParseIp)
  const { counts, outside } = sortAllocations(podCidrs, given)
  assert.deepEqual(counts, [2, 1])
  assert.deepEqual(outside.map(formatIp), ['10.244.9.2'])
})
