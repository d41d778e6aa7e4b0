import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import type { Ip } from '#model/ip.ts'
import { createHoldings, heldIn, hold, holdAnyway, holdersOf, lowestFree, sharedUnder } from './holdings.ts'
import { ports, service, sharing } from './samples.fake.ts'
import { type Tenant, tenantOf } from './sharing.ts'

const FIRST = 100n
const SIZE = 24
const ip = (host: number): Ip => ({ family: 'IPv4', value: FIRST + BigInt(host) })
const range = (first: number, last: number) => ({ first: ip(first), last: ip(last) })
const alone = (name: string): Tenant => tenantOf(service(name), undefined)
const sharer = (name: string, key: string, port: string): Tenant =>
  tenantOf(service(name, ports(port)), sharing(key).sharing)

test('hold() refuses an address that another Service holds, and names it', () => {
  const holdings = createHoldings()
  assert.equal(hold(holdings, ip(1), alone('a')), undefined)
  assert.equal(hold(holdings, ip(1), alone('b'))?.with.key, 'default/a')
  assert.equal(hold(holdings, ip(1), alone('a')), undefined)
  assert.deepEqual(holdersOf(holdings, ip(1)), ['default/a'])
})

test('hold() lets those in that agree with everybody there', () => {
  const holdings = createHoldings()
  assert.equal(hold(holdings, ip(1), sharer('a', 'k', 'TCP/80')), undefined)
  assert.equal(hold(holdings, ip(1), sharer('b', 'k', 'UDP/80')), undefined)
  assert.deepEqual(hold(holdings, ip(1), sharer('c', 'k', 'UDP/80'))?.reason, {
    code: 'samePort',
    protocol: 'UDP',
    port: 80,
  })
  assert.equal(hold(holdings, ip(1), sharer('d', 'other', 'TCP/81'))?.reason.code, 'differentSharingKey')
  assert.deepEqual(holdersOf(holdings, ip(1)), ['default/a', 'default/b'])
  assert.deepEqual(sharedUnder(holdings, 'k'), [ip(1)])
})

test('holdAnyway() keeps those out that do not agree with whoever still has the address', () => {
  const holdings = createHoldings()
  hold(holdings, ip(1), sharer('a', 'k', 'TCP/80'))
  holdAnyway(holdings, ip(1), sharer('leaving', 'other', 'TCP/81'))
  assert.equal(hold(holdings, ip(1), sharer('b', 'k', 'TCP/82'))?.with.key, 'default/leaving')
})

test('lowestFree() keeps the families apart', () => {
  const holdings = createHoldings()
  hold(holdings, { family: 'IPv6', value: FIRST }, alone('a'))
  assert.deepEqual(lowestFree(holdings, range(0, 0)), ip(0))
})

const anyStep = fc.record({ host: fc.nat(SIZE - 1), by: fc.constantFrom('a', 'b') })
const anyRange = fc.tuple(fc.nat(SIZE - 1), fc.nat(SIZE - 1)).map(([a, b]) => [Math.min(a, b), Math.max(a, b)] as const)

test('holdings answer as a plain map does, after any steps', () => {
  fc.assert(
    fc.property(fc.array(anyStep, { maxLength: 60 }), anyRange, (steps, [first, last]) => {
      const holdings = createHoldings()
      const plain = new Map<number, string>()
      for (const { host, by } of steps) {
        const owner = plain.get(host)
        assert.equal(hold(holdings, ip(host), alone(by)) === undefined, owner === undefined || owner === by)
        if (owner === undefined) plain.set(host, by)
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
      for (const { host, by } of steps) hold(holdings, ip(host), alone(by))
      const { IPv4: runs } = holdings.runs
      assert.ok(runs.every(({ first, last }) => first <= last))
      assert.ok(runs.every(({ first }, index) => index === 0 || first > (runs[index - 1]?.last ?? 0n) + 1n))
    }),
  )
})
