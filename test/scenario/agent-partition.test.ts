import assert from 'node:assert/strict'
import test from 'node:test'
import fc from 'fast-check'
import { type KubeApi, KubeError } from '#ports/kube-api.ts'
import {
  answers,
  type Cluster,
  createCluster,
  policyObject,
  type ScenarioNode,
  serviceObject,
} from './agent-cluster.ts'

const VIP = '192.168.10.75'
const LEASE_SECONDS = 2
const STEP_MS = 100
const QUIET_STEPS = (8 * LEASE_SECONDS * 1000) / STEP_MS
const ENVIRONMENT = { BALISE_LEASE_DURATION_SECONDS: String(LEASE_SECONDS) }

/** What stands between an agent and the API. `delayMs` keeps requests back before they are carried out, `hung` until the path is mended. */
interface Path {
  cut: boolean
  hung: PromiseWithResolvers<void> | undefined
  delayMs: number
}

interface Lan {
  readonly cluster: Cluster
  readonly nodes: readonly [ScenarioNode, ScenarioNode]
  readonly paths: readonly [Path, Path]
  /** Time passes; what one station sends the other's kernel sees. */
  pass(steps: number): Promise<void>
}

type Move =
  | { readonly kind: 'cut' | 'hang' | 'mend' | 'slow' | 'kill' | 'restart'; readonly node: 0 | 1 }
  | { readonly kind: 'wait'; readonly steps: number }

const KINDS = ['cut', 'hang', 'mend', 'slow', 'kill', 'restart'] as const

const moves: fc.Arbitrary<readonly Move[]> = fc.array(
  fc.oneof(
    fc.record({
      kind: fc.constantFrom(...KINDS),
      node: fc.constantFrom(0 as const, 1 as const),
    }),
    fc.record({ kind: fc.constant('wait' as const), steps: fc.integer({ min: 1, max: 40 }) }),
  ),
  { minLength: 2, maxLength: 12 },
)

async function createLan(): Promise<Lan> {
  const cluster = createCluster()
  cluster.api.put(policyObject())
  cluster.api.put(serviceObject('web', { ip: VIP }))
  const paths = [
    { cut: false, hung: undefined, delayMs: 0 },
    { cut: false, hung: undefined, delayMs: 0 },
  ] satisfies readonly [Path, Path]
  const start = (name: string, path: Path): ScenarioNode =>
    cluster.start(name, { environment: ENVIRONMENT, faultyApi: (api) => throughPath(cluster, api, path) })
  const nodes = [start('cp1', paths[0]), start('node1', paths[1])] as const
  const seen = [0, 0]
  return {
    cluster,
    nodes,
    paths,
    async pass(steps) {
      for (let step = 0; step < steps; step += 1) {
        await cluster.clock.advance(STEP_MS)
        for (const [index, node] of nodes.entries()) {
          if (node.frames.sent.length > (seen[index] ?? 0)) noteClaim(cluster, nodes[index === 0 ? 1 : 0], index)
          seen[index] = node.frames.sent.length
        }
      }
    },
  }
}

function throughPath(cluster: Cluster, api: KubeApi, path: Path): KubeApi {
  const pass = async (signal: AbortSignal | undefined): Promise<void> => {
    if (path.delayMs > 0) await cluster.clock.sleep(path.delayMs, signal ?? new AbortController().signal)
    if (path.hung !== undefined) await untilMended(path.hung.promise, signal)
    if (path.cut) throw new KubeError({ code: 'Unreachable', message: 'cut' })
  }
  return {
    ...api,
    get: async (resource, ref, signal) => {
      await pass(signal)
      return await api.get(resource, ref, signal)
    },
    create: async (resource, namespace, object, signal) => {
      await pass(signal)
      return await api.create(resource, namespace, object, signal)
    },
    patch: async (resource, ref, body, options, signal) => {
      await pass(signal)
      return await api.patch(resource, ref, body, options, signal)
    },
  }
}

async function untilMended(mended: Promise<void>, signal: AbortSignal | undefined): Promise<void> {
  const { promise, reject } = Promise.withResolvers<never>()
  signal?.addEventListener('abort', () => reject(signal.reason), { once: true })
  await Promise.race([mended, promise])
}

/** What the program in the kernel notes when it sees a gratuitous ARP of the other for an address of its own. */
function noteClaim(cluster: Cluster, node: ScenarioNode, by: number): void {
  const map = node.maps.map('l2_responder4')
  for (const { key, value } of map.entries()) {
    const noted = value.slice()
    new DataView(noted.buffer).setBigUint64(8, BigInt(Math.round(cluster.clock.monotonicMs() * 1e6)), true)
    noted.set([2, 0, 0, 0, 0, by + 1], 16)
    map.update(key, noted)
  }
}

async function play(lan: Lan, move: Move): Promise<void> {
  if (move.kind === 'wait') return await lan.pass(move.steps)
  const node = lan.nodes[move.node]
  const path = lan.paths[move.node]
  switch (move.kind) {
    case 'cut':
      path.cut = true
      return
    case 'hang':
      path.hung ??= Promise.withResolvers()
      return
    case 'mend':
      path.hung?.resolve()
      path.hung = undefined
      path.cut = false
      path.delayMs = 0
      return
    case 'slow':
      path.delayMs = 900
      return
    case 'kill':
      return await end(lan.cluster, node)
    case 'restart':
      await end(lan.cluster, node)
      lan.cluster.restart(node, { environment: ENVIRONMENT, faultyApi: (api) => throughPath(lan.cluster, api, path) })
  }
}

async function end(cluster: Cluster, node: ScenarioNode): Promise<void> {
  const ended = node.agent?.close()
  await cluster.clock.advance(0)
  await ended
  node.agent = undefined
}

const owners = ({ nodes }: Lan): readonly string[] =>
  nodes.filter((node) => answers(node).includes(VIP)).map(({ name }) => name)

test('however the API is cut, slow or back, and agents die and return: when it is quiet again one node answers, for good', async () => {
  await fc.assert(
    fc.asyncProperty(moves, async (played) => {
      const lan = await createLan()
      await lan.pass(20)
      for (const move of played) await play(lan, move)
      for (const node of [0, 1] as const) {
        await play(lan, { kind: 'mend', node })
        if (lan.nodes[node].agent === undefined) await play(lan, { kind: 'restart', node })
      }
      await lan.pass(QUIET_STEPS)
      const settled = owners(lan)
      assert.equal(settled.length, 1)
      await lan.pass(20)
      assert.deepEqual(owners(lan), settled)
      for (const { agent } of lan.nodes) assert.equal(agent?.answers.l2().addresses[0]?.owner, settled[0])
      await lan.cluster.close()
    }),
    { numRuns: 40 },
  )
})

test('a renewal that is answered only after the Lease ran out leaves one owner', async () => {
  const lan = await createLan()
  await lan.pass(20)
  const index = answers(lan.nodes[0]).includes(VIP) ? 0 : 1
  await play(lan, { kind: 'slow', node: index })
  await lan.pass(20)
  await play(lan, { kind: 'mend', node: index })
  await lan.pass(QUIET_STEPS)
  assert.equal(owners(lan).length, 1)
  await lan.cluster.close()
})

test('a renewal asked for before the Lease ran out, and answered after the address was yielded, yields it no longer than needed', async () => {
  let yielded = 0
  for (let phase = 0; phase < 10; phase += 3) {
    for (let steps = 18; steps <= 27; steps += 1) {
      const lan = await createLan()
      await lan.pass(20 + phase)
      const index = answers(lan.nodes[0]).includes(VIP) ? 0 : 1
      const state = (node: 0 | 1): string | undefined => lan.nodes[node].agent?.answers.l2().addresses[0]?.state
      await play(lan, { kind: 'hang', node: index })
      await lan.pass(steps)
      if (state(index) === 'yielded') yielded += 1
      await play(lan, { kind: 'mend', node: index })
      await lan.pass(QUIET_STEPS)
      const states = [state(0), state(1)].toSorted((a, b) => String(a).localeCompare(String(b)))
      assert.deepEqual(states, ['announcing', 'standby'], `phase ${phase}, mended after ${steps * STEP_MS} ms`)
      await lan.cluster.close()
    }
  }
  assert.ok(yielded > 0)
})
