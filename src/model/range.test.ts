import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { formatIp, type Ip, mustParseIp } from './ip.ts'
import { formatPrefix, lastOfPrefix, mustParsePrefix, parsePrefix, prefixContains, prefixOf } from './prefix.ts'
import {
  formatRange,
  type IpRange,
  mergeRanges,
  rangeContains,
  rangeOfPrefix,
  rangeSize,
  rangesOverlap,
} from './range.ts'

const ip = (host: number): Ip => ({ family: 'IPv4', value: BigInt(host) })
const range = (first: number, last: number): IpRange => ({ first: ip(first), last: ip(last) })
const HOSTS = Array.from({ length: 32 }, (_, host) => host)
const anyRange = fc.tuple(fc.nat(31), fc.nat(31)).map(([a, b]) => range(Math.min(a, b), Math.max(a, b)))

test('parsePrefix() clears host bits', () => {
  assert.equal(formatPrefix(mustParsePrefix('10.0.0.12/24')), '10.0.0.0/24')
  assert.equal(formatPrefix(mustParsePrefix('fd00::1:2/112')), 'fd00::1:0/112')
  assert.equal(formatPrefix(mustParsePrefix('0.0.0.0/0')), '0.0.0.0/0')
})

for (const text of [
  '',
  '10.0.0.0',
  '10.0.0.0/',
  '10.0.0.0/33',
  '10.0.0.0/024',
  'fd00::/129',
  '/8',
  '10.0.0.0/8/8',
  'x/8',
]) {
  test(`parsePrefix() refuses ${JSON.stringify(text)}`, () => assert.equal(parsePrefix(text).ok, false))
}

test('prefixContains() holds from the first to the last address of a network, and not beyond', () => {
  fc.assert(
    fc.property(fc.bigInt({ min: 1n, max: 2n ** 32n - 2n }), fc.integer({ min: 1, max: 32 }), (value, lengthBits) => {
      const prefix = prefixOf({ family: 'IPv4', value }, lengthBits)
      const last = lastOfPrefix(prefix)
      assert.ok(prefixContains(prefix, { family: 'IPv4', value }))
      assert.ok(prefixContains(prefix, prefix.address) && prefixContains(prefix, last))
      assert.equal(rangeSize(rangeOfPrefix(prefix)), 2n ** BigInt(32 - lengthBits))
      assert.ok(!prefixContains(prefix, { family: 'IPv4', value: last.value + 1n }))
      assert.ok(!prefixContains(prefix, { family: 'IPv6', value }))
    }),
  )
})

test('rangesOverlap() holds exactly when an address is in both', () => {
  fc.assert(
    fc.property(anyRange, anyRange, (a, b) => {
      const shared = HOSTS.some((host) => rangeContains(a, ip(host)) && rangeContains(b, ip(host)))
      assert.equal(rangesOverlap(a, b), shared)
    }),
  )
})

test('mergeRanges() has the same addresses, in ranges that neither overlap nor touch', () => {
  fc.assert(
    fc.property(fc.array(anyRange, { maxLength: 6 }), (ranges) => {
      const merged = mergeRanges(ranges)
      const inside = (of: readonly IpRange[]) => HOSTS.filter((host) => of.some((one) => rangeContains(one, ip(host))))
      assert.deepEqual(inside(merged), inside(ranges))
      assert.ok(merged.every(({ first }, at) => at === 0 || first.value > (merged[at - 1]?.last.value ?? 0n) + 1n))
    }),
  )
})

test('mergeRanges() keeps the families apart', () => {
  const six = { first: mustParseIp('::5'), last: mustParseIp('::6') }
  assert.deepEqual(mergeRanges([six, range(4, 5)]).map(formatRange), ['0.0.0.4 - 0.0.0.5', '::5 - ::6'])
})

test('rangeSize() counts a whole IPv6 network', () => {
  assert.equal(rangeSize(rangeOfPrefix(mustParsePrefix('fd00::/64'))), 2n ** 64n)
  assert.equal(formatIp(rangeOfPrefix(mustParsePrefix('fd00::/64')).last), 'fd00::ffff:ffff:ffff:ffff')
})
