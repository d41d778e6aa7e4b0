import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { POOLS, SERVICES } from '#ports/kube-resources.ts'
import { createScenario, parseYaml } from './harness.ts'
import { addressesOf, createOperatorWorld, type OperatorWorld, poolYaml, serviceYaml } from './operator-world.ts'

const OBJECTS = [
  poolYaml('lab', '192.168.10.75', '192.168.10.78'),
  poolYaml('clash', '192.168.10.78', '192.168.10.79'),
  serviceYaml('a'),
  serviceYaml('b', '', 'annotations: {lbipam.cilium.io/ips: "192.168.10.77"}'),
  serviceYaml('c'),
].flatMap(parseYaml)

function assertSound(world: OperatorWorld): void {
  const shown = world.api.objects(SERVICES).flatMap(addressesOf)
  assert.equal(new Set(shown).size, shown.length, `one address twice:\n${world.show()}`)
}

test('ipam ends the same in whatever order objects made in the same second come', async () => {
  const reference = await outcomeOf(OBJECTS)
  await fc.assert(
    fc.asyncProperty(fc.shuffledSubarray(OBJECTS, { minLength: OBJECTS.length }), async (objects) => {
      assert.equal(await outcomeOf(objects), reference)
    }),
    { numRuns: 30 },
  )
})

/** All are there before the operator looks for the first time. */
async function outcomeOf(objects: typeof OBJECTS): Promise<string> {
  const world = await createOperatorWorld()
  try {
    world.api.goAway()
    for (const object of objects) world.api.put(object)
    world.api.comeBack()
    await world.pass(60_000)
    assertSound(world)
    return world.show()
  } finally {
    await world.close()
  }
}

type Step =
  | { readonly kind: 'apply'; readonly yaml: string }
  | { readonly kind: 'delete'; readonly pool: boolean; readonly name: string }
  | { readonly kind: 'restart' }
  | { readonly kind: 'fail'; readonly name: string; readonly afterwards: boolean }

const anyName = fc.constantFrom('a', 'b', 'c', 'd')
const anyStep: fc.Arbitrary<Step> = fc.oneof(
  { weight: 4, arbitrary: anyName.map((name): Step => ({ kind: 'apply', yaml: serviceYaml(name) })) },
  {
    weight: 2,
    arbitrary: fc
      .tuple(anyName, fc.integer({ min: 75, max: 80 }))
      .map(([name, ip]): Step => ({ kind: 'apply', yaml: serviceYaml(name, `loadBalancerIP: 192.168.10.${ip}`) })),
  },
  {
    weight: 4,
    arbitrary: fc
      .tuple(fc.constantFrom('p', 'q'), fc.integer({ min: 75, max: 79 }), fc.nat(2), fc.boolean())
      .map(([name, first, more, disabled]): Step => {
        const yaml = poolYaml(name, `192.168.10.${first}`, `192.168.10.${first + more}`, `disabled: ${disabled}`)
        return { kind: 'apply', yaml }
      }),
  },
  {
    weight: 2,
    arbitrary: fc
      .tuple(fc.boolean(), anyName)
      .map(([pool, name]): Step => ({ kind: 'delete', pool, name: pool ? 'p' : name })),
  },
  { weight: 1, arbitrary: fc.constant<Step>({ kind: 'restart' }) },
  {
    weight: 2,
    arbitrary: fc.tuple(anyName, fc.boolean()).map(([name, afterwards]): Step => ({ kind: 'fail', name, afterwards })),
  },
)

async function carryOut(world: OperatorWorld, step: Step): Promise<void> {
  switch (step.kind) {
    case 'apply':
      return await world.apply(step.yaml)
    case 'delete':
      return await (step.pool ? world.remove(POOLS, step.name) : world.remove(SERVICES, step.name, 'default'))
    case 'restart':
      return await world.restart()
    case 'fail': {
      const outcome = { code: 'Unreachable', message: 'no answer' } as const
      world.api.inject({
        verbs: ['patch'],
        plural: 'services',
        name: step.name,
        outcome,
        afterwards: step.afterwards,
        times: 4,
      })
    }
  }
}

/** A world whose watches lag, and that looks at the addresses after every write of the operator. */
async function createWatchedWorld(lagMs: number): Promise<OperatorWorld & { readonly doubles: readonly string[] }> {
  const scenario = createScenario()
  const { api, clock } = scenario
  const doubles: string[] = []
  const patch = api.patch.bind(api)
  const watch = api.watch.bind(api)
  api.patch = async (...request) => {
    try {
      return await patch(...request)
    } finally {
      const shown = api.objects(SERVICES).flatMap(addressesOf)
      if (new Set(shown).size !== shown.length) doubles.push(shown.join())
    }
  }
  api.watch = async function* (resource, options, signal) {
    for await (const event of watch(resource, options, signal)) {
      await clock.sleep(lagMs, signal)
      yield event
    }
  }
  return { ...(await createOperatorWorld(scenario)), doubles }
}

test('ipam shows no address twice at any moment, whatever users do and whenever the operator dies', async () => {
  const anySteps = fc.array(anyStep, { minLength: 5, maxLength: 25 })
  await fc.assert(
    fc.asyncProperty(anySteps, fc.constantFrom(0, 300, 2_500), async (steps, lagMs) => {
      const world = await createWatchedWorld(lagMs)
      try {
        for (const step of steps) await carryOut(world, step)
        await world.pass(300_000)
        const settled = world.show()
        await world.restart()
        await world.pass(300_000)
        assert.deepEqual(world.doubles, [])
        assert.equal(world.show(), settled, 'a restart changed something')
      } finally {
        await world.close()
      }
    }),
    { numRuns: 100 },
  )
})
