import type { EventRecorder } from '#agents/event-recorder.ts'
import { createMirrors, keysOfMirror, type Mirror, mirrorName, type Mirrors } from '#l2/mirror.ts'
import type { Lease } from '#model/lease.ts'
import type { Clock } from '#ports/clock.ts'
import { type KubeApi, KubeError } from '#ports/kube-api.ts'
import { LEASES } from '#ports/kube-resources.ts'
import { createDueKeys, type Due, type DueKeys } from '#runtime/due-keys.ts'
import type { Informer } from '#runtime/informer.ts'
import { createKeyAgenda } from '#runtime/key-agenda.ts'
import type { KeyChanges } from '#runtime/key-changes.ts'
import { createReconciler, type Reconciler, type ReconcileAnswer } from '#runtime/reconciler.ts'
import { createWorkQueue, type WorkQueue } from '#runtime/work-queue.ts'
import { ForeignLeases } from './foreign-leases.ts'
import type { L2Moment, L2View } from './l2-view.ts'
import { dueByMoment } from './moment-changes.ts'
import { isMirror, refreshAtMs, saysSame, writeMirror } from './mirror-leases.ts'
import { MirrorOwners } from './mirror-owner.ts'
import type { ServiceRecord } from '#agents/operator/records.ts'
import type { OperatorReports } from '#agents/operator/reports.ts'
import type { ServicesByAddress } from '#agents/operator/services-by-address.ts'
import { lookAndRest } from '#agents/operator/rest.ts'

export interface MirrorLoopOptions {
  readonly api: KubeApi
  readonly clock: Clock
  readonly random: () => number
  readonly reports: OperatorReports
  readonly namespace: string
  readonly services: Informer<ServiceRecord>
  readonly byAddress: ServicesByAddress
  /** Leases with the label of a mirror. */
  readonly mirrors: Informer<Lease>
  readonly view: L2View
  readonly events: EventRecorder
}

/** After what rings before it: who holds an address is known a moment after who could. */
const SETTLE_MS = 300
/** During a takeover no node holds an address: its mirror keeps the name of the last one for that long. */
const TAKEOVER_MS = 30_000
/** A write that the watch has not shown by then is done again. */
const SEEN_MS = 10_000
/** Each mirror has its time to be written again; where the wall clock, by which that is, was put on, it is found by then. */
const RESYNC_MS = 600_000
const CAPACITY = 20_000
const CONCURRENCY = 2

type Work = { readonly kind: 'write'; readonly mirror: Mirror } | { readonly kind: 'delete' }

interface Known {
  readonly moment: L2Moment
  readonly mirrors: Mirrors
}

/** Keeps the mirror Leases as the nodes' reports have it. Writes what changed, and nothing else. */
export function startMirrorLoop(
  options: MirrorLoopOptions,
  signal: AbortSignal,
): { readonly close: () => Promise<void> } {
  return new MirrorLoop(options, signal)
}

class MirrorLoop {
  readonly #options: MirrorLoopOptions
  readonly #foreign: ForeignLeases
  readonly #owners: MirrorOwners
  readonly #queue: WorkQueue<Work>
  readonly #reconciler: Reconciler
  readonly #unsubscribe: readonly (() => void)[]
  readonly #due: DueKeys
  readonly #changedMirrors: KeyChanges
  /** Names to be looked at although nothing changes. */
  readonly #agenda = createKeyAgenda()
  #known: Known | undefined
  /** What was asked for last, and when, by the name of the Lease; until the watch shows it. */
  readonly #asked = new Map<string, { readonly work: Work; readonly atMs: number }>()
  /** Since when no node holds what a mirror is about. */
  readonly #unheldMs = new Map<string, number>()

  constructor(options: MirrorLoopOptions, signal: AbortSignal) {
    const { clock, random, reports, services, mirrors, view, api, namespace } = options
    this.#options = options
    this.#due = createDueKeys({ changes: services.keyChanges(), clock, allEveryMs: RESYNC_MS })
    this.#changedMirrors = mirrors.keyChanges()
    this.#foreign = new ForeignLeases({ api, namespace, clock })
    this.#owners = new MirrorOwners({
      ...{ api, namespace, clock },
      onForbidden: (failure) => reports.mirrorOwnerHidden(failure),
      onLeaving: (deployment) => reports.mirrorsLeaving(deployment),
    })
    this.#queue = createWorkQueue(
      {
        work: (name, work, workSignal) => this.#do(name, work, workSignal),
        capacity: CAPACITY,
        concurrency: CONCURRENCY,
        clock,
        random,
        onFailure: (name, failure, inARow) => reports.mirrorFailed(name, failure, inARow),
      },
      signal,
    )
    this.#reconciler = createReconciler(
      {
        reconcile: (running) => lookAndRest(() => this.#look(), clock, running),
        settleMs: SETTLE_MS,
        resyncMs: RESYNC_MS,
        clock,
        random,
        onFailure: (failure, inARow) => reports.loopFailed('mirror Leases', failure, inARow),
      },
      signal,
    )
    this.#unsubscribe = [services, mirrors, view].map((source) => source.onChange(() => this.#reconciler.poke()))
    this.#reconciler.poke()
  }

  async close(): Promise<void> {
    for (const off of this.#unsubscribe) off()
    await Promise.all([this.#reconciler.close(), this.#queue.close()])
  }

  #look(): ReconcileAnswer {
    const { services, byAddress, mirrors, view, clock } = this.#options
    const moment = view.moment()
    if (moment === undefined || !services.status().synced || !mirrors.status().synced) return undefined
    const before = this.#known
    const known = before?.moment === moment ? before : { moment, mirrors: createMirrors(moment.nodes, moment.rules) }
    this.#known = known
    dueByMoment(this.#due, byAddress, before?.moment, moment)
    this.#due.look(services.items().keys(), (due) => {
      for (const name of this.#namesIn(due)) {
        const waitMs = this.#lookAt(name, known)
        if (waitMs !== undefined) this.#agenda.add(clock.monotonicMs() + waitMs, name)
      }
    })
    const nextMs = this.#agenda.nextMs()
    return { runAgainInMs: nextMs === undefined ? undefined : Math.max(1, nextMs - clock.monotonicMs()) }
  }

  /** Names of mirrors to look at. */
  #namesIn({ keys, isAll }: Due): ReadonlySet<string> {
    const { mirrors, clock } = this.#options
    const names = this.#agenda.takeDue(clock.monotonicMs())
    const all = isAll ? [...mirrors.items().keys().map(nameOf), ...this.#asked.keys(), ...this.#unheldMs.keys()] : []
    const changed = Array.from(this.#changedMirrors.take(), nameOf)
    const ofServices = Array.from(keys, (key) => mirrorName({ namespace: namespaceOf(key), name: nameOf(key) }))
    return new Set([...names, ...all, ...changed, ...ofServices])
  }

  /** Answers with the time until it is to be looked at again although nothing changes. */
  #lookAt(name: string, { moment, mirrors }: Known): number | undefined {
    const { services, mirrors: leases, namespace } = this.#options
    const lease = leases.items().get(`${namespace}/${name}`)
    const named = keysOfMirror(name).flatMap((key) => services.items().get(key)?.service ?? [])
    const mirror = mirrors.mirrorOf(named)
    if (mirror !== undefined) return this.#write(name, mirror, lease)
    if (lease === undefined) {
      this.#unheldMs.delete(name)
      this.#asked.delete(name)
      return undefined
    }
    return isMirror(lease) ? this.#prune(name, !moment.isSettled || mirrors.isAwaited(named)) : undefined
  }

  #write(name: string, mirror: Mirror, lease: Lease | undefined): number {
    const { clock } = this.#options
    this.#unheldMs.delete(name)
    const isRight = lease !== undefined && isMirror(lease) && saysSame(lease, mirror)
    const restMs = isRight ? refreshAtMs(lease) - clock.nowMs() : 0
    if (restMs <= 0)
      return this.#foreign.waitMs(name, clock.monotonicMs()) ?? this.#ask(name, { kind: 'write', mirror })
    this.#asked.delete(name)
    return restMs
  }

  /** Takes away what is about nothing any more, during a takeover not at once. */
  #prune(name: string, mayBeTakeover: boolean): number {
    const nowMs = this.#options.clock.monotonicMs()
    const sinceMs = this.#unheldMs.get(name) ?? nowMs
    this.#unheldMs.set(name, sinceMs)
    const restMs = mayBeTakeover ? sinceMs + TAKEOVER_MS - nowMs : 0
    return restMs > 0 ? restMs : this.#ask(name, { kind: 'delete' })
  }

  /** The same work is not asked for again as long as it may be under way. Answers with the time until it counts as lost. */
  #ask(name: string, work: Work): number {
    const nowMs = this.#options.clock.monotonicMs()
    const before = this.#asked.get(name)
    const restMs = before === undefined || !sameWork(before.work, work) ? 0 : before.atMs + SEEN_MS - nowMs
    if (restMs > 0) return restMs
    this.#asked.set(name, { work, atMs: nowMs })
    this.#queue.put(name, work)
    return SEEN_MS
  }

  async #do(name: string, work: Work, signal: AbortSignal): Promise<void> {
    const { api, namespace, mirrors, reports, clock } = this.#options
    const seen = mirrors.items().get(`${namespace}/${name}`)
    try {
      if (work.kind === 'delete') {
        if (seen !== undefined && isMirror(seen)) await api.delete(LEASES, { namespace, name }, signal)
      } else {
        const owner = await this.#owners.read(signal)
        if (owner === 'leaving') return // asked for again after a while: perhaps there is another by then
        const write = { api, namespace, name, mirror: work.mirror, owner: owner === 'none' ? undefined : owner }
        await this.#writeOrYield({ ...write, nowMs: clock.nowMs() }, seen, signal)
      }
      reports.mirrorWritten(name)
    } catch (error) {
      // Somebody else was there first: the watch brings what is there, and that is looked at anew.
      if (!(error instanceof KubeError) || !['Conflict', 'NotFound'].includes(error.failure.code)) throw error
      this.#asked.delete(name)
      this.#agenda.add(clock.monotonicMs(), name)
    }
  }

  async #writeOrYield(
    write: Parameters<typeof writeMirror>[0],
    seen: Lease | undefined,
    signal: AbortSignal,
  ): Promise<void> {
    const ours = seen === undefined || isMirror(seen) ? seen : undefined
    const other = seen !== undefined && ours === undefined ? seen : await writeMirror(write, ours, signal)
    if (other === undefined) return this.#foreign.forget(write.name)
    const judged = isMirror(other) ? other : await this.#foreign.judge(other, signal)
    if (judged !== undefined) {
      await writeMirror(write, judged, signal)
      return this.#foreign.forget(write.name)
    }
    if (this.#foreign.isNews(write.name)) this.#tellForeign(write.mirror, other)
  }

  #tellForeign({ service }: Mirror, { name, holder }: Lease): void {
    const { services, events, reports } = this.#options
    const message = `Lease ${name} is renewed by ${holder}, which is none of Balise's nodes: is another announcer (Cilium's l2announcements) running for the same Service? The Lease is left alone`
    reports.foreignLease(service, message)
    const record = services.items().get(service)
    if (record !== undefined) events.record(record, { type: 'Warning', reason: 'ForeignLease', message })
  }
}

function sameWork(a: Work, b: Work): boolean {
  return JSON.stringify(a) === JSON.stringify(b)
}

/** Of `namespace/name`. */
function nameOf(key: string): string {
  return key.slice(key.indexOf('/') + 1)
}

function namespaceOf(key: string): string {
  return key.slice(0, key.indexOf('/'))
}
