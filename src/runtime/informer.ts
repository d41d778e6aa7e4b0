import type { Clock } from '#ports/clock.ts'
import {
  type KubeApi,
  KubeError,
  type KubeObject,
  type KubeResource,
  type ListOptions,
  type WatchEvent,
} from '#ports/kube-api.ts'
import { type BackoffPolicy, backoffMs, DEFAULT_BACKOFF } from './backoff.ts'
import { type Failure, toFailure } from './failure.ts'
import { createInformerStore, type InformerStore } from './informer-store.ts'
import { createKeyChangeBoard, type KeyChanges } from './key-changes.ts'
import { createListeners } from './listeners.ts'
import { createScope } from './scope.ts'

export interface InformerOptions<T> {
  readonly api: Pick<KubeApi, 'pages' | 'watch'>
  readonly resource: KubeResource
  /** Which objects: namespace and selectors. All when unset. */
  readonly select?: ListOptions
  /** What is held of an object; undefined: it is not held. */
  readonly trim: (object: KubeObject) => T | undefined
  /** An object that changed in nothing that is held rings no bell. Deep equality when unset. */
  readonly same?: (a: T, b: T) => boolean
  readonly backoff?: BackoffPolicy
  readonly clock: Clock
  readonly random: () => number
  /** Called at each failure, for the log. */
  readonly onFailure?: (failure: Failure, failuresInARow: number) => void
}

export interface InformerStatus {
  /** The first list is complete. */
  readonly synced: boolean
  /** The last request was answered and the watch has not failed since. */
  readonly connected: boolean
  /** When the API was last heard of, by the monotonic clock. */
  readonly lastContactMs: number | undefined
  readonly failuresInARow: number
  readonly lastFailure: Failure | undefined
  readonly lists: number
  readonly watches: number
}

/** One resource of the API, held in memory and kept up. While the API is away the last good state stays. */
export interface Informer<T> {
  /** The first list is complete. Rejects when the informer ends before. */
  readonly synced: Promise<void>
  /** By `namespace/name`, or `name` where there is no namespace. The map is live: look at it, don't keep it. */
  items(): ReadonlyMap<string, T>
  /** Level-triggered: look again. Also rings when the first list is complete, even an empty one. Returns the way to take it off. */
  onChange(listener: () => void): () => void
  /** Which objects to look at again, for who cannot look at all of them each time. */
  keyChanges(): KeyChanges
  status(): InformerStatus
  close(): Promise<void>
}

/** A watch that ends sooner is a failure, and what ends later starts the backoff anew: a server that accepts and breaks is not hammered. */
const SHORT_WATCH_MS = 5_000

export function createInformer<T>(options: InformerOptions<T>, signal: AbortSignal): Informer<T> {
  const scope = createScope(signal)
  const run = new InformerRun(options, scope.signal)
  const loop = run.loop()
  return {
    synced: run.synced.promise,
    items: () => run.store.items(),
    onChange: (listener) => run.listeners.add(listener),
    keyChanges: () => run.board.follow(run.store.items().keys()),
    status: () => ({ ...run.state }),
    async close() {
      scope.end()
      await loop
    },
  }
}

type State = { -readonly [K in keyof InformerStatus]: InformerStatus[K] }

class InformerRun<T> {
  readonly listeners = createListeners()
  readonly board = createKeyChangeBoard()
  readonly synced = Promise.withResolvers<void>()
  readonly store: InformerStore<T>
  readonly state: State = {
    synced: false,
    connected: false,
    lastContactMs: undefined,
    failuresInARow: 0,
    lastFailure: undefined,
    lists: 0,
    watches: 0,
  }
  readonly #options: InformerOptions<T>
  readonly #signal: AbortSignal
  /** Where the watch goes on from; undefined: list first. */
  #resourceVersion: string | undefined

  constructor(options: InformerOptions<T>, signal: AbortSignal) {
    this.#options = options
    this.#signal = signal
    this.store = createInformerStore(options.trim, options.same, (key) => this.board.note(key))
  }

  async loop(): Promise<void> {
    // Who does not wait for the first list need not hear that it never came.
    this.synced.promise.catch(() => undefined)
    try {
      while (!this.#signal.aborted) await this.#round()
    } catch (error) {
      if (!this.#signal.aborted) throw error
    } finally {
      this.state.connected = false
      this.synced.reject(this.#signal.reason)
    }
  }

  async #round(): Promise<void> {
    try {
      this.#resourceVersion ??= await this.#list()
      await this.#watch(this.#resourceVersion)
    } catch (error) {
      if (this.#signal.aborted || !(error instanceof KubeError)) throw error
      // Invalid: the server cannot make anything of the version, and would not the next time either.
      if (error.failure.code === 'Gone' || error.failure.code === 'Invalid') this.#resourceVersion = undefined
      await this.#failed(toFailure(error))
    }
  }

  async #list(): Promise<string> {
    const { api, resource, select = {} } = this.#options
    this.state.lists += 1
    const filling = this.store.refill()
    let resourceVersion = ''
    for await (const page of api.pages(resource, select, this.#signal)) {
      this.#heard()
      for (const object of page.items) filling.add(object)
      resourceVersion = page.resourceVersion
    }
    const changed = filling.finish()
    const first = !this.state.synced
    this.state.synced = true
    this.synced.resolve()
    if (changed || first) this.listeners.notify()
    return resourceVersion
  }

  async #watch(resourceVersion: string): Promise<void> {
    const { api, resource, select = {}, clock } = this.#options
    const isLong = (sinceMs: number): boolean => clock.monotonicMs() - sinceMs >= SHORT_WATCH_MS
    const startedMs = clock.monotonicMs()
    // A request that hangs for long before it fails is no watch that lasted.
    let acceptedMs = Number.POSITIVE_INFINITY
    this.state.watches += 1
    try {
      for await (const event of api.watch(resource, { ...select, resourceVersion }, this.#signal)) {
        acceptedMs = Math.min(acceptedMs, clock.monotonicMs())
        this.#take(event)
      }
    } catch (error) {
      if (isLong(acceptedMs)) this.state.failuresInARow = 0
      throw error
    }
    this.#signal.throwIfAborted()
    if (isLong(startedMs)) {
      this.state.failuresInARow = 0
      return
    }
    const message = `The watch of ${resource.plural} ended at once`
    await this.#failed({ code: 'ShortWatch', message, retryAfterMs: undefined })
  }

  #take(event: WatchEvent): void {
    this.#heard()
    const version = event.type === 'BOOKMARK' ? event.resourceVersion : event.object.metadata.resourceVersion
    if (version !== undefined) this.#resourceVersion = version
    if (this.#apply(event)) this.listeners.notify()
  }

  #apply(event: WatchEvent): boolean {
    switch (event.type) {
      case 'ADDED':
      case 'MODIFIED':
        return this.store.put(event.object)
      case 'DELETED':
        return this.store.remove(event.object)
      case 'BOOKMARK':
        return false
    }
  }

  #heard(): void {
    this.state.connected = true
    this.state.lastFailure = undefined
    this.state.lastContactMs = this.#options.clock.monotonicMs()
  }

  async #failed(failure: Failure): Promise<void> {
    const { backoff = DEFAULT_BACKOFF, clock, random, onFailure } = this.#options
    this.state.connected = false
    this.state.failuresInARow += 1
    this.state.lastFailure = failure
    onFailure?.(failure, this.state.failuresInARow)
    const waitMs = backoffMs(backoff, this.state.failuresInARow, random())
    await clock.sleep(Math.max(waitMs, failure.retryAfterMs ?? 0), this.#signal)
  }
}
