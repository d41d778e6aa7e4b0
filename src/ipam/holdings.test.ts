import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import type { Ip } from '#model/ip.ts'
import { createHoldings, heldIn, hold, holderOf, lowestFree, release } from './holdings.ts'

const FIRST = 100n
const SIZE = 24
const ip = (host: number): Ip => ({ family: 'IPv4', value: FIRST + BigInt(host) })
const range = (first: number, last: number) => ({ first: ip(first), last: ip(last) })

test('hold() refuses an address that another Service holds', () => {
  const holdings = createHoldings()
  assert.equal(hold(holdings, ip(1), 'a'), true)
  assert.equal(hold(holdings, ip(1), 'b'), false)
  assert.equal(hold(holdings, ip(1), 'a'), true)
  assert.equal(holderOf(holdings, ip(1)), 'a')
})

test('release() refuses who does not hold the address', () => {
  const holdings = createHoldings()
  hold(holdings, ip(1), 'a')
  assert.equal(release(holdings, ip(1), 'b'), false)
  assert.equal(release(holdings, ip(1), 'a'), true)
  assert.equal(holderOf(holdings, ip(1)), undefined)
})

test('lowestFree() keeps the families apart', () => {
  const holdings = createHoldings()
  hold(holdings, { family: 'IPv6', value: FIRST }, 'a')
  assert.deepEqual(lowestFree(holdings, range(0, 0)), ip(0))
})

const anyStep = fc.record({
  kind: fc.constantFrom('hold', 'release'),
  host: fc.nat(SIZE - 1),
  by: fc.constantFrom('a', 'b'),
})
const anyRange = fc.tuple(fc.nat(SIZE - 1), fc.nat(SIZE - 1)).map(([a, b]) => [Math.min(a, b), Math.max(a, b)] as const)

test('holdings answer as a plain map does, after any steps', () => {
  fc.assert(
    fc.property(fc.array(anyStep, { maxLength: 60 }), anyRange, (steps, [first, last]) => {
      const holdings = createHoldings()
      const plain = new Map<number, string>()
      for (const { kind, host, by } of steps) {
        const owner = plain.get(host)
        if (kind === 'hold') {
          assert.equal(hold(holdings, ip(host), by), owner === undefined || owner === by)
          if (owner === undefined) plain.set(host, by)
        } else {
          assert.equal(release(holdings, ip(host), by), owner === by)
          if (owner === by) plain.delete(host)
        }
      }
      const hosts = Array.from({ length: last - first + 1 }, (_, index) => first + index)
      const free = hosts.find((host) => !plain.has(host))
      assert.deepEqual(lowestFree(holdings, range(first, last)), free === undefined ? undefined : ip(free))
      assert.equal(heldIn(holdings, range(first, last)), BigInt(hosts.filter((host) => plain.has(host)).length))
    }),
  )
})

test('holdings keep their runs sorted, disjoint and apart', () => {
  fc.assert(
    fc.property(fc.array(anyStep, { maxLength: 60 }), (steps) => {
      const holdings = createHoldings()
      for (const { kind, host, by } of steps) (kind === 'hold' ? hold : release)(holdings, ip(host), by)
      const { IPv4: runs } = holdings.runs
      assert.ok(runs.every(({ first, last }) => first <= last))
      assert.ok(runs.every(({ first }, index) => index === 0 || first > (runs[index - 1]?.last ?? 0n) + 1n))
    }),
  )
})
