import assert from 'node:assert/strict'
import { test } from 'node:test'
import { formatIp } from '#model/ip.ts'
import type { Pool } from '#model/pool.ts'
import type { IpamInput } from './allocate.ts'
import type { Claim } from './request.ts'
import { claim, pool, service, withAddresses } from './samples.fake.ts'
import { whatIf } from './what-if.ts'

function input(pools: readonly Pool[], claims: readonly Claim[]): IpamInput {
  return { pools, brokenPools: [], claims }
}

function moves(before: IpamInput, after: IpamInput): readonly string[] {
  const text = (addresses: readonly { readonly family: 'IPv4' | 'IPv6'; readonly value: bigint }[]): string =>
    addresses.map(formatIp).join() || '-'
  return whatIf(before, after).map(({ service: key, from, to }) => `${key}: ${text(from)} -> ${text(to)}`)
}

const held = (name: string, ip: string): Claim => claim(withAddresses(service(name), ip))
const THREE = [held('a', '10.0.0.1'), held('b', '10.0.0.2'), held('c', '10.0.0.3')]
const POOL = pool('p', '10.0.0.1-10.0.0.3')

test('whatIf() names nobody where a pool is grown, split or renamed', () => {
  const before = input([POOL], THREE)
  for (const pools of [[pool('p', '10.0.0.0-10.0.0.9')], [pool('q', '10.0.0.1-10.0.0.2', '10.0.0.3')]])
    assert.deepEqual(moves(before, input(pools, THREE)), [])
})

test('whatIf() names those that a smaller pool would move, and those that it would leave without', () => {
  const after = input([pool('p', '10.0.0.2-10.0.0.3'), pool('q', '10.0.1.1')], THREE)
  assert.deepEqual(moves(input([POOL], THREE), after), ['default/a: 10.0.0.1 -> 10.0.1.1'])
  assert.deepEqual(moves(input([POOL], THREE), input([pool('p', '10.0.0.1')], THREE)), [
    'default/b: 10.0.0.2 -> -',
    'default/c: 10.0.0.3 -> -',
  ])
})

test('whatIf() goes on until all is at rest: who waits gets what another leaves', () => {
  const waiting = [...THREE, claim(service('d'))]
  const [a, ...others] = waiting
  assert.ok(a !== undefined)
  const leaving = { ...a, service: { ...a.service, type: 'ClusterIP' as const } }
  assert.deepEqual(moves(input([POOL], waiting), input([POOL], [leaving, ...others])), [
    'default/a: 10.0.0.1 -> -',
    'default/d: - -> 10.0.0.1',
  ])
})

test('whatIf() takes the status and the age of a Service from the cluster, not from the change', () => {
  const changed = claim(service('a', { creationTimestampMs: 9, labels: { app: 'x' } }))
  const claims = [changed, ...THREE.slice(1)]
  assert.deepEqual(moves(input([POOL], THREE), input([POOL], claims)), [])
  assert.equal(
    moves(input([POOL], THREE), input([pool('q', '10.0.1.1')], claims))[0],
    'default/a: 10.0.0.1 -> 10.0.1.1',
  )
})

test('whatIf() tells what a Service would be told', () => {
  const [only] = whatIf(input([POOL], [held('a', '10.0.0.1')]), input([], [held('a', '10.0.0.1')]))
  assert.match(only?.message ?? '', /^There is no pool to take an IPv4 address from/)
})
