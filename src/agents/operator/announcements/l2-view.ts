import { NodeViews } from '#agents/agent/l2/l2-views.ts'
import type { NodeView } from '#l2/candidates.ts'
import { NO_FACTS } from '#l2/node-facts.ts'
import { type L2Rules, rulesOf, sameRules } from '#l2/rules.ts'
import type { Lease } from '#model/lease.ts'
import type { Node } from '#model/node.ts'
import type { Clock } from '#ports/clock.ts'
import type { Failure } from '#runtime/failure.ts'
import type { Informer } from '#runtime/informer.ts'
import { createListeners } from '#runtime/listeners.ts'
import { createReconciler, type ReconcileAnswer } from '#runtime/reconciler.ts'
import { metallbObjects, type MetallbSources } from '#agents/operator/metallb/metallb-source.ts'
import type { PolicyRecord } from '#agents/operator/records.ts'

export interface L2ViewOptions {
  readonly clock: Clock
  readonly random: () => number
  readonly policies: Informer<PolicyRecord>
  readonly nodes: Informer<Node>
  readonly leases: Informer<Lease>
  /** Undefined where MetalLB's dialect is switched off. */
  readonly metallb: MetallbSources | undefined
  readonly onFailure: (failure: Failure, failuresInARow: number) => void
}

/** What nodes report and policies say, at one moment. */
export interface L2Moment {
  readonly nodes: readonly NodeView[]
  readonly rules: L2Rules
  /**
   * False at the beginning, while a Lease looks run out that an observer who has just come cannot know to be: after an outage of the API
   * agents need a moment to renew.
   */
  readonly isSettled: boolean
}

/** The nodes as the operator sees them. It rings when something changed that counts: not at each renewal of a Lease. */
export interface L2View {
  /** Undefined before nodes, Leases and policies are listed. */
  moment(): L2Moment | undefined
  onChange(listener: () => void): () => void
  close(): Promise<void>
}

/** Nodes report one after another when a cluster starts or loses a node. */
const SETTLE_MS = 200
/** How often it is looked whether the watch of the Leases is back. */
const CUT_OFF_LOOK_MS = 1_000

export function createL2View(options: L2ViewOptions, signal: AbortSignal): L2View {
  const { clock, random, policies, nodes, leases, metallb, onFailure } = options
  const ofMetallb = metallb === undefined ? [] : [metallb.addressPools, metallb.advertisements, metallb.legacyConfig]
  const informers: readonly Pick<Informer<unknown>, 'status' | 'onChange'>[] = [policies, nodes, leases, ...ofMetallb]
  const listeners = createListeners()
  // The operator runs on no node of its own: an empty name is nobody's.
  const views = new NodeViews(clock, '')
  let moment: L2Moment | undefined
  let cutOffMs: number | undefined
  let beganMs: number | undefined
  const look = (): ReconcileAnswer => {
    if (!informers.every((informer) => informer.status().synced)) return undefined
    const { connected, lastContactMs } = leases.status()
    if (!connected) {
      // Who cannot be heard is not dead: the last view stays.
      cutOffMs ??= lastContactMs
      return { runAgainInMs: CUT_OFF_LOOK_MS }
    }
    views.observe(leases.items().values())
    if (cutOffMs !== undefined) views.refresh(cutOffMs)
    cutOffMs = undefined
    beganMs ??= clock.monotonicMs()
    const { next, waitMs } = lookAround(options, views, beganMs)
    if (!isSame(moment, next)) {
      moment = next
      listeners.notify()
    }
    return { runAgainInMs: waitMs }
  }
  const reconciler = createReconciler({ reconcile: look, settleMs: SETTLE_MS, clock, random, onFailure }, signal)
  const unsubscribe = informers.map((informer) => informer.onChange(reconciler.poke))
  reconciler.poke()
  return {
    moment: () => moment,
    onChange: (listener) => listeners.add(listener),
    close() {
      for (const off of unsubscribe) off()
      return reconciler.close()
    },
  }
}

/** The moment as it is now, and when it will be another although nothing is heard. */
function lookAround(
  { clock, policies, nodes, leases, metallb }: L2ViewOptions,
  views: NodeViews,
  beganMs: number,
): { readonly next: L2Moment; readonly waitMs: number | undefined } {
  const nowMs = clock.monotonicMs()
  const seen = views.views(nodes.items(), NO_FACTS)
  const looksDead = seen.some(({ lease }) => lease === 'expired')
  const settledMs = looksDead ? beganMs + longestMs(leases) : nowMs
  const rules = rulesOf({
    policies: [...policies.items().values()].flatMap(({ policy }) => policy ?? []),
    nodes: nodes.items().values(),
    metallb: metallb === undefined ? undefined : metallbObjects(metallb),
  })
  const next = { nodes: seen, rules, isSettled: settledMs <= nowMs }
  const deadlineMs = views.nextDeadlineMs()
  const waits = [
    ...(next.isSettled ? [] : [settledMs - nowMs]),
    ...(deadlineMs === undefined ? [] : [deadlineMs - nowMs + 1]),
  ]
  return { next, waitMs: waits.length === 0 ? undefined : Math.min(...waits) }
}

/** The longest duration of a Lease, in milliseconds: after it every agent that lives has been heard of. */
function longestMs(leases: Informer<Lease>): number {
  return Math.max(0, ...Array.from(leases.items().values(), ({ durationSeconds }) => durationSeconds * 1000))
}

/** Facts and labels of an unchanged object are the very same objects. */
function isSame(before: L2Moment | undefined, next: L2Moment): boolean {
  if (before === undefined) return false
  return (
    before.isSettled === next.isSettled &&
    before.nodes.length === next.nodes.length &&
    sameRules(before.rules, next.rules) &&
    before.nodes.every((node, index) => isSameNode(node, next.nodes[index]))
  )
}

function isSameNode(before: NodeView, next: NodeView | undefined): boolean {
  return (
    before.name === next?.name &&
    before.lease === next.lease &&
    before.facts === next.facts &&
    before.labels === next.labels &&
    before.mistake === next.mistake
  )
}
