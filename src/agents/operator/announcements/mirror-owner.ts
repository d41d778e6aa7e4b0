import type { Clock } from '#ports/clock.ts'
import { type KubeApi, KubeError, type KubeObject } from '#ports/kube-api.ts'
import { DEPLOYMENTS } from '#ports/kube-resources.ts'
import { type Failure, toFailure } from '#runtime/failure.ts'

/** As `metadata.ownerReferences` has it. It blocks no deletion, which would need a right to the owner's finalizers. */
export interface OwnerReference {
  readonly apiVersion: 'apps/v1'
  readonly kind: 'Deployment'
  readonly name: string
  readonly uid: string
}

/** `none`: this operator is of no Deployment, or may not read it. `leaving`: its Deployment was there, and is deleted. */
export type MirrorOwner = OwnerReference | 'none' | 'leaving'

/** The name that the chart gives the Deployment of the operators. */
const OPERATOR_DEPLOYMENT = 'balise-operator'
/** So long an answer is taken for true: a burst of mirrors is one question. */
const FRESH_MS = 10_000

export interface MirrorOwnersOptions {
  readonly api: KubeApi
  readonly namespace: string
  readonly clock: Clock
  readonly onForbidden: (failure: Failure) => void
  /** Once, when the Deployment has gone that was there. */
  readonly onLeaving: (name: string) => void
}

/**
 * To whom mirrors belong: to the Deployment of the operators, so that the cluster's garbage collector takes them away with it when Balise is
 * uninstalled, whoever does that and by whatever tool. A mirror that is written after that would stay, so none is.
 */
export class MirrorOwners {
  readonly #options: MirrorOwnersOptions
  #seen: { readonly owner: MirrorOwner; readonly atMs: number } | undefined

  constructor(options: MirrorOwnersOptions) {
    this.#options = options
  }

  async read(signal: AbortSignal): Promise<MirrorOwner> {
    const nowMs = this.#options.clock.monotonicMs()
    const before = this.#seen
    if (before !== undefined && nowMs - before.atMs < FRESH_MS) return before.owner
    const found = await this.#look(signal)
    const owner = found === 'none' && before !== undefined && before.owner !== 'none' ? 'leaving' : found
    if (owner === 'leaving' && before?.owner !== 'leaving') this.#options.onLeaving(OPERATOR_DEPLOYMENT)
    this.#seen = { owner, atMs: nowMs }
    return owner
  }

  async #look(signal: AbortSignal): Promise<MirrorOwner> {
    const { api, namespace, onForbidden } = this.#options
    try {
      return ownerFrom(await api.get(DEPLOYMENTS, { namespace, name: OPERATOR_DEPLOYMENT }, signal))
    } catch (error) {
      if (!(error instanceof KubeError)) throw error
      if (error.failure.code === 'NotFound') return 'none'
      if (error.failure.code !== 'Forbidden') throw error
      onForbidden(toFailure(error))
      return 'none'
    }
  }
}

function ownerFrom({ metadata: { name, uid, deletionTimestamp } }: KubeObject): MirrorOwner {
  if (uid === undefined) return 'none'
  return deletionTimestamp === undefined ? { apiVersion: 'apps/v1', kind: 'Deployment', name, uid } : 'leaving'
}
