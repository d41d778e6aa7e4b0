import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { KubeFailure, KubeObject } from '#ports/kube-api.ts'
import { POOLS, SERVICES } from '#ports/kube-resources.ts'
import { addressesOf, conditionOf, createOperatorWorld, poolYaml, serviceYaml } from './operator-world.ts'

const COUNT = 40
const RECOVERED_MS = 40_000

const FAILURES: readonly KubeFailure[] = [
  { code: 'Gone', message: 'too old' },
  { code: 'Conflict', message: 'modified' },
  { code: 'TooManyRequests', message: 'slow down', retryAfterMs: 2_000 },
  { code: 'ServerError', message: 'etcd is away' },
]

interface Outage {
  readonly outcome: KubeFailure | 'hang'
  /** Requests are carried out, and answered as if they were not. */
  readonly afterwards: boolean
  readonly lastsMs: number
  /** The leader bears that: it goes on with what it holds, and lists again since what it has seen is forgotten. */
  readonly isBorne: boolean
}

/** All requests from the middle of a burst on, those for the Lease and the watches as well. */
async function comesThrough(t: { after(fn: () => Promise<void>): void }, outage: Outage): Promise<void> {
  const { outcome, afterwards, lastsMs, isBorne } = outage
  const world = await createOperatorWorld()
  t.after(() => world.close())
  const { api } = world
  const wrongs: string[] = []
  const patch = api.patch.bind(api)
  let written = 0
  let end = (): void => undefined
  api.patch = async (...request) => {
    const isService = request[0] === SERVICES
    if (isService) written += 1
    if (isService && written === COUNT / 4) {
      end = api.inject({ outcome, afterwards })
      api.endWatches(outcome === 'hang' ? undefined : outcome)
    }
    const before = shown(api.objects(SERVICES))
    try {
      return await patch(...request)
    } finally {
      wrongs.push(...changesIn(before, shown(api.objects(SERVICES))))
    }
  }
  const manifests = Array.from({ length: COUNT }, (_, index) => serviceYaml(`web-${index}`))
  await world.apply(poolYaml('lab', '10.0.0.1', '10.0.0.200') + manifests.join(''))
  await world.pass(lastsMs)
  const during = api.objects(SERVICES).filter((service) => addressesOf(service).length > 0).length
  assert.equal(during < COUNT, !afterwards, `${during} had their address before it was over`)
  assert.equal(world.operator().status().leading, isBorne)
  const lists = (): number =>
    api.requests.filter(({ verb, resource }) => verb === 'list' && resource === SERVICES).length
  const before = lists()
  api.forget()
  end()
  await world.pass(RECOVERED_MS)
  assert.ok(lists() > before)
  assert.equal(world.operator().status().leading, true)
  const addresses = api.objects(SERVICES).flatMap(addressesOf)
  assert.deepEqual([addresses.length, new Set(addresses).size], [COUNT, COUNT])
  assert.deepEqual(wrongs, [])
  assert.equal(conditionOf(api.objects(POOLS)[0], 'cilium.io/IPsUsed')?.message, String(COUNT))
}

for (const outcome of FAILURES) {
  test(`operator goes on after every request met with ${outcome.code} in a burst, for less than its term bears`, (t) =>
    comesThrough(t, { outcome, afterwards: false, lastsMs: 5_000, isBorne: true }))
}

for (const outcome of [...FAILURES, 'hang'] as const) {
  const name = outcome === 'hang' ? 'no answer' : outcome.code
  test(`operator leads again after every request met with ${name} in a burst, with writes under way when its term ended`, (t) =>
    comesThrough(t, { outcome, afterwards: false, lastsMs: 30_000, isBorne: false }))
}

test('operator takes what it wrote without knowing for what it is, when it leads again', (t) => {
  const outcome: KubeFailure = { code: 'Gone', message: 'too old' }
  return comesThrough(t, { outcome, afterwards: true, lastsMs: 30_000, isBorne: false })
})

/** Addresses by Service. */
function shown(services: readonly KubeObject[]): ReadonlyMap<string, string> {
  return new Map(services.map((service) => [service.metadata.name, addressesOf(service).join()]))
}

/** What nobody may ever see: an address that changes or goes, or that two Services have. */
function changesIn(before: ReadonlyMap<string, string>, after: ReadonlyMap<string, string>): readonly string[] {
  const lost = [...before].filter(([name, address]) => address !== '' && after.get(name) !== address)
  const given = [...after.values()].filter((address) => address !== '')
  return [
    ...lost.map(([name, address]) => `${name} lost ${address}`),
    ...(new Set(given).size === given.length ? [] : ['an address has two Services']),
  ]
}
