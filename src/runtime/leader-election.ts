import type { Clock } from '#ports/clock.ts'
import { type KubeApi, KubeError, type KubeObject } from '#ports/kube-api.ts'
import { LEASES } from '#ports/kube-resources.ts'
import { type Failure, toFailure } from './failure.ts'
import {
  formatMicroTime,
  isHeldByOther,
  type LeaseRecord,
  type LeaseSighting,
  readLeaseRecord,
  sight,
} from './lease-record.ts'
import { createScope, type Scope } from './scope.ts'

export interface LeaderElectionOptions {
  readonly api: KubeApi
  readonly namespace: string
  /** Of the Lease. */
  readonly name: string
  /** Of this process; differs from every other's. */
  readonly identity: string
  readonly labels?: Readonly<Record<string, string>>
  /** Others wait that long after the last renewal they saw. 15 s when unset. */
  readonly leaseDurationMs?: number
  /** The leader gives up when it could not renew for that long; shorter than the duration. Two thirds of it when unset. */
  readonly renewDeadlineMs?: number
  /** 2/15 of the duration when unset. */
  readonly retryPeriodMs?: number
  readonly clock: Clock
  readonly random: () => number
  /**
   * The leader's work, from election to loss. The signal aborts when leadership is lost or the election is closed. A process that was
   * stopped for longer than its Lease does not know that yet when it goes on: `isCurrent` tells, by the clock, before each write.
   */
  readonly lead: (signal: AbortSignal, isCurrent: () => boolean) => Promise<void>
  readonly onChange?: (status: LeaderElectionStatus) => void
  readonly onFailure?: (failure: Failure) => void
}

export interface LeaderElectionStatus {
  readonly leading: boolean
  /** Who holds the Lease as last seen; empty when nobody or unknown. */
  readonly holder: string
}

export interface LeaderElection {
  status(): LeaderElectionStatus
  /** Ends the leader's work, waits for it, and releases the Lease so that another can take it at once. */
  close(): Promise<void>
}

/** Leader election by a Lease, with client-go's rules and defaults: 15 s, 10 s, 2 s; the same shares of another duration. A leader that lost contends again. */
export function createLeaderElection(options: LeaderElectionOptions, signal: AbortSignal): LeaderElection {
  const scope = createScope(signal)
  const run = new ElectionRun(options, scope.signal)
  const loop = run.loop()
  return {
    status: () => run.status,
    async close() {
      scope.end()
      await loop
    },
  }
}

class ElectionRun {
  status: LeaderElectionStatus = { leading: false, holder: '' }
  readonly #options: LeaderElectionOptions
  readonly #signal: AbortSignal
  readonly #leaseDurationMs: number
  readonly #renewDeadlineMs: number
  readonly #retryPeriodMs: number
  /** So that a request that hangs leaves time for another. */
  readonly #requestLimitMs: number
  /** Until when the Lease is ours without another renewal, by the monotonic clock. */
  #deadlineMs = Number.NEGATIVE_INFINITY
  #sighting: LeaseSighting | undefined
  #lease: KubeObject | undefined

  constructor(options: LeaderElectionOptions, signal: AbortSignal) {
    this.#options = options
    this.#signal = signal
    this.#leaseDurationMs = options.leaseDurationMs ?? 15_000
    this.#renewDeadlineMs = options.renewDeadlineMs ?? (this.#leaseDurationMs * 2) / 3
    this.#retryPeriodMs = options.retryPeriodMs ?? (this.#leaseDurationMs * 2) / 15
    this.#requestLimitMs = this.#renewDeadlineMs / 2
  }

  async loop(): Promise<void> {
    try {
      for (;;) {
        await this.#acquire()
        await this.#lead()
      }
    } catch (error) {
      if (!this.#signal.aborted) throw error
    }
  }

  async #acquire(): Promise<void> {
    while (!(await this.#tryWithin(this.#requestLimitMs, this.#signal))) {
      const jitter = 1 + 0.2 * this.#options.random()
      await this.#options.clock.sleep(this.#retryPeriodMs * jitter, this.#signal)
    }
  }

  async #lead(): Promise<void> {
    const term = createScope(this.#signal)
    this.#report(true)
    let hasEnded = false
    const work = this.#work(term).finally(() => (hasEnded = true))
    try {
      await this.#untilOver(work, this.#renew(term))
    } finally {
      term.end()
      this.#report(false)
      if (hasEnded) await this.#release()
    }
  }

  /** Its end is that of the term. That it broke off because of the term's end is no mistake; before that it is one, and not to be hidden. */
  async #work(term: Scope): Promise<void> {
    const isCurrent = (): boolean => !term.signal.aborted && this.#options.clock.monotonicMs() < this.#deadlineMs
    try {
      await this.#options.lead(term.signal, isCurrent)
    } catch (error) {
      if (!term.signal.aborted) throw error
    } finally {
      term.end()
    }
  }

  /** Work that does not end with its term would keep this process from ever leading again, and nobody would see it. */
  async #untilOver(work: Promise<void>, renewing: Promise<void>): Promise<void> {
    const limit = new AbortController()
    const tooLong = async (): Promise<never> => {
      await renewing
      await this.#options.clock.sleep(this.#leaseDurationMs, limit.signal)
      throw new Error(`The work of a leader did not end within ${this.#leaseDurationMs} ms of its term`)
    }
    try {
      await Promise.race([Promise.all([work, renewing]), tooLong()])
    } finally {
      limit.abort()
    }
  }

  /** Ends the term when the Lease could not be renewed in time, or was lost. */
  async #renew(term: Scope): Promise<void> {
    const { clock } = this.#options
    while (!term.signal.aborted) {
      const restMs = Math.min(this.#retryPeriodMs, this.#deadlineMs - clock.monotonicMs())
      await ended(clock.sleep(restMs, term.signal), term.signal)
      const leftMs = this.#deadlineMs - clock.monotonicMs()
      if (leftMs <= 0) return term.end()
      const isRenewed = await ended(this.#tryWithin(Math.min(this.#requestLimitMs, leftMs), term.signal), term.signal)
      if (isRenewed !== true && this.#isLost()) return term.end()
    }
  }

  #isLost(): boolean {
    const holder = this.#sighting?.record.holderIdentity
    return holder !== undefined && holder !== this.#options.identity
  }

  /** True when the Lease is ours for another duration. A request that takes too long is given up. */
  async #tryWithin(limitMs: number, signal: AbortSignal): Promise<boolean> {
    const startedMs = this.#options.clock.monotonicMs()
    const limit = createScope(signal)
    const timer = this.#options.clock.sleep(limitMs, limit.signal).then(
      () => limit.end(new KubeError({ code: 'TimedOut', message: `The Lease was not renewed within ${limitMs} ms` })),
      () => undefined,
    )
    try {
      const isOurs = await this.#acquireOrRenew(limit.signal)
      if (isOurs) this.#deadlineMs = startedMs + this.#renewDeadlineMs
      return isOurs
    } catch (error) {
      signal.throwIfAborted()
      if (!(error instanceof KubeError)) throw error
      // What we hold may be stale: read before the next write.
      this.#lease = undefined
      this.#options.onFailure?.(toFailure(error))
      return false
    } finally {
      limit.end()
      await timer
    }
  }

  async #acquireOrRenew(signal: AbortSignal): Promise<boolean> {
    const { api, clock, identity, namespace, name } = this.#options
    const lease = this.#lease ?? (await this.#read(signal))
    if (lease === undefined) {
      const object = { ...this.#emptyLease(), spec: this.#record(undefined) }
      this.#saw(await api.create(LEASES, namespace, object, signal))
      return true
    }
    const sighting = this.#saw(lease)
    if (isHeldByOther(sighting, identity, clock.monotonicMs())) {
      this.#lease = undefined
      return false
    }
    const object = { ...lease, spec: { ...(lease['spec'] as object), ...this.#record(sighting.record) } }
    this.#saw(await api.replace(LEASES, { namespace, name }, object, signal))
    return true
  }

  async #read(signal: AbortSignal): Promise<KubeObject | undefined> {
    const { api, namespace, name } = this.#options
    try {
      return await api.get(LEASES, { namespace, name }, signal)
    } catch (error) {
      if (error instanceof KubeError && error.failure.code === 'NotFound') return undefined
      throw error
    }
  }

  #saw(lease: KubeObject): LeaseSighting {
    this.#lease = lease
    this.#sighting = sight(this.#sighting, readLeaseRecord(lease), this.#options.clock.monotonicMs())
    const { holderIdentity } = this.#sighting.record
    if (holderIdentity !== this.status.holder) this.#report(this.status.leading)
    return this.#sighting
  }

  #record(before: LeaseRecord | undefined): LeaseRecord {
    const { clock, identity } = this.#options
    const renewTime = formatMicroTime(clock.nowMs())
    const isOurs = before?.holderIdentity === identity
    return {
      holderIdentity: identity,
      leaseDurationSeconds: Math.max(1, Math.ceil(this.#leaseDurationMs / 1_000)),
      acquireTime: isOurs && before.acquireTime !== '' ? before.acquireTime : renewTime,
      renewTime,
      leaseTransitions: before === undefined ? 0 : before.leaseTransitions + (isOurs ? 0 : 1),
    }
  }

  #emptyLease(): KubeObject {
    const { namespace, name, labels = {} } = this.#options
    return { apiVersion: 'coordination.k8s.io/v1', kind: 'Lease', metadata: { namespace, name, labels } }
  }

  /** Only what is still ours; that it failed is not worth more than a word, for the Lease runs out by itself. */
  async #release(): Promise<void> {
    const limit = new AbortController()
    const timer = this.#options.clock.sleep(this.#retryPeriodMs, limit.signal).then(
      () => limit.abort(new KubeError({ code: 'TimedOut', message: 'The Lease was not released in time' })),
      () => undefined,
    )
    try {
      await this.#writeReleased(limit.signal)
    } catch (error) {
      this.#options.onFailure?.(toFailure(error))
    } finally {
      this.#lease = undefined
      limit.abort()
      await timer
    }
  }

  async #writeReleased(signal: AbortSignal): Promise<void> {
    const { api, namespace, name, clock } = this.#options
    const lease = await this.#read(signal)
    if (lease === undefined) return
    const { record } = this.#saw(lease)
    if (this.#isLost()) return
    const renewTime = formatMicroTime(clock.nowMs())
    const spec = { ...record, holderIdentity: '', leaseDurationSeconds: 1, renewTime }
    this.#saw(await api.replace(LEASES, { namespace, name }, { ...lease, spec }, signal))
  }

  #report(leading: boolean): void {
    const holder = this.#sighting?.record.holderIdentity ?? ''
    if (leading === this.status.leading && holder === this.status.holder) return
    this.status = { leading, holder }
    this.#options.onChange?.(this.status)
  }
}

/** Waits for a promise; that it was aborted is an end as good as any. */
async function ended<T>(promise: Promise<T>, signal: AbortSignal): Promise<T | undefined> {
  try {
    return await promise
  } catch (error) {
    if (signal.aborted) return undefined
    throw error
  }
}
