import assert from 'node:assert/strict'
import { test } from 'node:test'
import { formatIp } from '#model/ip.ts'
import type { IpamInput } from './allocate.ts'
import { explain, type Look } from './explain.ts'
import { claim, pool, ports, service, sharing, these, withAddresses } from './samples.fake.ts'

const BLUE = { serviceSelector: { requirements: [{ key: 'app', operator: 'In', values: ['blue'] }] } } as const

function looksAt(input: Partial<IpamInput>): readonly Look[] {
  const explanation = explain({ pools: [], brokenPools: [], claims: [], ...input }, 'default/web')
  assert.equal(explanation.kind, 'ours')
  return explanation.kind === 'ours' ? explanation.looks : []
}

function show({ got, sharedWith, pools }: Look): string {
  const answers = pools.map(
    (look) => `${look.pool} ${look.code}${'address' in look ? ` ${formatIp(look.address)}` : ''}`,
  )
  return `${got === undefined ? '-' : formatIp(got)} [${sharedWith.join()}] ${answers.join(', ')}`
}

test('explain() tells every pool in the order in which it is looked at', () => {
  const pools = [
    pool('a', '10.0.1.0/24', { disabled: true }),
    pool('b', '10.0.2.0/24', BLUE),
    pool('c', 'fd00::/64'),
    pool('d', '10.0.4.0/24', { autoAssign: false }),
    pool('e', '10.0.5.1'),
    pool('f', '10.0.6.0/24'),
    pool('g', '10.0.7.0/24'),
  ]
  const claims = [claim(withAddresses(service('a'), '10.0.5.1')), claim(service('web'))]
  assert.deepEqual(looksAt({ pools, claims }).map(show), [
    '10.0.6.0 [] b selectorMismatch, a disabled, c noBlockOfFamily, d notAutomatic, e full, f gives 10.0.6.0, g hasFree 10.0.7.0',
  ])
})

test('explain() tells what stands in the way of an address that is asked for', () => {
  const pools = [pool('a', '10.0.0.0/29!'), pool('b', '10.0.1.1')]
  const asked = (ip: string): readonly string[] => {
    const other = claim(withAddresses(service('a', ports('TCP/80')), '10.0.0.1'), sharing('k'))
    return looksAt({ pools, claims: [other, claim(service('web', ports('TCP/80')), these(ip))] }).map(show)
  }
  assert.deepEqual(asked('10.0.0.1'), ['- [] a taken, b addressOutside'])
  assert.deepEqual(asked('10.0.0.7'), ['- [] a keptBack 10.0.0.7, b addressOutside'])
  assert.deepEqual(asked('10.0.1.1'), ['10.0.1.1 [] a addressOutside, b gives 10.0.1.1'])
})

test('explain() tells a pool whose own blocks overlap from one that overlaps another', () => {
  const pools = [pool('a', '10.0.0.0-10.0.0.5', '10.0.0.5'), pool('b', '10.0.0.0-10.0.0.9', { creationTimestampMs: 1 })]
  assert.deepEqual(looksAt({ pools, claims: [claim(service('web'))] }).map(show), [
    '- [] a selfConflicting, b conflicting',
  ])
})

test('explain() tells with whom an address is shared, and whether it was held before', () => {
  const [a, web] = ['a', 'web'].map((name, index) =>
    claim(withAddresses(service(name, ports(`TCP/8${index}`)), '10.0.0.1'), sharing('k')),
  )
  assert.ok(a !== undefined && web !== undefined)
  assert.deepEqual(looksAt({ pools: [pool('a', '10.0.0.0/29')], claims: [a, web] }).map(show), [
    '10.0.0.1 [default/a] a holds 10.0.0.1',
  ])
})

test('explain() tells whose a Service is that is not ours, and that there is none', () => {
  const claims = [claim(service('web', { loadBalancerClass: 'x/y' }))]
  const input = { pools: [], brokenPools: [], claims }
  assert.deepEqual(explain(input, 'default/web'), { kind: 'notOurs', why: 'otherClass' })
  assert.deepEqual(explain(input, 'default/www'), { kind: 'noService' })
})
