import { isDeepStrictEqual } from 'node:util'
import type { KubeMetadata, KubeObject } from './kube-api.ts'

/** One change of one object. `before` tells whether a selector's view gains or loses it. */
export interface StoredChange {
  readonly version: number
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED'
  readonly before: KubeObject | undefined
  readonly object: KubeObject
}

/** How a resource's objects behave when written. */
export interface ResourceRules {
  /** Writes to the object leave `status` alone, writes to `/status` touch nothing else. */
  readonly hasStatus: boolean
  /** `metadata.generation` counts changes beside metadata and status. */
  readonly hasGeneration: boolean
}

/** The objects of one resource with their history. Versions count over all resources, as etcd's do. */
export class FakeStore {
  readonly objects = new Map<string, KubeObject>()
  readonly #history: StoredChange[] = []
  readonly #historyLimit: number
  /** No watch can start before this version. */
  #oldest = 0
  /** The last change that is no longer known. */
  #lastForgotten = 0
  readonly #listeners = new Set<() => void>()
  readonly #nextVersion: () => number
  readonly #nowMs: () => number

  constructor(nextVersion: () => number, nowMs: () => number, historyLimit: number) {
    this.#nextVersion = nextVersion
    this.#nowMs = nowMs
    this.#historyLimit = historyLimit
  }

  isTooOld(version: number): boolean {
    return version < this.#oldest
  }

  /** Undefined when some of them are forgotten: a watch that is open, but too slow. */
  since(version: number): readonly StoredChange[] | undefined {
    if (version < this.#lastForgotten) return undefined
    return this.#history.filter((change) => change.version > version)
  }

  forget(version: number): void {
    this.#oldest = Math.max(this.#oldest, version)
    while (this.#history[0] !== undefined && this.#history[0].version <= version) {
      this.#lastForgotten = this.#history[0].version
      this.#history.shift()
    }
  }

  onChange(listener: () => void): () => void {
    this.#listeners.add(listener)
    return () => void this.#listeners.delete(listener)
  }

  create(key: string, object: KubeObject, rules: ResourceRules): KubeObject {
    const version = this.#nextVersion()
    const metadata: KubeMetadata = {
      ...object.metadata,
      uid: `00000000-0000-4000-8000-${version.toString(16).padStart(12, '0')}`,
      creationTimestamp: new Date(this.#nowMs()).toISOString().replace(/\.\d+Z$/, 'Z'),
      resourceVersion: String(version),
      ...(rules.hasGeneration && { generation: 1 }),
    }
    const { status: _status, ...withoutStatus } = object
    const stored = { ...(rules.hasStatus ? withoutStatus : object), metadata }
    this.#record(key, { version, type: 'ADDED', before: undefined, object: stored })
    return stored
  }

  /** A write that changes nothing makes no version and no event. */
  update(key: string, before: KubeObject, wanted: KubeObject, rules: ResourceRules): KubeObject {
    const metadata = { ...wanted.metadata, ...identityOf(before.metadata) }
    const same = { ...wanted, metadata }
    if (isDeepStrictEqual(withoutUndefined(same), withoutUndefined(before))) return before
    const version = this.#nextVersion()
    const isNewGeneration = rules.hasGeneration && !isDeepStrictEqual(specOf(wanted), specOf(before))
    const generation = (before.metadata.generation ?? 0) + (isNewGeneration ? 1 : 0)
    const stamped = { ...metadata, resourceVersion: String(version), ...(rules.hasGeneration && { generation }) }
    const object = { ...wanted, metadata: stamped }
    this.#record(key, { version, type: 'MODIFIED', before, object })
    return object
  }

  delete(key: string): void {
    const before = this.objects.get(key)
    if (before === undefined) return
    const version = this.#nextVersion()
    const object = { ...before, metadata: { ...before.metadata, resourceVersion: String(version) } }
    this.#record(key, { version, type: 'DELETED', before, object })
  }

  #record(key: string, change: StoredChange): void {
    if (change.type === 'DELETED') this.objects.delete(key)
    else this.objects.set(key, change.object)
    this.#history.push(change)
    const tooMany = this.#history[this.#history.length - 1 - this.#historyLimit]
    if (tooMany !== undefined) this.forget(tooMany.version)
    for (const listener of this.#listeners) listener()
  }
}

/** What the server alone writes. */
function identityOf(metadata: KubeMetadata): Partial<KubeMetadata> {
  const { name, namespace, uid, creationTimestamp, resourceVersion, generation } = metadata
  return JSON.parse(
    JSON.stringify({ name, namespace, uid, creationTimestamp, resourceVersion, generation }),
  ) as KubeMetadata
}

function specOf({ metadata: _metadata, status: _status, ...rest }: KubeObject): unknown {
  return withoutUndefined(rest)
}

function withoutUndefined(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value))
}
