/** Loops that look at what changed alone write what loops write that look at everything each time, whatever happens in whatever order. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { METALLB_NAMESPACE } from '#crd/metallb/kinds.ts'
import type { KubeObject, KubeRef, KubeResource } from '#ports/kube-api.ts'
import {
  ADDRESS_POOLS,
  L2_ADVERTISEMENTS,
  LEASES,
  POOLS,
  SERVICE_L2_STATUSES,
  SERVICES,
} from '#ports/kube-resources.ts'
import { createLoopWorld, type LoopWorld, type LoopWorldOptions } from './loop-world.ts'
import { advertisementYaml, servedService } from './metallb-manifests.ts'
import { addressPoolYaml } from './metallb-world.ts'
import { eventsOf, poolYaml, putNode } from './operator-world.ts'
import { parseYaml } from './harness.ts'

/** The mirrors of the first two have one name. */
const REFS: readonly Required<KubeRef>[] = [
  { namespace: 'a', name: 'b-c' },
  { namespace: 'a-b', name: 'c' },
  { namespace: 'a', name: 'd' },
  { namespace: 'a', name: 'e' },
]
const ADDRESSES = ['192.168.10.1', '192.168.10.2', '192.168.10.3', 'fd00::1'] as const
const NODES = ['n1', 'n2'] as const
const OLD_WORD = { 'metallb.universe.tf/address-pool': 'blue' }

const anyRef = fc.constantFrom(...REFS)
const of = fc.constant

/** What happens in a cluster. */
const anyStep = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      kind: of('service'),
      ref: anyRef,
      ips: fc.subarray([...ADDRESSES], { maxLength: 2 }),
      annotations: fc.constantFrom({}, OLD_WORD),
    }),
  },
  { weight: 3, arbitrary: fc.record({ kind: of('gone'), ref: anyRef }) },
  {
    weight: 4,
    arbitrary: fc.record({
      kind: of('node'),
      name: fc.constantFrom(...NODES),
      holds: fc.option(fc.subarray([...ADDRESSES]), { nil: undefined }),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ kind: of('pool'), range: fc.constantFrom('192.168.10.1/32', '192.168.10.0/24', 'x', '') }),
  },
  fc.record({ kind: of('otherPool'), isThere: fc.boolean() }),
  fc.record({ kind: of('advertisement'), spec: fc.constantFrom('{}', '{interfaces: [eth7]}', '') }),
  { weight: 2, arbitrary: fc.record({ kind: of('vandal'), at: fc.nat(20), isDeletion: fc.boolean() }) },
  fc.record({ kind: of('cut'), isForgotten: fc.boolean() }),
  fc.record({ kind: of('refusals') }),
  { weight: 3, arbitrary: fc.record({ kind: of('time'), ms: fc.constantFrom(2_000, 12_000, 35_000, 65_000) }) },
)
type Step = typeof anyStep extends fc.Arbitrary<infer S> ? S : never

interface Cluster {
  readonly world: LoopWorld
  /** By the name of the node; one that is not in it is dead. */
  readonly holds: Map<string, readonly string[]>
}

async function createCluster(options: LoopWorldOptions): Promise<Cluster> {
  const world = await createLoopWorld(['metallb', 'announcers', 'mirrors'], options)
  return { world, holds: new Map() }
}

/** Time in which the agents that live renew their Leases. */
async function live({ world, holds }: Cluster, durationMs: number): Promise<void> {
  for (let restMs = durationMs; restMs > 0; restMs -= 5_000) {
    for (const [name, ips] of holds) putNode(world, name, ['eth0'], ips)
    await world.pass(Math.min(5_000, restMs))
  }
}

async function carryOut(cluster: Cluster, step: Step): Promise<void> {
  const { world, holds } = cluster
  const { api } = world
  switch (step.kind) {
    case 'service':
      api.put(servedService(step.ref.name, step.ips, step.annotations, step.ref.namespace))
      return
    case 'gone':
      return await remove(world, SERVICES, step.ref)
    case 'node':
      if (step.holds === undefined) holds.delete(step.name)
      else holds.set(step.name, step.holds)
      return
    case 'pool':
      return await put(world, ADDRESS_POOLS, 'blue', step.range && addressPoolYaml('blue', step.range))
    case 'otherPool':
      return await put(world, POOLS, 'lab', step.isThere ? poolYaml('lab', ADDRESSES[1], ADDRESSES[1]) : '')
    case 'advertisement':
      return await put(world, L2_ADVERTISEMENTS, 'ad', step.spec && advertisementYaml(step.spec))
    case 'vandal':
      return await spoil(world, step)
    case 'cut':
      if (step.isForgotten) api.forget()
      return api.endWatches()
    case 'refusals': {
      const outcome = { code: 'Forbidden', message: 'no' } as const
      const end = api.inject({ verbs: ['patch', 'create', 'delete'], outcome })
      await live(cluster, 3_000)
      end()
      return await live(cluster, 125_000)
    }
    case 'time':
      return await live(cluster, step.ms)
  }
}

async function put(world: LoopWorld, resource: KubeResource, name: string, yaml: string): Promise<void> {
  const namespace = resource === POOLS ? '' : METALLB_NAMESPACE
  if (yaml === '') return await remove(world, resource, { name, ...(namespace === '' ? {} : { namespace }) })
  for (const object of parseYaml(yaml)) world.api.put(object)
}

async function remove({ api }: LoopWorld, resource: KubeResource, ref: KubeRef): Promise<void> {
  const isThere = api
    .objects(resource)
    .some(({ metadata: { name, namespace } }) => name === ref.name && namespace === ref.namespace)
  if (isThere) await api.delete(resource, ref)
}

/** Somebody changes or takes away what is not theirs. */
async function spoil({ api }: LoopWorld, { at, isDeletion }: { at: number; isDeletion: boolean }): Promise<void> {
  const all = [...kept(api, SERVICE_L2_STATUSES), ...kept(api, LEASES)]
  const found = all[at % Math.max(1, all.length)]
  if (found === undefined) return
  const { resource, object } = found
  const { name, namespace = '' } = object.metadata
  if (isDeletion) await api.delete(resource, { name, namespace })
  else if (resource === LEASES) api.put({ ...object, spec: { ...(object['spec'] as object), holderIdentity: 'me' } })
  else api.put({ ...object, status: { ...(object['status'] as object), node: 'me' } })
}

/** What the loops keep of a kind. */
function kept(api: LoopWorld['api'], resource: KubeResource) {
  return api
    .objects(resource)
    .filter(({ metadata: { name } }) => resource !== LEASES || name.startsWith('cilium-l2announce-'))
    .map((object) => ({ resource, object }))
}

/** All that the loops write, whatever versions it took. */
function show({ world }: Cluster): unknown {
  const { api } = world
  const objects = [SERVICES, ADDRESS_POOLS, SERVICE_L2_STATUSES, LEASES].flatMap((resource) => kept(api, resource))
  return { objects: objects.map(({ object }) => bare(object)), events: eventsOf(world).toSorted() }
}

function bare({ metadata: { name, namespace, annotations }, spec, status }: KubeObject): unknown {
  return { name, namespace, annotations, spec, status }
}

const anyHistory = fc.array(fc.tuple(anyStep, fc.boolean()), { minLength: 10, maxLength: 40, size: 'max' })

test('loops that look at what changed alone write what those write that look at everything each time', async () => {
  let writes = 0
  await fc.assert(
    fc.asyncProperty(anyHistory, async (history) => {
      const [some, all] = [await createCluster({}), await createCluster({ tellsNothing: true })]
      const both = [some, all]
      try {
        for (const cluster of both) {
          for (const name of NODES) cluster.holds.set(name, [])
          await put(cluster.world, L2_ADVERTISEMENTS, 'ad', advertisementYaml())
          await put(cluster.world, ADDRESS_POOLS, 'blue', addressPoolYaml('blue', '192.168.10.0/24'))
          await live(cluster, 2_000)
        }
        for (const [step, isAlone] of history) {
          for (const cluster of both) {
            await carryOut(cluster, step)
            if (isAlone) await live(cluster, 2_000)
          }
          const [written, expected] = both.map(({ world }) => world.takeWrites())
          // How often a refused write is tried is another thing.
          if (step.kind !== 'refusals') assert.deepEqual(written, expected)
          assert.deepEqual(show(some), show(all))
          writes += written?.length ?? 0
        }
        await live(some, 125_000)
        some.world.takeWrites()
        await some.world.restart()
        await live(some, 20_000)
        assert.deepEqual(some.world.takeWrites(), [])
      } finally {
        for (const { world } of both) await world.close()
      }
    }),
    { numRuns: 25 },
  )
  assert.ok(writes > 250)
})
