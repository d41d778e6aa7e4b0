import assert from 'node:assert/strict'
import { test } from 'node:test'
import { formatIp } from '#model/ip.ts'
import type { ServiceRequest } from '#model/service-request.ts'
import { allocate } from './allocate.ts'
import { countPool, poolConditions } from './pool-conditions.ts'
import { serviceCondition } from './service-condition.ts'
import { claim, pool, service, withAddresses } from './samples.fake.ts'

test('poolConditions() are those of Cilium to the letter', () => {
  const pools = [
    pool('old', '10.0.0.0/30'),
    pool('young', '10.0.0.3-10.0.0.5', { creationTimestampMs: 1, generation: 7 }),
  ]
  const { conflicts, holdings } = allocate({ pools, brokenPools: [], claims: [claim(service('web'))] })
  const conflict = conflicts.get('young')
  const conditions = poolConditions({ pool: pools[1], generation: 7, mistakes: [], conflict, holdings, reserved: [] })
  assert.deepEqual(conditions, [
    {
      type: 'cilium.io/PoolConflict',
      status: 'True',
      reason: 'cidr_overlap',
      message:
        "Pool conflicts since range '10.0.0.3 - 10.0.0.5' overlaps range '10.0.0.0 - 10.0.0.3' from IP Pool 'old'",
      observedGeneration: 7,
    },
    { type: 'cilium.io/IPsTotal', status: 'Unknown', reason: 'noreason', message: '3', observedGeneration: 7 },
    { type: 'cilium.io/IPsAvailable', status: 'Unknown', reason: 'noreason', message: '3', observedGeneration: 7 },
    { type: 'cilium.io/IPsUsed', status: 'Unknown', reason: 'noreason', message: '0', observedGeneration: 7 },
    { type: 'balise.io/Valid', status: 'True', reason: 'valid', message: '', observedGeneration: 7 },
  ])
})

test('countPool() counts every address once, also where blocks overlap', () => {
  const twice = pool('a', '10.0.0.0-10.0.0.5', '10.0.0.3-10.0.0.9')
  const claims = [claim(withAddresses(service('web'), '10.0.0.4'))]
  const { holdings } = allocate({ pools: [twice], brokenPools: [], claims })
  assert.deepEqual(countPool(twice, holdings), { total: 10n, used: 1n, available: 9n })
})

test('countPool() counts ends that are kept back as used, as Cilium does, and once', () => {
  const kept = pool('a', '10.0.0.0/29!')
  const claims = [claim(withAddresses(service('web'), '10.0.0.0')), claim(service('www'))]
  const { holdings, assignments } = allocate({ pools: [kept], brokenPools: [], claims })
  assert.deepEqual(assignments.get('default/www')?.addresses.map(formatIp), ['10.0.0.1'])
  assert.deepEqual(countPool(kept, holdings), { total: 8n, used: 3n, available: 5n })
})

test('countPool() does not count addresses that are avoided', () => {
  const { holdings } = allocate({ pools: [], brokenPools: [], claims: [] })
  const avoiding = pool('a', '10.0.0.0/24', { avoidBuggyIps: true })
  assert.deepEqual(countPool(avoiding, holdings), { total: 254n, used: 0n, available: 254n })
})

function messageFor(asked: Partial<ServiceRequest>): string {
  const claims = [claim(service('web'), asked)]
  const assignment = allocate({ pools: [pool('a', '10.0.0.0/24')], brokenPools: [], claims }).assignments.get(
    'default/web',
  )
  assert.ok(assignment !== undefined)
  const { reason, message } = serviceCondition(assignment)
  return `${reason}: ${message}`
}

test('serviceCondition() says nothing when all is well', () => {
  assert.equal(messageFor({}), 'satisfied: ')
})

const BAD = {
  path: 'metadata.annotations["lbipam.cilium.io/ips"]',
  value: 'x',
  problem: 'is none',
  remedy: 'write one',
}

test('serviceCondition() tells of what has no effect, and is satisfied all the same', () => {
  const message = 'metadata.annotations["lbipam.cilium.io/ips"] "x" is none: write one'
  assert.equal(messageFor({ remarks: [BAD] }), `satisfied: ${message}`)
})

test('serviceCondition() names an entry that is no address, and gives nothing else instead', () => {
  const message = 'metadata.annotations["lbipam.cilium.io/ips"] "x" is none: write one'
  assert.equal(messageFor({ wanted: { kind: 'unclear' }, mistakes: [BAD] }), `invalid_request: ${message}`)
})
