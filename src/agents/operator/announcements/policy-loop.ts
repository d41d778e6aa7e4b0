import { mergeConditions } from '#crd/merge-conditions.ts'
import type { Condition } from '#model/condition.ts'
import { unjudgedCondition, validCondition } from '#model/valid-condition.ts'
import type { Clock } from '#ports/clock.ts'
import type { KubeApi } from '#ports/kube-api.ts'
import { L2_POLICIES } from '#ports/kube-resources.ts'
import type { Informer } from '#runtime/informer.ts'
import type { Failure } from '#runtime/failure.ts'
import { createReconciler } from '#runtime/reconciler.ts'
import type { NodeView } from '#l2/candidates.ts'
import type { L2View } from './l2-view.ts'
import { clusterMistakes, isUnjudged } from './policy-mistakes.ts'
import type { PolicyRecord } from '#agents/operator/records.ts'
import type { OperatorReports } from '#agents/operator/reports.ts'
import { settle } from '#agents/operator/status/settle.ts'
import { createStatusWriter, type StatusWrite, type StatusWriter } from '#agents/operator/status/status-writer.ts'

export interface PolicyLoopOptions {
  readonly api: KubeApi
  readonly clock: Clock
  readonly random: () => number
  readonly policies: Informer<PolicyRecord>
  readonly view: L2View
  readonly reports: OperatorReports
}

/** A burst of changes is one look. */
const SETTLE_MS = 10
const RESYNC_MS = 60_000

/** Tells each policy its mistakes, seen against the nodes and the interfaces that their agents report. */
export function startPolicyLoop(options: PolicyLoopOptions, signal: AbortSignal): { close(): Promise<void> } {
  const { api, clock, random, policies, view, reports } = options
  const writer = createStatusWriter<StatusWrite>({ api, resource: L2_POLICIES, clock, random, reports }, signal)
  const reconcile = (): void => reconcileOnce(options, writer)
  const onFailure = (failure: Failure, inARow: number): void => reports.loopFailed('policies', failure, inARow)
  const timing = { settleMs: SETTLE_MS, resyncMs: RESYNC_MS, clock, random }
  const reconciler = createReconciler({ reconcile, onFailure, ...timing }, signal)
  const unsubscribe = [policies.onChange(reconciler.poke), view.onChange(reconciler.poke)]
  reconciler.poke()
  return {
    async close() {
      for (const off of unsubscribe) off()
      await Promise.all([reconciler.close(), writer.close()])
    },
  }
}

function reconcileOnce({ policies, view, clock }: PolicyLoopOptions, writer: StatusWriter<StatusWrite>): void {
  const moment = view.moment()
  if (moment === undefined || !policies.status().synced) return
  const nowMs = clock.nowMs()
  for (const [key, record] of policies.items()) {
    const wanted = judge(record, moment.nodes)
    settle(writer, key, record, { conditions: record.conditions, addresses: [] }, (current) => {
      const image = { conditions: mergeConditions(current.conditions, [wanted], [], nowMs), addresses: [] }
      return { image, write: { record, image } }
    })
  }
  writer.retain(policies.items())
}

function judge({ policy, mistakes, generation }: PolicyRecord, nodes: readonly NodeView[]): Condition {
  const all = [...mistakes, ...(policy === undefined ? [] : clusterMistakes(policy, nodes))]
  if (all.length > 0 || policy === undefined || !isUnjudged(policy, nodes)) return validCondition(all, generation)
  const message = 'No agent of a selected node has reported its interfaces: see whether the agents run'
  return unjudgedCondition(message, generation)
}
