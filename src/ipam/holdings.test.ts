import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import type { Ip } from '#model/ip.ts'
import {
  clashAmongKept,
  createHoldings,
  heldBetween,
  heldIn,
  hold,
  holdersOf,
  isPortTaken,
  lowestFree,
  release,
  sharedUnder,
  show,
  unshow,
} from './holdings.ts'
import { entries } from './ordered.ts'
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

test('isPortTaken() says that no address under a key is for a Service, exactly when one of its ports is taken at all of them', () => {
  const anyOne = fc.record({
    host: fc.nat(3),
    key: fc.constantFrom('k', 'l'),
    port: fc.constantFrom('TCP/80', 'UDP/80', 'TCP/81', 'TCP/82'),
  })
  fc.assert(
    fc.property(fc.array(anyOne, { maxLength: 16 }), fc.nat(15), (ones, leaving) => {
      const holdings = createHoldings()
      const placed = ones.flatMap(({ host, key, port }, index) => {
        const tenant = sharer(`s${index}`, key, port)
        return hold(holdings, ip(host), tenant) === undefined ? [{ host, tenant }] : []
      })
      for (const { host, tenant } of placed.slice(0, leaving)) release(holdings, ip(host), tenant)
      for (const port of ['TCP/80', 'UDP/80', 'TCP/81', 'TCP/82']) {
        const addresses = [...sharedUnder(holdings, 'k')]
        const web = sharer('web', 'k', port)
        const isNowhere = addresses.every((one) => clashAmongKept(holdings, one, web) !== undefined)
        assert.equal(isPortTaken(holdings, web), addresses.length > 0 && isNowhere)
      }
    }),
  )
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
  assert.deepEqual([...sharedUnder(holdings, 'k')], [ip(1)])
  release(holdings, ip(1), sharer('a', 'k', 'TCP/80'))
  assert.deepEqual([...sharedUnder(holdings, 'k')], [ip(1)])
  assert.equal(hold(holdings, ip(1), sharer('c', 'k', 'TCP/80')), undefined)
  for (const [name, port] of [
    ['b', 'UDP/80'],
    ['c', 'TCP/80'],
  ] as const)
    release(holdings, ip(1), sharer(name, 'k', port))
  assert.deepEqual([...sharedUnder(holdings, 'k')], [])
  assert.deepEqual(lowestFree(holdings, range(1, 1)), ip(1))
})

test('show() keeps those out that do not agree with whoever still has the address', () => {
  const holdings = createHoldings()
  hold(holdings, ip(1), sharer('a', 'k', 'TCP/80'))
  const leaving = sharer('leaving', 'other', 'TCP/81')
  show(holdings, ip(1), leaving)
  assert.equal(hold(holdings, ip(1), sharer('b', 'k', 'TCP/82'))?.with.key, 'default/leaving')
  unshow(holdings, ip(1), leaving)
  assert.equal(hold(holdings, ip(1), sharer('b', 'k', 'TCP/82')), undefined)
})

test('lowestFree() keeps the families apart', () => {
  const holdings = createHoldings()
  hold(holdings, { family: 'IPv6', value: FIRST }, alone('a'))
  assert.deepEqual(lowestFree(holdings, range(0, 0)), ip(0))
})

const anyStep = fc.record({ host: fc.nat(SIZE - 1), by: fc.constantFrom('a', 'b'), isLeaving: fc.boolean() })
const anyRange = fc.tuple(fc.nat(SIZE - 1), fc.nat(SIZE - 1)).map(([a, b]) => [Math.min(a, b), Math.max(a, b)] as const)

test('holdings answer as a plain map does, after any steps', () => {
  fc.assert(
    fc.property(fc.array(anyStep, { maxLength: 80 }), anyRange, (steps, [first, last]) => {
      const holdings = createHoldings()
      const plain = new Map<number, string>()
      for (const { host, by, isLeaving } of steps) {
        const owner = plain.get(host)
        if (isLeaving && owner !== undefined) {
          release(holdings, ip(host), alone(owner))
          plain.delete(host)
          continue
        }
        assert.equal(hold(holdings, ip(host), alone(by)) === undefined, owner === undefined || owner === by)
        if (owner === undefined) plain.set(host, by)
      }
      const hosts = Array.from({ length: last - first + 1 }, (_, index) => first + index)
      const held = hosts.filter((host) => plain.has(host))
      const free = hosts.find((host) => !plain.has(host))
      assert.deepEqual(lowestFree(holdings, range(first, last)), free === undefined ? undefined : ip(free))
      assert.equal(heldIn(holdings, range(first, last)), BigInt(held.length))
      assert.deepEqual([...heldBetween(holdings, range(first, last))], held.map(ip))
      const runs = Array.from(entries(holdings.runs.IPv4), ({ value }) => value)
      assert.ok(runs.every((run) => run.first <= run.last))
      assert.ok(runs.every((run, index) => index === 0 || run.first > (runs[index - 1]?.last ?? 0n) + 1n))
    }),
  )
})
