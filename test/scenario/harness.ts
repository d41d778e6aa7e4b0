import { parseAllDocuments } from 'yaml'
import type { KubeObject, KubeResource } from '#ports/kube-api.ts'
import { createFakeClock, type FakeClock, settle } from '#ports/clock.fake.ts'
import { createFakeKubeApi, type FakeKubeApi } from '#ports/kube-api.fake.ts'
import { createFakeLog, type FakeLog } from '#ports/log.fake.ts'

/** A cluster in memory for scenario tests: the API, a clock that the test moves, and what was logged. */
export interface Scenario {
  readonly api: FakeKubeApi
  readonly clock: FakeClock
  readonly log: FakeLog
  /** Aborts with `end()`. */
  readonly signal: AbortSignal
  /** Applies objects as kubectl does. */
  apply(yaml: string): Promise<void>
  remove(resource: KubeResource, name: string, namespace?: string): Promise<void>
  object(resource: KubeResource, name: string, namespace?: string): KubeObject | undefined
  /** Lets all that can run come to rest, with `durationMs` passing. */
  pass(durationMs?: number): Promise<void>
  end(): void
}

/** Long enough for loops to settle, short enough that no Lease runs out. */
const REST_MS = 1_000

export function createScenario(): Scenario {
  const clock = createFakeClock()
  const api = createFakeKubeApi({ nowMs: () => clock.nowMs() })
  const controller = new AbortController()
  const pass = async (durationMs = REST_MS): Promise<void> => {
    await settle()
    await clock.advance(durationMs)
    await settle()
  }
  return {
    api,
    clock,
    log: createFakeLog(),
    signal: controller.signal,
    pass,
    async apply(yaml) {
      for (const object of parseYaml(yaml)) api.put(object)
      await pass()
    },
    async remove(resource, name, namespace) {
      await api.delete(resource, { name, ...(namespace === undefined ? {} : { namespace }) })
      await pass()
    },
    object: (resource, name, namespace) =>
      api
        .objects(resource)
        .find(({ metadata }) => metadata.name === name && (namespace ?? metadata.namespace) === metadata.namespace),
    end: () => controller.abort(new Error('The scenario is over')),
  }
}

/** Every document of a YAML text; empty ones are passed over. */
export function parseYaml(yaml: string): readonly KubeObject[] {
  return parseAllDocuments(yaml)
    .map((document) => document.toJS() as KubeObject | null)
    .filter((object) => object !== null)
}
