/** That the loop of the addresses looks at the Services that a change concerns, and that what it tells of them stays true. */
import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { ANNOUNCED_CONDITION } from '#l2/announced.ts'
import { L2_POLICIES, SERVICES } from '#ports/kube-resources.ts'
import { createLoopWorld, type LoopWorld } from './loop-world.ts'
import { conditionOf, poolYaml, putNode, serviceYaml } from './operator-world.ts'

const COUNT = 200
const INDEXES = Array.from({ length: COUNT }, (_, index) => index)
const WITHOUT_SEVEN = INDEXES.filter((index) => index !== 7)
const nameOf = (index: number): string => `web-${String(index).padStart(3, '0')}`
const addressOf = (index: number): string => `192.168.10.${index}`
const ALL = INDEXES.map((index) => `default/${nameOf(index)}`)
const POLICY = `
apiVersion: cilium.io/v2alpha1
kind: CiliumL2AnnouncementPolicy
metadata: {name: policy}
spec: {loadBalancerIPs: true}
`

/** Every Service has its address, one node answers for all of them, and all were looked at a moment ago. */
async function begin(t: TestContext): Promise<LoopWorld> {
  const world = await createLoopWorld(['ipam'])
  t.after(() => world.close())
  putNode(world, 'cp1', ['eth0'])
  await world.apply(poolYaml('lan', addressOf(0), addressOf(COUNT)) + POLICY)
  await world.apply(INDEXES.map((index) => serviceYaml(nameOf(index))).join(''))
  // Whose addresses they are is found out when it is asked for the first time.
  for (let round = 0; round < 6; round += 1) await live(world, round % 2 === 0 ? WITHOUT_SEVEN : INDEXES)
  world.takeLooks()
  let looked: ReadonlySet<string>
  do {
    await live(world, INDEXES)
    looked = looks(world)
  } while (looked.size < COUNT)
  world.takeWrites()
  return world
}

/** Five seconds in which the agent renews its Lease. */
async function live(world: LoopWorld, held: readonly number[]): Promise<void> {
  putNode(world, 'cp1', ['eth0'], held.map(addressOf))
  await world.pass(5_000)
}

function looks(world: LoopWorld): ReadonlySet<string> {
  const seen = world.takeLooks()
  return new Set(ALL.filter((key) => seen.has(key)))
}

function announced(world: LoopWorld, index: number): string | undefined {
  return conditionOf(world.object(SERVICES, nameOf(index), 'default'), ANNOUNCED_CONDITION)?.message
}

test('a node that lets go of one address is a look at the Service that has it, which is told so', async (t) => {
  const world = await begin(t)
  await live(world, WITHOUT_SEVEN)
  assert.deepEqual([...looks(world)], [`default/${nameOf(7)}`])
  assert.deepEqual(world.takeWrites(), [`patch services ${nameOf(7)}`])
  assert.notEqual(announced(world, 7), announced(world, 8)?.replace(addressOf(8), addressOf(7)))
  await live(world, INDEXES)
  assert.equal(announced(world, 7), announced(world, 8)?.replace(addressOf(8), addressOf(7)))
})

test('a Service that somebody edits is a look at that one alone', async (t) => {
  const world = await begin(t)
  const { metadata, ...service } = world.object(SERVICES, nameOf(3), 'default') ?? assert.fail()
  world.api.put({ ...service, metadata: { ...metadata, labels: { edited: 'yes' } } })
  await live(world, INDEXES)
  assert.deepEqual([...looks(world)], [`default/${nameOf(3)}`])
  assert.deepEqual(world.takeWrites(), [])
})

test('a policy that goes is a look at all Services', async (t) => {
  const world = await begin(t)
  await world.remove(L2_POLICIES, 'policy')
  await live(world, INDEXES)
  assert.equal(looks(world).size, COUNT)
})

test('a node that loses its interface and an address in one moment is a look at all Services', async (t) => {
  const world = await begin(t)
  putNode(world, 'cp1', ['eth1'], INDEXES.slice(1).map(addressOf))
  await world.pass(5_000)
  assert.equal(looks(world).size, COUNT)
})
