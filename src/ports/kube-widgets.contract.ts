import assert from 'node:assert/strict'
import { type KubeApi, KubeError, type KubeFailure, type KubeObject, type KubeResource } from './kube-api.ts'
import { SERVICES } from './kube-resources.ts'

/** A resource of the suite's own: cluster-wide, with a status subresource; `spec` and `status` take anything, conditions are a map by `type`. */
export const WIDGETS: KubeResource = {
  group: 'test.balise.io',
  version: 'v1',
  plural: 'widgets',
  kind: 'Widget',
  namespaced: false,
}

export interface KubeApiWorld {
  readonly api: KubeApi
  /** Makes version 1 too old for a watch. */
  readonly age: () => Promise<void>
  readonly close: () => Promise<void>
}

/** What the tests of the contract do with widgets. */
export interface Widgets {
  api(): KubeApi
  age(): Promise<void>
  /** A name that nothing has yet. */
  unique(): string
  /** Creates one of its own name. */
  make(fields?: object, labels?: Readonly<Record<string, string>>): Promise<KubeObject>
  get(object: KubeObject): Promise<KubeObject>
  versionNow(): Promise<string>
}

/** `world` is asked at each call: it is opened after the tests are declared. */
export function widgetsOf(world: () => KubeApiWorld): Widgets {
  let count = 0
  const api = (): KubeApi => world().api
  const unique = (): string => `widget-${++count}`
  return {
    api,
    unique,
    age: () => world().age(),
    make: (fields = {}, labels = {}) =>
      api().create(WIDGETS, undefined, {
        ...typeOf(WIDGETS),
        metadata: { name: unique(), labels },
        spec: { size: 1 },
        ...fields,
      }),
    get: (object) => api().get(WIDGETS, { name: object.metadata.name }),
    versionNow: async () => (await api().list(WIDGETS, {})).resourceVersion,
  }
}

export function typeOf({ group, version, kind }: KubeResource): { readonly apiVersion: string; readonly kind: string } {
  return { apiVersion: group === '' ? version : `${group}/${version}`, kind }
}

export function serviceNamed(name: string): object {
  const ports = [{ name: 'http', port: 80, protocol: 'TCP', targetPort: 80 }]
  return { ...typeOf(SERVICES), metadata: { name }, spec: { type: 'LoadBalancer', ports } }
}

export async function refuses(code: KubeFailure['code'], promise: Promise<unknown>): Promise<void> {
  await assert.rejects(promise, (error) => {
    assert.ok(error instanceof KubeError, String(error))
    assert.equal(error.failure.code, code, error.message)
    assert.notEqual(error.failure.message, '')
    return true
  })
}
