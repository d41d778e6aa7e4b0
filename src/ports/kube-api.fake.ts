import { applyPatch } from './apply-patch.fake.ts'
import { isRecord } from './json-patch.fake.ts'
import {
  type KubeApi,
  KubeError,
  type KubeFailure,
  type KubeList,
  type KubeObject,
  type KubeRef,
  type KubeResource,
  type ListOptions,
  type PatchBody,
  type WatchEvent,
} from './kube-api.ts'
import { applicable, checkVersion, partOf, patched, refused, withStatusOf } from './kube-body.fake.ts'
import { type FakeFault, FakeFaults, type FakeRequest, UNREACHABLE } from './kube-faults.fake.ts'
import { FAKE_RESOURCES, type FakeResource } from './kube-resources.fake.ts'
import { compileSelect } from './kube-selector.fake.ts'
import { FakeStore } from './kube-store.fake.ts'
import { type WatchControl, watchStore } from './kube-watch.fake.ts'

export interface FakeKubeApiOptions {
  readonly resources?: readonly FakeResource[]
  /** For `creationTimestamp`. */
  readonly nowMs?: () => number
  /** Changes that a watch can go back. */
  readonly historyLimit?: number
  /** Objects on a page of `pages()`. */
  readonly pageSize?: number
  /** What the server's schema says of an object; a text refuses it as `Invalid`. */
  readonly validate?: (resource: KubeResource, object: KubeObject) => string | undefined
}

/** The API in memory, with the rules that the contract suite holds against the real one, and with faults. */
export interface FakeKubeApi extends KubeApi {
  /** Every request so far, oldest first. */
  readonly requests: readonly FakeRequest[]
  /** Puts an object there as kubectl would: by `kind`, created or replaced, its status included. */
  put(object: KubeObject): KubeObject
  /** All objects of a resource, by name. */
  objects(resource: KubeResource): readonly KubeObject[]
  /** Returns the way to end the fault. */
  inject(fault: FakeFault): () => void
  /** From now on every request fails as unreachable and every open watch breaks, until `comeBack`. */
  goAway(): void
  comeBack(): void
  /** The server closes all watches that are open. */
  endWatches(failure?: KubeFailure): void
  /** All changes so far are forgotten: a watch from before is `Gone`. */
  forget(): void
  /** Sends a bookmark to all watches. */
  bookmark(): void
}

export function createFakeKubeApi(options: FakeKubeApiOptions = {}): FakeKubeApi {
  return new InMemoryKubeApi(options)
}

interface Shelf extends FakeResource {
  readonly store: FakeStore
}

class InMemoryKubeApi implements FakeKubeApi {
  readonly requests: FakeRequest[] = []
  readonly #options: FakeKubeApiOptions
  readonly #faults = new FakeFaults()
  readonly #shelves = new Map<string, Shelf>()
  /** Fields by object and manager. */
  readonly #owners = new Map<string, Map<string, ReadonlySet<string>>>()
  readonly #control: WatchControl = { epoch: 0, ending: undefined, bookmark: 0, wake: new Set() }
  #version = 0
  #isAway: (() => void) | undefined

  constructor(options: FakeKubeApiOptions) {
    this.#options = options
    const nowMs = options.nowMs ?? (() => Date.UTC(2026, 0, 1))
    for (const rules of options.resources ?? FAKE_RESOURCES) {
      const store = new FakeStore(() => ++this.#version, nowMs, options.historyLimit ?? 1_000)
      this.#shelves.set(shelfKey(rules.resource), { ...rules, store })
    }
  }

  get(resource: KubeResource, ref: KubeRef, signal?: AbortSignal): Promise<KubeObject> {
    const request: FakeRequest = { verb: 'get', resource, name: ref.name, subresource: undefined }
    return this.#answer(request, signal, (shelf) => this.#find(shelf, ref))
  }

  async list(resource: KubeResource, options: ListOptions, signal?: AbortSignal): Promise<KubeList> {
    const request: FakeRequest = { verb: 'list', resource, name: undefined, subresource: undefined }
    return await this.#answer(request, signal, (shelf) => {
      const isSelected = compileOrRefuse(options)
      const items = sorted(shelf.store).filter(isSelected)
      return { items: items.map((item) => inList(item)), resourceVersion: String(this.#version) }
    })
  }

  async *pages(resource: KubeResource, options: ListOptions, signal: AbortSignal): AsyncGenerator<KubeList> {
    const { items, resourceVersion } = await this.list(resource, options, signal)
    const size = this.#options.pageSize ?? 500
    for (let at = 0; at === 0 || at < items.length; at += size) {
      yield { items: items.slice(at, at + size), resourceVersion }
    }
  }

  async *watch(
    resource: KubeResource,
    options: ListOptions & { readonly resourceVersion: string },
    signal: AbortSignal,
  ): AsyncGenerator<WatchEvent> {
    const request: FakeRequest = { verb: 'watch', resource, name: undefined, subresource: undefined }
    const { store } = await this.#answer(request, signal, (shelf) => shelf, identity)
    const version = Number(options.resourceVersion)
    if (store.isTooOld(version)) throw refused('Gone', `The version ${version} is too old`)
    yield* watchStore(store, compileOrRefuse(options), version, this.#control, signal)
  }

  create(
    resource: KubeResource,
    namespace: string | undefined,
    body: unknown,
    signal?: AbortSignal,
  ): Promise<KubeObject> {
    const object = this.#read(resource, body, namespace)
    const request: FakeRequest = { verb: 'create', resource, name: object.metadata.name, subresource: undefined }
    return this.#answer(request, signal, (shelf) => {
      const key = keyOf(object.metadata)
      if (shelf.store.objects.has(key)) throw refused('AlreadyExists', `${resource.plural} "${key}" already exists`)
      this.#validate(resource, object)
      return shelf.store.create(key, object, shelf)
    })
  }

  replace(resource: KubeResource, ref: KubeRef, body: unknown, signal?: AbortSignal): Promise<KubeObject> {
    const request: FakeRequest = { verb: 'replace', resource, name: ref.name, subresource: undefined }
    return this.#answer(request, signal, (shelf) => {
      const before = this.#find(shelf, ref)
      const object = this.#read(resource, body, ref.namespace)
      checkVersion(before, object)
      return this.#update(shelf, before, shelf.hasStatus ? withStatusOf(object, before) : object)
    })
  }

  patch(
    resource: KubeResource,
    ref: KubeRef,
    patch: PatchBody,
    options: { readonly subresource?: 'status' } = {},
    signal?: AbortSignal,
  ): Promise<KubeObject> {
    const { subresource } = options
    return this.#answer({ verb: 'patch', resource, name: ref.name, subresource }, signal, (shelf) => {
      if (subresource === 'status' && !shelf.hasStatus) throw refused('NotFound', `${resource.plural} has no status`)
      if (patch.kind === 'apply') return this.#apply(shelf, ref, patch, subresource)
      const before = this.#find(shelf, ref)
      const object = this.#read(resource, patched(before, patch), ref.namespace)
      checkVersion(before, object)
      return this.#update(shelf, before, partOf(shelf, before, object, subresource))
    })
  }

  async delete(resource: KubeResource, ref: KubeRef, signal?: AbortSignal): Promise<void> {
    const request: FakeRequest = { verb: 'delete', resource, name: ref.name, subresource: undefined }
    await this.#answer(request, signal, (shelf) => {
      this.#owners.delete(ownersKey(resource, ref))
      shelf.store.delete(keyOf(ref))
    })
  }

  close(): void {
    this.endWatches(UNREACHABLE)
  }

  put(object: KubeObject): KubeObject {
    const shelf = [...this.#shelves.values()].find(
      ({ resource }) => resource.kind === object.kind && apiVersionOf(resource) === object.apiVersion,
    )
    if (shelf === undefined) throw new Error(`No resource is known for ${object.apiVersion} ${object.kind}`)
    const namespace = shelf.resource.namespaced ? (object.metadata.namespace ?? 'default') : undefined
    const read = this.#read(shelf.resource, object, namespace)
    const key = keyOf(read.metadata)
    const before = shelf.store.objects.get(key) ?? shelf.store.create(key, read, shelf)
    return structuredClone(
      shelf.store.update(key, before, { ...read, status: read['status'] ?? before['status'] }, shelf),
    )
  }

  objects(resource: KubeResource): readonly KubeObject[] {
    return structuredClone(sorted(this.#shelf(resource).store))
  }

  inject(fault: FakeFault): () => void {
    return this.#faults.inject(fault)
  }

  goAway(): void {
    this.#isAway ??= this.#faults.inject({ outcome: UNREACHABLE })
    this.endWatches(UNREACHABLE)
  }

  comeBack(): void {
    this.#isAway?.()
    this.#isAway = undefined
  }

  endWatches(failure?: KubeFailure): void {
    this.#control.epoch += 1
    this.#control.ending = failure
    this.#wake()
  }

  forget(): void {
    // A version of its own, so that every list and event from before is too old.
    const version = ++this.#version
    for (const { store } of this.#shelves.values()) store.forget(version)
  }

  bookmark(): void {
    this.#control.bookmark = ++this.#version
    this.#wake()
  }

  #wake(): void {
    for (const wake of this.#control.wake) wake()
  }

  async #answer<T>(
    request: FakeRequest,
    signal: AbortSignal | undefined,
    carryOut: (shelf: Shelf) => T,
    copy: (answer: T) => T = structuredClone,
  ): Promise<T> {
    this.requests.push(request)
    signal?.throwIfAborted()
    const lost = await this.#faults.meet(request, signal)
    const answer = copy(carryOut(this.#shelf(request.resource)))
    if (lost !== undefined) throw new KubeError(lost)
    return answer
  }

  #shelf(resource: KubeResource): Shelf {
    const shelf = this.#shelves.get(shelfKey(resource))
    if (shelf === undefined) throw refused('NotFound', `The server has no resource ${resource.plural}`)
    return shelf
  }

  #find(shelf: Shelf, ref: KubeRef): KubeObject {
    const found = shelf.store.objects.get(keyOf(ref))
    if (found === undefined) throw refused('NotFound', `${shelf.resource.plural} "${ref.name}" not found`)
    return found
  }

  #read(resource: KubeResource, body: unknown, namespace: string | undefined): KubeObject {
    const object = structuredClone(body)
    if (!isRecord(object) || !isRecord(object['metadata'])) throw refused('Invalid', 'An object has metadata')
    const metadata: Record<string, unknown> = { ...object['metadata'], ...(resource.namespaced && { namespace }) }
    if (typeof metadata['generateName'] === 'string') metadata['name'] ??= `${metadata['generateName']}${this.#version}`
    if (typeof metadata['name'] !== 'string') throw refused('Invalid', 'metadata.name: Required value')
    return { apiVersion: apiVersionOf(resource), kind: resource.kind, ...object, metadata } as unknown as KubeObject
  }

  #validate(resource: KubeResource, object: KubeObject): void {
    const mistake = this.#options.validate?.(resource, object)
    if (mistake !== undefined) throw refused('Invalid', mistake)
  }

  #update(shelf: Shelf, before: KubeObject, object: KubeObject): KubeObject {
    this.#validate(shelf.resource, object)
    return shelf.store.update(keyOf(before.metadata), before, object, shelf)
  }

  #apply(
    shelf: Shelf,
    ref: KubeRef,
    patch: Extract<PatchBody, { readonly kind: 'apply' }>,
    subresource: 'status' | undefined,
  ): KubeObject {
    const { resource, store } = shelf
    if (!isRecord(patch.body)) throw refused('Invalid', 'What is applied is an object')
    const found = store.objects.get(keyOf(ref))
    if (found === undefined && subresource === 'status') return this.#find(shelf, ref)
    const named = { ...patch.body, metadata: { ...(patch.body['metadata'] as object), ...ref } }
    const target = found ?? this.#read(resource, { metadata: { name: ref.name } }, ref.namespace)
    const owners = this.#owners.get(ownersKey(resource, ref)) ?? new Map<string, ReadonlySet<string>>()
    const manager = subresource === undefined ? patch.fieldManager : `${patch.fieldManager}/${subresource}`
    const { object, owned, conflicts } = applyPatch(
      { ...target },
      applicable(shelf, named, subresource),
      manager,
      owners,
    )
    if (conflicts.length > 0 && !patch.force)
      throw refused('Conflict', `Apply failed with conflicts: ${conflicts.join(', ')}`)
    this.#owners.set(ownersKey(resource, ref), new Map([...owners, [manager, owned]]))
    const wanted = object as unknown as KubeObject
    if (found !== undefined) return this.#update(shelf, found, wanted)
    this.#validate(resource, wanted)
    return store.create(keyOf(ref), wanted, shelf)
  }
}

function identity<T>(value: T): T {
  return value
}

function shelfKey({ group, version, plural }: KubeResource): string {
  return `${group}/${version}/${plural}`
}

function apiVersionOf({ group, version }: KubeResource): string {
  return group === '' ? version : `${group}/${version}`
}

function ownersKey(resource: KubeResource, ref: KubeRef): string {
  return `${shelfKey(resource)} ${keyOf(ref)}`
}

function keyOf({ namespace, name }: KubeRef): string {
  return namespace === undefined ? name : `${namespace}/${name}`
}

function sorted(store: FakeStore): readonly KubeObject[] {
  return [...store.objects].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, object]) => object)
}

/** Items of a list have no `apiVersion` and `kind` of their own on the wire. */
function inList({ apiVersion: _apiVersion, kind: _kind, ...rest }: KubeObject): KubeObject {
  return rest
}

function compileOrRefuse(options: ListOptions): (object: KubeObject) => boolean {
  const isSelected = compileSelect(options)
  if (isSelected === undefined) throw refused('Invalid', 'The selector cannot be read')
  return isSelected
}
