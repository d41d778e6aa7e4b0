import assert from 'node:assert/strict'
import { test } from 'node:test'
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
  const conditions = poolConditions({ pool: pools[1], generation: 7, mistakes: [], conflict, holdings })
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

function messageFor(annotations: Readonly<Record<string, string>>): string {
  const claims = [claim(service('web', { annotations }))]
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

test('serviceCondition() names an annotation that this version does not support', () => {
  assert.equal(
    messageFor({ 'lbipam.cilium.io/sharing-key': 'k' }),
    'satisfied: Annotation lbipam.cilium.io/sharing-key is not supported by this version of Balise, so this Service does not share its address',
  )
})

test('serviceCondition() names an entry that is no address, and gives nothing else instead', () => {
  assert.equal(
    messageFor({ 'lbipam.cilium.io/ips': 'x' }),
    'invalid_request: metadata.annotations["lbipam.cilium.io/ips"] "x" is not an IP address: write addresses with commas between them',
  )
})
