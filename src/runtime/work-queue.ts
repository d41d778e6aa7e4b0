import type { Clock } from '#ports/clock.ts'
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
  value: V
  /** Changes with every put, so that a value put during the work is seen. */
  version: number
  failures: number
  /** By the monotonic clock. */
  dueMs: number
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

class WorkQueueRun<V> {
  readonly #options: WorkQueueOptions<V>
  readonly #signal: AbortSignal
  readonly #items = new Map<string, Item<V>>()
  readonly #latch = createLatch()
  readonly #underWay = new Set<Promise<void>>()
  readonly #counts = { refused: 0, done: 0, failures: 0 }

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
    const dueMs = this.#options.clock.monotonicMs()
    this.#items.set(key, { value, version: 0, failures: 0, dueMs, working: false })
    this.#latch.set()
    return 'queued'
  }

  drop(key: string): void {
    if (this.#items.get(key)?.working === false) this.#items.delete(key)
  }

  status(): WorkQueueStatus {
    const items = [...this.#items.values()]
    return {
      waiting: items.filter((item) => !item.working).length,
      working: this.#underWay.size,
      failing: items.filter((item) => item.failures > 0).length,
      ...this.#counts,
    }
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
    for (const [key, item] of this.#items) {
      if (this.#underWay.size >= this.#options.concurrency) return
      if (item.working || item.dueMs > nowMs) continue
      item.working = true
      const work = this.#workOn(key, item).finally(() => {
        this.#underWay.delete(work)
        this.#latch.set()
      })
      this.#underWay.add(work)
    }
  }

  async #workOn(key: string, item: Item<V>): Promise<void> {
    const { version } = item
    try {
      await this.#options.work(key, item.value, this.#signal)
      this.#counts.done += 1
      item.failures = 0
      item.dueMs = this.#options.clock.monotonicMs()
      if (item.version === version) this.#items.delete(key)
    } catch (error) {
      if (!this.#signal.aborted) this.#failed(key, item, toFailure(error))
    } finally {
      item.working = false
    }
  }

  #failed(key: string, item: Item<V>, failure: Failure): void {
    const { maxFailures, backoff = DEFAULT_BACKOFF, clock, random, onFailure } = this.#options
    this.#counts.failures += 1
    item.failures += 1
    onFailure?.(key, failure, item.failures)
    if (maxFailures !== undefined && item.failures >= maxFailures) {
      this.#items.delete(key)
      return
    }
    const waitMs = Math.max(backoffMs(backoff, item.failures, random()), failure.retryAfterMs ?? 0)
    item.dueMs = clock.monotonicMs() + waitMs
  }

  async #untilSomethingIsDue(): Promise<void> {
    const due = this.#nextDueMs()
    // The way of a full queue, once for every piece of work: it needs no timer, and none to be taken off.
    if (due === undefined) return await this.#latch.wait(this.#signal)
    const waiting = createScope(this.#signal)
    const nowMs = this.#options.clock.monotonicMs()
    try {
      const timer = this.#options.clock.sleep(Math.max(0, due - nowMs), waiting.signal)
      await Promise.race([this.#latch.wait(waiting.signal), timer])
    } finally {
      waiting.end()
    }
  }

  /** Undefined when nothing waits or nothing more can be started. */
  #nextDueMs(): number | undefined {
    if (this.#underWay.size >= this.#options.concurrency) return undefined
    let next: number | undefined
    for (const item of this.#items.values()) {
      if (!item.working && (next === undefined || item.dueMs < next)) next = item.dueMs
    }
    return next
  }
}
