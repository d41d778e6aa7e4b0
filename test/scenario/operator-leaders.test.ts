import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Operator, startOperator } from '#agents/operator/operator.ts'
import type { KubeApi } from '#ports/kube-api.ts'
import { POOLS, SERVICES } from '#ports/kube-resources.ts'
import { createScenario, type Scenario } from './harness.ts'
import { addressesOf, poolYaml, serviceYaml } from './operator-world.ts'

interface Replica {
  readonly operator: Operator
  /** From now on nothing that it sends is answered, as when its node loses power. */
  die(): void
}

function startReplica(scenario: Scenario, identity: string): Replica {
  const { clock, log, signal } = scenario
  let isDead = false
  const api = gated(scenario.api, () => isDead)
  const options = { api, clock, log, random: () => 0.5, namespace: 'kube-system', identity }
  return {
    operator: startOperator(options, signal),
    die() {
      isDead = true
    },
  }
}

/** An API to which requests go that are never answered, once `isDead`; what had been sent before is answered. */
function gated(api: KubeApi, isDead: () => boolean): KubeApi {
  const pass = <T>(request: () => Promise<T>, signal: AbortSignal | undefined): Promise<T> =>
    isDead() ? silence(signal) : request()
  return {
    get: (resource, ref, signal) => pass(() => api.get(resource, ref, signal), signal),
    list: (resource, options, signal) => pass(() => api.list(resource, options, signal), signal),
    create: (resource, namespace, object, signal) =>
      pass(() => api.create(resource, namespace, object, signal), signal),
    replace: (resource, ref, object, signal) => pass(() => api.replace(resource, ref, object, signal), signal),
    patch: (resource, ref, patch, options, signal) =>
      pass(() => api.patch(resource, ref, patch, options, signal), signal),
    delete: (resource, ref, signal) => pass(() => api.delete(resource, ref, signal), signal),
    close: () => undefined,
    async *pages(resource, options, signal) {
      if (isDead()) await silence(signal)
      yield* api.pages(resource, options, signal)
    },
    async *watch(resource, options, signal) {
      for await (const event of api.watch(resource, options, signal)) {
        if (isDead()) await silence(signal)
        yield event
      }
    },
  }
}

function silence(signal: AbortSignal | undefined): Promise<never> {
  const { promise, reject } = Promise.withResolvers<never>()
  signal?.addEventListener('abort', () => reject(signal.reason), { once: true })
  return promise
}

const NAMES = Array.from({ length: 12 }, (_, index) => `s${String(index).padStart(2, '0')}`)

test('operator: a second replica waits, and goes on when the leader dies in the middle of a burst', async (t) => {
  const scenario = createScenario()
  t.after(scenario.end)
  const first = startReplica(scenario, 'first')
  await scenario.pass()
  const second = startReplica(scenario, 'second')
  await scenario.apply(poolYaml('lab', '192.168.10.70', '192.168.10.90'))
  assert.deepEqual([first.operator.status().leading, second.operator.status().leading], [true, false])
  const patch = scenario.api.patch.bind(scenario.api)
  let left = 7
  scenario.api.patch = async (...request) => {
    if (request[0] === SERVICES && --left === 0) first.die()
    return await patch(...request)
  }
  await scenario.apply(NAMES.map((name) => serviceYaml(name)).join(''))
  const early = scenario.api.objects(SERVICES).filter((service) => addressesOf(service).length > 0)
  assert.ok(early.length > 0 && early.length < NAMES.length, `${early.length} written before the death`)
  await scenario.pass(40_000)
  assert.equal(second.operator.status().leading, true)
  const after = scenario.api.objects(SERVICES)
  const addresses = after.flatMap(addressesOf)
  assert.deepEqual([addresses.length, new Set(addresses).size], [NAMES.length, NAMES.length])
  for (const service of early) {
    const later = after.find(({ metadata }) => metadata.name === service.metadata.name)
    assert.deepEqual(addressesOf(later), addressesOf(service))
  }
})

test('operator: a leader that ends in order hands over at once', async (t) => {
  const scenario = createScenario()
  t.after(scenario.end)
  const first = startReplica(scenario, 'first')
  await scenario.pass()
  const second = startReplica(scenario, 'second')
  await scenario.apply(poolYaml('lab', '192.168.10.70', '192.168.10.90'))
  const closing = first.operator.close()
  await scenario.pass(3_000)
  await closing
  assert.equal(second.operator.status().leading, true)
  await scenario.apply(serviceYaml('web'))
  assert.deepEqual(addressesOf(scenario.object(SERVICES, 'web')), ['192.168.10.70'])
  assert.equal(scenario.api.objects(POOLS).length, 1)
})
