import { decodeLease } from '#crd/lease.ts'
import {
  decodeNodeFacts,
  encodeNodeFacts,
  LEASE_KIND_LABEL,
  LEASE_KIND_NODE,
  NODE_FACTS_ANNOTATION,
  type NodeFacts,
  nodeLeaseName,
} from '#l2/node-facts.ts'
import type { Clock } from '#ports/clock.ts'
import { type KubeApi, KubeError } from '#ports/kube-api.ts'
import { LEASES } from '#ports/kube-resources.ts'
import { type Failure, toFailure } from '#runtime/failure.ts'
import { formatMicroTime } from '#runtime/lease-record.ts'
import { createScope } from '#runtime/scope.ts'

export interface NodeLeaseOptions {
  readonly api: KubeApi
  readonly namespace: string
  readonly nodeName: string
  readonly durationSeconds: number
  /** What the Lease tells beside the facts, by annotation. */
  readonly annotations?: () => Readonly<Record<string, string>>
  readonly clock: Clock
}

/** One that the API has taken. */
export interface Renewal {
  /** When the API was asked, by the monotonic clock. */
  readonly askedMs: number
  /** Of the Lease after it. */
  readonly resourceVersion: string
}

/** The Lease of this node: the slow, safe witness that it lives, and the bearer of its facts. */
export class NodeLease {
  readonly name: string
  /** Among all Leases. */
  readonly key: string
  readonly durationMs: number
  readonly #options: NodeLeaseOptions
  #confirmedMs: number | undefined
  /** When the Lease was renewed last, by this process or by the one before it. */
  #renewedMs: number | undefined
  #failure: Failure | undefined

  constructor(options: NodeLeaseOptions) {
    this.#options = options
    this.name = nodeLeaseName(options.nodeName)
    this.key = `${options.namespace}/${this.name}`
    this.durationMs = options.durationSeconds * 1000
  }

  /** How often it is renewed. */
  get periodMs(): number {
    return this.durationMs / 5
  }

  /** Age of the last renewal that the API confirmed, counted from when it was asked for; undefined before the first. */
  confirmedAgoMs(): number | undefined {
    return this.#confirmedMs === undefined ? undefined : this.#options.clock.monotonicMs() - this.#confirmedMs
  }

  /** Others may take this node for dead. */
  isStale(): boolean {
    const agoMs = this.confirmedAgoMs()
    return agoMs === undefined || agoMs > this.durationMs
  }

  failure(): Failure | undefined {
    return this.#failure
  }

  /**
   * What this node held when the last agent on it ended, and since when. Nothing when the Lease ran out meanwhile: then others may hold it, and
   * a node that comes back takes nothing away from them.
   */
  async readHolds(signal: AbortSignal): Promise<ReadonlyMap<string, number>> {
    const { api, namespace, clock } = this.#options
    try {
      const object = await this.#inTime(signal, (limited) => api.get(LEASES, { namespace, name: this.name }, limited))
      const lease = decodeLease(object).value
      const ageMs = clock.nowMs() - (lease?.renewTimeMs ?? Number.NEGATIVE_INFINITY)
      const isFresh = ageMs < this.durationMs
      if (isFresh) this.#renewedMs = clock.monotonicMs() - Math.max(0, ageMs)
      const facts = decodeNodeFacts(lease?.annotations[NODE_FACTS_ANNOTATION] ?? '')
      return isFresh && facts.ok ? facts.value.holds : new Map()
    } catch (error) {
      if (error instanceof KubeError && error.failure.code === 'NotFound') return new Map()
      this.#failure = toFailure(error)
      throw error
    }
  }

  /** Writes the facts and the time. Throws what the API answers. */
  async renew(facts: NodeFacts, signal: AbortSignal): Promise<Renewal & { readonly hadRunOut: boolean }> {
    const { api, namespace, clock } = this.#options
    const askedMs = clock.monotonicMs()
    const body = this.#body(facts)
    const ref = { namespace, name: this.name }
    try {
      const { metadata } = await this.#inTime(signal, async (limited) => {
        try {
          return await api.patch(LEASES, ref, { kind: 'merge', body }, undefined, limited)
        } catch (error) {
          if (!(error instanceof KubeError && error.failure.code === 'NotFound')) throw error
          return await api.create(LEASES, namespace, this.#newLease(body), limited)
        }
      })
      // Others may have taken addresses over meanwhile.
      const hadRunOut = this.#renewedMs !== undefined && clock.monotonicMs() - this.#renewedMs > this.durationMs
      this.#confirmedMs = askedMs
      this.#renewedMs = askedMs
      this.#failure = undefined
      return { askedMs, hadRunOut, resourceVersion: metadata.resourceVersion ?? '' }
    } catch (error) {
      signal.throwIfAborted()
      this.#failure = toFailure(error)
      throw error
    }
  }

  /** An API server that hangs must not keep a renewal from being tried again before the Lease runs out. */
  async #inTime<T>(signal: AbortSignal, ask: (limited: AbortSignal) => Promise<T>): Promise<T> {
    const { clock } = this.#options
    const limit = createScope(signal)
    const limitMs = Math.max(1000, this.periodMs)
    const timer = clock.sleep(limitMs, limit.signal).then(
      () =>
        limit.end(
          new KubeError({ code: 'TimedOut', message: `No answer about Lease ${this.name} within ${limitMs} ms` }),
        ),
      () => undefined, // answered in time
    )
    try {
      return await ask(limit.signal)
    } finally {
      limit.end()
      await timer
    }
  }

  #body(facts: NodeFacts): object {
    const { nodeName, durationSeconds, clock, annotations } = this.#options
    return {
      metadata: {
        labels: { [LEASE_KIND_LABEL]: LEASE_KIND_NODE },
        annotations: { ...annotations?.(), [NODE_FACTS_ANNOTATION]: encodeNodeFacts(facts) },
      },
      spec: {
        holderIdentity: nodeName,
        leaseDurationSeconds: durationSeconds,
        renewTime: formatMicroTime(clock.nowMs()),
      },
    }
  }

  #newLease(body: object): object {
    const { metadata, spec } = body as { readonly metadata: object; readonly spec: object }
    return {
      apiVersion: 'coordination.k8s.io/v1',
      kind: 'Lease',
      metadata: { ...metadata, name: this.name, namespace: this.#options.namespace },
      spec: { ...spec, acquireTime: formatMicroTime(this.#options.clock.nowMs()) },
    }
  }
}
