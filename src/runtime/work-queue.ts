import type { Clock } from '#ports/clock.ts'
import { createAgenda } from './agenda.ts'
import { type BackoffPolicy, backoffMs, DEFAULT_BACKOFF } from './backoff.ts'
import { type Failure, toFailure } from './failure.ts'
import { createLatch } from './latch.ts'
import { createScope } from './scope.ts'

export interface WorkQueueOptions<V> {
  /** Does the work of one key. Throws when the world fails; the key is then tried again. */
  readonly work: (key: string, value: V, signal: AbortSignal) => Promise<void>
  /** Keys waiting and being worked on. One more is refused. */
  readonly capacity: number
  /** Keys worked on at the same time. */
  readonly concurrency: number
  /** After that many failures in a row a key is given up until it is put again. Never when unset. */
  readonly maxFailures?: number
  readonly backoff?: BackoffPolicy
  readonly clock: Clock
  readonly random: () => number
  readonly onFailure?: (key: string, failure: Failure, failuresInARow: number) => void
}

export type PutAnswer = 'queued' | 'replaced' | 'full'

export interface WorkQueueStatus {
  readonly waiting: number
  readonly working: number
  readonly failing: number
  /** Puts refused because the queue was full. */
  readonly refused: number
  readonly done: number
  readonly failures: number
}

/** Work by key: the latest value of a key wins, a key is never worked on twice at once, and a failing key delays no other. */
export interface WorkQueue<V> {
  put(key: string, value: V): PutAnswer
  /** Takes a key that is not yet being worked on out again. */
  drop(key: string): void
  status(): WorkQueueStatus
  close(): Promise<void>
}

interface Item<V> {
  readonly key: string
  value: V
  /** Changes with every put, so that a value put during the work is seen. */
  version: number
  failures: number
  working: boolean
}

export function createWorkQueue<V>(options: WorkQueueOptions<V>, signal: AbortSignal): WorkQueue<V> {
  const scope = createScope(signal)
  const run = new WorkQueueRun(options, scope.signal)
  const loop = run.loop()
  return {
    put: (key, value) => run.put(key, value),
    drop: (key) => run.drop(key),
    status: () => run.status(),
    async close() {
      scope.end()
      await loop
    },
  }
}

/** What a piece of work costs does not grow with how many wait, nor with how many failed. */
class WorkQueueRun<V> {
  readonly #options: WorkQueueOptions<V>
  readonly #signal: AbortSignal
  readonly #items = new Map<string, Item<V>>()
  /** Those that can be worked on at once, the longest waiting first. */
  readonly #ready = new Set<Item<V>>()
  /** Those that failed. */
  readonly #later = createAgenda<Item<V>>()
  readonly #latch = createLatch()
  readonly #underWay = new Set<Promise<void>>()
  readonly #counts = { working: 0, failing: 0, refused: 0, done: 0, failures: 0 }

  constructor(options: WorkQueueOptions<V>, signal: AbortSignal) {
    this.#options = options
    this.#signal = signal
  }

  put(key: string, value: V): PutAnswer {
    const before = this.#items.get(key)
    if (before !== undefined) {
      before.value = value
      before.version += 1
      return 'replaced'
    }
    if (this.#items.size >= this.#options.capacity) {
      this.#counts.refused += 1
      return 'full'
    }
    const item = { key, value, version: 0, failures: 0, working: false }
    this.#items.set(key, item)
    this.#ready.add(item)
    this.#latch.set()
    return 'queued'
  }

  drop(key: string): void {
    const item = this.#items.get(key)
    if (item?.working === false) this.#remove(item)
  }

  status(): WorkQueueStatus {
    return { waiting: this.#items.size - this.#counts.working, ...this.#counts }
  }

  async loop(): Promise<void> {
    try {
      for (;;) {
        this.#startDue()
        await this.#untilSomethingIsDue()
      }
    } catch (error) {
      if (!this.#signal.aborted) throw error
    } finally {
      await Promise.all(this.#underWay)
    }
  }

  #startDue(): void {
    const nowMs = this.#options.clock.monotonicMs()
    for (const item of this.#later.takeDue(nowMs)) {
      if (this.#items.get(item.key) === item) this.#ready.add(item) // else it was dropped
    }
    for (const item of this.#ready) {
      if (this.#underWay.size >= this.#options.concurrency) return
      this.#ready.delete(item)
      item.working = true
      this.#counts.working += 1
      const work = this.#workOn(item).finally(() => {
        this.#underWay.delete(work)
        this.#latch.set()
      })
      this.#underWay.add(work)
    }
  }

  async #workOn(item: Item<V>): Promise<void> {
    const { version } = item
    try {
      await this.#options.work(item.key, item.value, this.#signal)
      this.#counts.done += 1
      this.#forgetFailures(item)
      if (item.version === version) this.#remove(item)
      else this.#ready.add(item)
    } catch (error) {
      if (!this.#signal.aborted) this.#failed(item, toFailure(error))
    } finally {
      item.working = false
      this.#counts.working -= 1
    }
  }

  #failed(item: Item<V>, failure: Failure): void {
    const { maxFailures, backoff = DEFAULT_BACKOFF, clock, random, onFailure } = this.#options
    this.#counts.failures += 1
    if (item.failures === 0) this.#counts.failing += 1
    item.failures += 1
    onFailure?.(item.key, failure, item.failures)
    if (maxFailures !== undefined && item.failures >= maxFailures) {
      this.#remove(item)
      return
    }
    const waitMs = Math.max(backoffMs(backoff, item.failures, random()), failure.retryAfterMs ?? 0)
    this.#later.add(clock.monotonicMs() + waitMs, item)
  }

  #remove(item: Item<V>): void {
    this.#forgetFailures(item)
    this.#items.delete(item.key)
    this.#ready.delete(item)
  }

  #forgetFailures(item: Item<V>): void {
    if (item.failures > 0) this.#counts.failing -= 1
    item.failures = 0
  }

  async #untilSomethingIsDue(): Promise<void> {
    const { concurrency, clock } = this.#options
    const due = this.#underWay.size >= concurrency ? undefined : this.#later.nextMs()
    // The way of a full queue, once for every piece of work: it needs no timer, and none to be taken off.
    if (due === undefined) return await this.#latch.wait(this.#signal)
    const waiting = createScope(this.#signal)
    try {
      const timer = clock.sleep(Math.max(0, due - clock.monotonicMs()), waiting.signal)
      await Promise.race([this.#latch.wait(waiting.signal), timer])
    } finally {
      waiting.end()
    }
  }
}
