import type { Lease } from '#model/lease.ts'
import type { Clock } from '#ports/clock.ts'
import type { KubeApi } from '#ports/kube-api.ts'
import { readLease } from './mirror-leases.ts'

interface Sight {
  /** What somebody who renews it changes. */
  readonly text: string
  /** Since when it says so, by the observer's monotonic clock. */
  readonly sinceMs: number
  readonly durationMs: number
  readonly nextLookMs: number
  readonly isRenewed: boolean
  readonly isTold: boolean
}

/** How often one that somebody renews is looked at: whether it still is. */
const LOOK_MS = 60_000
/** Beyond the duration of a Lease: its holder may be late. */
const GRACE_MS = 1_000

/**
 * Leases that bear the name of a mirror and are none: of agents of Cilium that run beside us, or that were here before. They are told apart by
 * watching, not by clocks: one that is not renewed for its whole duration is nobody's.
 */
export class ForeignLeases {
  readonly #options: { readonly api: KubeApi; readonly namespace: string; readonly clock: Clock }
  readonly #sights = new Map<string, Sight>()

  constructor(options: { readonly api: KubeApi; readonly namespace: string; readonly clock: Clock }) {
    this.#options = options
  }

  /** The time until it is to be looked at again, when it was seen to be somebody's and that time has not come. */
  waitMs(name: string, nowMs: number): number | undefined {
    const sight = this.#sights.get(name)
    return sight === undefined || sight.nextLookMs <= nowMs ? undefined : sight.nextLookMs - nowMs
  }

  forget(name: string): void {
    this.#sights.delete(name)
  }

  /** True once for each, when it was seen to be renewed. */
  isNews(name: string): boolean {
    const sight = this.#sights.get(name)
    if (sight?.isRenewed !== true || sight.isTold) return false
    this.#sights.set(name, { ...sight, isTold: true })
    return true
  }

  /** The Lease as it is now when it is nobody's any more; undefined as long as it may be somebody's. */
  async judge({ name }: Lease, signal: AbortSignal): Promise<Lease | undefined> {
    const { api, namespace, clock } = this.#options
    const lease = await readLease(api, { namespace, name }, signal)
    if (lease === undefined) return undefined
    const nowMs = clock.monotonicMs()
    const text = JSON.stringify([lease.holder, lease.renewTimeMs, lease.resourceVersion])
    const before = this.#sights.get(name)
    const durationMs = lease.durationSeconds * 1000 + GRACE_MS
    if (lease.holder === '') return lease
    if (before?.text === text && nowMs - before.sinceMs >= before.durationMs) return lease
    // Seen for the first time it may be one that is left over: after its duration it will have been renewed, or not.
    const isRenewed = before !== undefined && (before.isRenewed || before.text !== text)
    const sinceMs = before?.text === text ? before.sinceMs : nowMs
    const nextLookMs = isRenewed ? nowMs + Math.max(LOOK_MS, durationMs) : sinceMs + durationMs
    this.#sights.set(name, { text, sinceMs, durationMs, nextLookMs, isRenewed, isTold: before?.isTold ?? false })
    return undefined
  }
}
