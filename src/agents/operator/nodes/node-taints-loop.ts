import type { EventRecorder } from '#agents/event-recorder.ts'
import { NodeViews } from '#agents/agent/l2/l2-views.ts'
import type { Mode } from '#cni/mode.ts'
import { NETWORK_ANNOTATION } from '#cni/told.ts'
import { NO_FACTS } from '#l2/node-facts.ts'
import type { Lease } from '#model/lease.ts'
import type { Clock } from '#ports/clock.ts'
import { type KubeApi, KubeError } from '#ports/kube-api.ts'
import { NODES } from '#ports/kube-resources.ts'
import type { Failure } from '#runtime/failure.ts'
import type { Informer } from '#runtime/informer.ts'
import { createReconciler, type ReconcileAnswer } from '#runtime/reconciler.ts'
import { createWorkQueue, type WorkQueue } from '#runtime/work-queue.ts'
import { type AgentReport, type NodeChange, type NodeRecord, type NodeTaintSettings, planNode } from './node-taints.ts'
import type { OperatorReports } from '#agents/operator/reports.ts'

export interface NodeTaintsLoopOptions {
  readonly api: KubeApi
  readonly clock: Clock
  readonly random: () => number
  readonly nodes: Informer<NodeRecord>
  /** Of the nodes: by them it is known which agents run, without a right to read pods. */
  readonly leases: Informer<Lease>
  readonly settings: NodeTaintSettings
  readonly events: Pick<EventRecorder, 'record'>
  readonly reports: OperatorReports
}

/** One change of one version of a node. */
interface NodeWrite {
  readonly node: NodeRecord
  readonly change: NodeChange
}

/** Leases are renewed all the time; what agents say on them changes seldom. */
const SETTLE_MS = 200
const RESYNC_MS = 60_000
/** How often it is looked whether the watch of the Leases is back. */
const CUT_OFF_LOOK_MS = 1_000
/** Kubernetes is made for 5,000 nodes; each has two keys. */
const CAPACITY = 20_000
const CONCURRENCY = 4

/** Keeps taints and the network condition of nodes whose network is ours in step with their agents. */
export function startNodeTaintsLoop(options: NodeTaintsLoopOptions, signal: AbortSignal): { close(): Promise<void> } {
  const { clock, random, nodes, leases, reports } = options
  const run = new NodeTaintsRun(options, signal)
  const onFailure = (failure: Failure, inARow: number): void => reports.loopFailed('node taints', failure, inARow)
  const timing = { settleMs: SETTLE_MS, resyncMs: RESYNC_MS, clock, random }
  const reconciler = createReconciler({ reconcile: () => run.look(), onFailure, ...timing }, signal)
  const unsubscribe = [nodes, leases].map((informer) => informer.onChange(reconciler.poke))
  reconciler.poke()
  return {
    async close() {
      for (const off of unsubscribe) off()
      await Promise.all([reconciler.close(), run.close()])
    },
  }
}

class NodeTaintsRun {
  readonly #options: NodeTaintsLoopOptions
  readonly #queue: WorkQueue<NodeWrite>
  // The operator runs on no node of its own: an empty name is nobody's.
  readonly #views: NodeViews
  /** By key: the version of the node that a change was made for and that the watch has not replaced yet. */
  readonly #written = new Map<string, string>()
  #queued: ReadonlySet<string> = new Set()
  #cutOffMs: number | undefined
  #beganMs: number | undefined

  constructor(options: NodeTaintsLoopOptions, signal: AbortSignal) {
    const { clock, random, reports } = options
    this.#options = options
    this.#views = new NodeViews(clock, '')
    this.#queue = createWorkQueue<NodeWrite>(
      {
        work: (key, write, workSignal) => this.#write(key, write, workSignal),
        capacity: CAPACITY,
        concurrency: CONCURRENCY,
        clock,
        random,
        onFailure: (key, failure) => {
          const name = key.slice(0, key.indexOf('/'))
          // The test in the patch failed: somebody else was faster, and the watch brings what he wrote.
          const seen: Failure = failure.code === 'Invalid' ? { ...failure, code: 'Conflict' } : failure
          if (key.endsWith('/network')) reports.writeFailed(NODES, name, seen)
          else reports.annotateFailed(NODES, name, seen)
        },
      },
      signal,
    )
  }

  close(): Promise<void> {
    return this.#queue.close()
  }

  look(): ReconcileAnswer {
    const { nodes, leases, clock } = this.#options
    if (!nodes.status().synced || !leases.status().synced) return undefined
    const { connected, lastContactMs } = leases.status()
    if (!connected) {
      // Who cannot be heard is not gone.
      this.#cutOffMs ??= lastContactMs
      return { runAgainInMs: CUT_OFF_LOOK_MS }
    }
    const nowMs = clock.monotonicMs()
    this.#beganMs ??= nowMs
    this.#views.observe(leases.items().values())
    if (this.#cutOffMs !== undefined) this.#views.refresh(this.#cutOffMs)
    this.#cutOffMs = undefined
    const settledMs = this.#beganMs + longestMs(leases)
    this.#put(settledMs <= nowMs)
    const waits = [settledMs, this.#views.nextDeadlineMs() ?? 0].map((atMs) => atMs - nowMs + 1).filter((ms) => ms > 1)
    return { runAgainInMs: waits.length === 0 ? undefined : Math.min(...waits) }
  }

  /** Queues what is to be changed, and takes back what is not any more. */
  #put(isSettled: boolean): void {
    const { nodes, clock, settings } = this.#options
    const reports = this.#reports(isSettled)
    const queued = new Set<string>()
    for (const node of nodes.items().values()) {
      const changes = planNode(node, reports.get(node.name) ?? NOTHING_KNOWN, settings, clock.nowMs())
      for (const part of ['taints', 'network'] as const) {
        const change = changes[part]
        const key = `${node.name}/${part}`
        if (change === undefined || this.#written.get(key) === node.resourceVersion) continue
        this.#queue.put(key, { node, change })
        queued.add(key)
      }
    }
    for (const key of this.#queued) if (!queued.has(key)) this.#queue.drop(key)
    this.#queued = queued
    const versions = new Set(
      Array.from(nodes.items().values(), ({ name, resourceVersion }) => `${name} ${resourceVersion}`),
    )
    for (const [key, version] of this.#written)
      if (!versions.has(`${key.slice(0, key.indexOf('/'))} ${version}`)) this.#written.delete(key)
  }

  #reports(isSettled: boolean): ReadonlyMap<string, AgentReport> {
    const { nodes, leases } = this.#options
    const modes = new Map(
      Array.from(leases.items().values(), ({ holder, annotations }) => [holder, modeOf(annotations)]),
    )
    const stateOf = { live: 'ready', expired: isSettled ? 'gone' : 'unknown', absent: 'unknown' } as const
    return new Map(
      this.#views.views(nodes.items(), NO_FACTS).map(({ name, lease }) => {
        return [name, { state: stateOf[lease], mode: modes.get(name) }]
      }),
    )
  }

  async #write(key: string, { node, change }: NodeWrite, signal: AbortSignal): Promise<void> {
    const { api, reports, events } = this.#options
    const { subresource, patch: body, text, event } = change
    if (this.#written.get(key) === node.resourceVersion) return // put again while it was under way
    try {
      const where = subresource === undefined ? undefined : { subresource }
      await api.patch(NODES, { name: node.name }, { kind: 'json', body }, where, signal)
      this.#written.set(key, node.resourceVersion)
      reports.nodeChanged(node.name, text)
      // The kubelet gives the name for the uid of a Node, and `kubectl describe node` looks for that.
      events.record({ name: node.name, namespace: '', uid: node.name, resourceVersion: '' }, event, NODES)
    } catch (error) {
      if (!(error instanceof KubeError && error.failure.code === 'NotFound')) throw error
      this.#written.set(key, node.resourceVersion) // the node is gone, and its taints with it
    }
  }
}

const NOTHING_KNOWN: AgentReport = { state: 'unknown', mode: undefined }

function modeOf(annotations: Lease['annotations']): Mode | undefined {
  const told = annotations[NETWORK_ANNOTATION]
  return told === 'full' || told === 'chained' || told === 'none' ? told : undefined
}

/** The longest duration of a Lease: after it every agent that runs has been heard of. */
function longestMs(leases: Informer<Lease>): number {
  let longest = 0
  for (const { durationSeconds } of leases.items().values()) longest = Math.max(longest, durationSeconds * 1000)
  return longest
}
