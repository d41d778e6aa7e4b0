import assert from 'node:assert/strict'
import { test } from 'node:test'
import { SERVICES } from '#ports/kube-resources.ts'
import { conditionOf, createOperatorWorld, eventsOf, poolYaml, serviceYaml } from './operator-world.ts'

const LAB = poolYaml('lab', '192.168.10.75', '192.168.10.78')
const RANGES = 'loadBalancerSourceRanges: [10.0.0.0/8, 192.0.2.1/32]'
const ANSWER =
  'spec.loadBalancerSourceRanges "10.0.0.0/8, 192.0.2.1/32" is not enforced by Balise, which therefore does not serve the addresses of this Service at all: remove it, and keep strangers out by a firewall'

test('operator says on the Service that its source ranges keep its address from being served, as long as they are there', async (t) => {
  const world = await createOperatorWorld()
  t.after(() => world.close())
  const told = (): string | undefined => {
    const condition = conditionOf(world.object(SERVICES, 'web'), 'cilium.io/IPAMRequestSatisfied')
    return condition === undefined ? undefined : `${condition.status}: ${condition.message}`
  }
  await world.apply(LAB + serviceYaml('web'))
  assert.equal(told(), 'True: ')
  await world.apply(serviceYaml('web', RANGES))
  assert.equal(told(), `True: ${ANSWER}`)
  assert.equal(eventsOf(world).at(-1), `Warning Ignored web: ${ANSWER}`)
  await world.apply(serviceYaml('web'))
  assert.equal(told(), 'True: ')
})

test('operator says on the Service that its session affinity has no effect', async (t) => {
  const world = await createOperatorWorld()
  t.after(() => world.close())
  await world.apply(LAB + serviceYaml('web', 'sessionAffinity: ClientIP'))
  assert.deepEqual(eventsOf(world), [
    'Normal IPAllocated web: Assigned 192.168.10.75',
    'Warning Ignored web: spec.sessionAffinity "ClientIP" has no effect, a client may reach any backend: write None',
  ])
})
