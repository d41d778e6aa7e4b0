import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { serviceRecord } from '#agents/operator/records.ts'
import { incompatibility, tenantOf } from '#ipam/sharing.ts'
import { sameIp } from '#model/ip.ts'
import { POOLS, SERVICES } from '#ports/kube-resources.ts'
import { createScenario, parseYaml } from './harness.ts'
import {
  addressesOf,
  conditionOf,
  createOperatorWorld,
  type OperatorWorld,
  poolYaml,
  serviceYaml,
} from './operator-world.ts'

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

const KEYS = [
  '',
  'lbipam.cilium.io/sharing-key: k',
  'lbipam.cilium.io/sharing-key: k',
  'io.cilium/lb-ipam-sharing-key: k',
  'lbipam.cilium.io/sharing-key: l',
]
const WANTED = [
  '',
  '192.168.10.76',
  '192.168.10.77,192.168.10.75',
  'fd00::2,192.168.10.78',
  '192.168.10.300,192.168.10.79',
]
const FAMILIES = ['', 'ipFamilyPolicy: RequireDualStack', 'ipFamilyPolicy: PreferDualStack']
const anyRichService = fc
  .record({
    name: anyName,
    key: fc.constantFrom(...KEYS),
    wanted: fc.constantFrom('', '', '', '', ...WANTED),
    port: fc.constantFrom(80, 80, 81, 82),
    type: fc.constantFrom('LoadBalancer', 'LoadBalancer', 'LoadBalancer', 'ClusterIP'),
    loadBalancerClass: fc.constantFrom('', '', '', 'io.cilium/l2-announcer', 'example.com/x'),
    local: fc.constantFrom(false, false, true),
    families: fc.constantFrom('', '', '', ...FAMILIES),
    app: fc.constantFrom('x', 'x', 'y'),
  })
  .map(({ name, key, wanted, port, type, loadBalancerClass, local, families, app }): Step => {
    const annotations = [key, wanted === '' ? '' : `lbipam.cilium.io/ips: "${wanted}"`].filter((one) => one !== '')
    const lines = [
      `selector: {app: ${app}}`,
      families,
      local ? 'externalTrafficPolicy: Local' : '',
      loadBalancerClass === '' ? '' : `loadBalancerClass: ${loadBalancerClass}`,
    ].filter((line) => line !== '')
    const yaml = serviceYaml(
      name,
      lines.join('\n  '),
      `labels: {app: ${app}}, annotations: {${annotations.join(', ')}}`,
    )
      .replace('port: 80', `port: ${port}`)
      .replace('type: LoadBalancer', `type: ${type}`)
    return { kind: 'apply', yaml }
  })
const SPECS = [
  'blocks: [{cidr: 192.168.10.76/30}], allowFirstLastIPs: "No"',
  'blocks: [{cidr: 192.168.10.76/30}]',
  'blocks: [{start: 192.168.10.75}, {start: 192.168.10.77, stop: 192.168.10.78}]',
  'blocks: [{start: 192.168.10.75, stop: 192.168.10.77}, {start: 192.168.10.77}]',
  'blocks: [{start: "fd00::1", stop: "fd00::3"}, {start: 192.168.10.79}]',
  'blocks: [{start: 192.168.10.75, stop: 192.168.10.79}], serviceSelector: {matchLabels: {app: x}}',
  'blocks: [{start: 192.168.10.75, stop: 192.168.10.79}], disabled: true',
  'blocks: [{start: 192.168.10.79, stop: 192.168.10.75}]',
]
const anyRichPool = fc.tuple(fc.constantFrom('p', 'q'), fc.constantFrom(...SPECS)).map(([name, spec]): Step => {
  const head = `apiVersion: cilium.io/v2\nkind: CiliumLoadBalancerIPPool\nmetadata: {name: ${name}}`
  return { kind: 'apply', yaml: `${head}\nspec: {${spec}}\n` }
})
const RULES = [
  'quotas: [{maxAddresses: 1}]',
  'quotas: [{maxServices: 2}]',
  'reserved: [{address: 192.168.10.76, requestable: true}, {address: 192.168.10.77}]',
]
const anyPolicy = fc.tuple(fc.constantFrom('one', 'two'), fc.constantFrom(...RULES)).map(([name, spec]): Step => {
  const head = `apiVersion: balise.io/v1alpha1\nkind: LoadBalancerIPPoolPolicy\nmetadata: {name: ${name}}`
  return { kind: 'apply', yaml: `${head}\nspec: {${spec}}\n` }
})
const INGRESSES = [
  null,
  [{ hostname: 'lb.example.com' }],
  [{ ip: '10.9.9.9' }],
  [{ ip: '192.168.10.78', ipMode: 'Proxy' }],
]
const anyOverwriting = fc
  .tuple(anyName, fc.constantFrom(...INGRESSES))
  .map(([name, ingress]): Overwriting => ({ name, ingress }))

/** Somebody else writes into a status. */
interface Overwriting {
  readonly name: string
  readonly ingress: readonly object[] | null
}

async function overwrite(world: OperatorWorld, { name, ingress }: Overwriting): Promise<void> {
  const object = world.object(SERVICES, name, 'default')
  if (object === undefined) return
  const status = object['status'] as object | undefined
  world.api.put({ ...object, status: { ...status, loadBalancer: ingress === null ? {} : { ingress } } })
  await world.pass()
}

/** Whoever shows an address together with others agrees with each of them. */
function assertAgreed(world: OperatorWorld): number {
  const records = world.api.objects(SERVICES).flatMap((object) => serviceRecord(object) ?? [])
  const tenants = records.flatMap(({ service, asked }) =>
    service.ingressIps.map((ip) => ({ ip, tenant: tenantOf(service, asked.sharing) })),
  )
  let shared = 0
  for (const [index, one] of tenants.entries()) {
    for (const other of tenants.slice(index + 1)) {
      if (!sameIp(one.ip, other.ip)) continue
      assert.equal(incompatibility(one.tenant, other.tenant), undefined, world.show())
      shared += 1
    }
  }
  return shared
}

/** Nothing of ours is left where nothing of ours is to be. Without any pool what another controller has given is left alone. */
function assertCleared(world: OperatorWorld): void {
  for (const object of world.api.objects(SERVICES)) {
    const { type, loadBalancerClass } = object['spec'] as { readonly type: string; readonly loadBalancerClass?: string }
    const isServed = type === 'LoadBalancer' && loadBalancerClass !== 'example.com/x'
    const isAnswered = conditionOf(object, 'cilium.io/IPAMRequestSatisfied') !== undefined
    const mayBeLeftAlone = isServed && world.api.objects(POOLS).length === 0
    assert.ok(isAnswered === isServed || mayBeLeftAlone, world.show())
  }
}

test('ipam comes to rest in agreement, and so that a restart changes nothing, whatever Services, pools, policies and others do', async () => {
  const step = fc.oneof(
    { weight: 8, arbitrary: anyRichService },
    { weight: 3, arbitrary: anyRichPool },
    { weight: 1, arbitrary: anyPolicy },
    { weight: 2, arbitrary: anyOverwriting },
    { weight: 4, arbitrary: anyStep },
  )
  let shared = 0
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 8, maxLength: 30 }), async (steps) => {
      const world = await createOperatorWorld()
      try {
        await world.apply(poolYaml('p', '192.168.10.75', '192.168.10.79'))
        for (const one of steps) await ('ingress' in one ? overwrite(world, one) : carryOut(world, one))
        await world.pass(300_000)
        shared += assertAgreed(world)
        assertCleared(world)
        const settled = world.show()
        await world.restart()
        await world.pass(300_000)
        assert.equal(world.show(), settled, 'a restart changed something')
      } finally {
        await world.close()
      }
    }),
    { numRuns: 60 },
  )
  assert.ok(shared > 0, 'Services shared an address')
})
