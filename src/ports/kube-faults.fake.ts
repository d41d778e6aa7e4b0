import { KubeError, type KubeFailure, type KubeResource } from './kube-api.ts'

export type KubeVerb = 'get' | 'list' | 'watch' | 'create' | 'replace' | 'patch' | 'delete'

export interface FakeRequest {
  readonly verb: KubeVerb
  readonly resource: KubeResource
  readonly name: string | undefined
  readonly subresource: 'status' | undefined
}

export interface FakeFault {
  /** Any when unset. */
  readonly verbs?: readonly KubeVerb[]
  readonly plural?: string
  readonly name?: string
  /** Requests it meets before it is gone; every one when unset. */
  readonly times?: number
  /** `hang`: no answer, ever. */
  readonly outcome: KubeFailure | 'hang'
  /** The request is carried out, and its answer is lost. */
  readonly afterwards?: boolean
}

export const UNREACHABLE: KubeFailure = { code: 'Unreachable', message: 'The API is away' }

/** The faults in force, in the order of arrival; the first that fits is met. */
export class FakeFaults {
  readonly #faults = new Map<FakeFault, number>()

  inject(fault: FakeFault): () => void {
    this.#faults.set(fault, fault.times ?? Number.POSITIVE_INFINITY)
    return () => void this.#faults.delete(fault)
  }

  clear(): void {
    this.#faults.clear()
  }

  /** Throws, hangs until the signal aborts, or answers with what happens after the request is carried out. */
  async meet(request: FakeRequest, signal: AbortSignal | undefined): Promise<KubeFailure | undefined> {
    const fault = this.#take(request)
    if (fault === undefined) return undefined
    if (fault.outcome === 'hang') return await hang(signal)
    if (fault.afterwards === true) return fault.outcome
    throw new KubeError(fault.outcome)
  }

  #take(request: FakeRequest): FakeFault | undefined {
    for (const [fault, left] of this.#faults) {
      if (!fits(fault, request)) continue
      if (left > 1) this.#faults.set(fault, left - 1)
      else this.#faults.delete(fault)
      return fault
    }
    return undefined
  }
}

function fits(fault: FakeFault, request: FakeRequest): boolean {
  if (fault.verbs !== undefined && !fault.verbs.includes(request.verb)) return false
  if (fault.plural !== undefined && fault.plural !== request.resource.plural) return false
  return fault.name === undefined || fault.name === request.name
}

function hang(signal: AbortSignal | undefined): Promise<never> {
  return new Promise((_resolve, reject) => {
    signal?.addEventListener('abort', () => reject(signal.reason), { once: true })
  })
}
