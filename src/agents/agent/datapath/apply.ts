import { type Applied, record } from '#datapath/applied.ts'
import { type Frontend, type FrontendAddress, formatFrontendKey } from '#datapath/frontend.ts'
import { encodeOp, formatOp, type LbMapName, type Op } from '#datapath/op.ts'
import { type Ids, type Plan, slotsOf } from '#datapath/plan.ts'
import type { BpfMaps } from '#ports/bpf-maps.ts'
import { toFailure } from '#runtime/failure.ts'

/** Operations in one call: holds the event loop for about a millisecond. */
const BATCH_OPS = 2048

export interface ApplyOutcome {
  readonly done: number
  /** By frontend: why it is not realized. */
  readonly failed: ReadonlyMap<string, string>
  /** Operations that the kernel refused, with its words. */
  readonly failures: readonly string[]
}

/**
 * Does a plan's operations in order, and takes note of each in `applied`. One that fails takes with it only what depends on it: its frontend
 * is not counted as realized, and nothing that might still be in use is deleted. The next plan says what is left to do.
 */
export function applyPlan(plan: Plan, applied: Applied, ids: Ids, maps: BpfMaps): ApplyOutcome {
  const run = new ApplyRun(applied, ids, maps)
  for (const batch of batchesOf(plan.ops)) run.doBatch(batch)
  return run.outcome(plan.changed)
}

class ApplyRun {
  readonly #applied: Applied
  readonly #ids: Ids
  readonly #maps: BpfMaps
  readonly #failedBackends = new Map<number, string>()
  readonly #failedFrontends = new Map<string, string>()
  readonly #failures: string[] = []
  #done = 0

  constructor(applied: Applied, ids: Ids, maps: BpfMaps) {
    this.#applied = applied
    this.#ids = ids
    this.#maps = maps
  }

  doBatch(ops: readonly Op[]): void {
    const possible = ops.filter((op) => this.#isPossible(op))
    if (possible.length === 0) return
    try {
      writeBatch(this.#maps, possible)
    } catch {
      for (const op of possible) this.#doOne(op) // again one by one, so that each failure finds its own object
      return
    }
    for (const op of possible) this.#did(op)
  }

  outcome(changed: readonly Frontend[]): ApplyOutcome {
    const failed = new Map(this.#failedFrontends)
    for (const frontend of changed) {
      const why = this.#backendFailure(frontend)
      if (why !== undefined && !failed.has(frontend.key)) failed.set(frontend.key, why)
    }
    return { done: this.#done, failed, failures: this.#failures }
  }

  #doOne(op: Op): void {
    if (!this.#isPossible(op)) return
    try {
      writeBatch(this.#maps, [op])
      this.#did(op)
    } catch (error) {
      this.#failed(op, toFailure(error).message)
    }
  }

  #did(op: Op): void {
    this.#done += 1
    record(this.#applied, op)
    if (op.kind === 'deleteBackend') this.#ids.backends.release(op.id)
    if (op.kind === 'deleteReverseNat') this.#ids.frontends.release(op.frontendId)
  }

  #failed(op: Op, why: string): void {
    this.#failures.push(`${formatOp(op)}: ${why}`)
    switch (op.kind) {
      case 'putBackend':
        this.#failedBackends.set(op.id, why)
        return
      case 'putReverseNat':
      case 'putSlot':
      case 'putHead':
      case 'deleteHead':
      case 'deleteSlot':
        this.#failedFrontends.set(formatFrontendKey(op.where), why)
        return
      case 'deleteReverseNat':
      case 'deleteBackend':
    }
  }

  /** False for an operation whose ground another did not lay. */
  #isPossible(op: Op): boolean {
    switch (op.kind) {
      case 'putSlot':
        return !this.#isFailed(op) && this.#hasBackend(op.where, op.value.backendOrAffinity)
      case 'putReverseNat':
      case 'putHead':
      case 'deleteSlot':
        return !this.#isFailed(op)
      case 'deleteReverseNat':
      case 'deleteBackend':
        return this.#failures.length === 0
      case 'putBackend':
      case 'deleteHead':
        return true
    }
  }

  #isFailed({ where }: Extract<Op, { where: unknown }>): boolean {
    return this.#failedFrontends.size > 0 && this.#failedFrontends.has(formatFrontendKey(where))
  }

  #hasBackend(where: FrontendAddress, id: number): boolean {
    const why = this.#failedBackends.get(id)
    if (why === undefined || this.#applied.backends.has(id)) return true
    this.#failedFrontends.set(formatFrontendKey(where), why)
    return false
  }

  #backendFailure(frontend: Frontend): string | undefined {
    if (this.#failedBackends.size === 0) return undefined
    for (const backend of [...slotsOf(frontend), ...frontend.idle]) {
      const why = this.#failedBackends.get(this.#ids.backends.knownId(backend.key) ?? 0)
      if (why !== undefined) return why
    }
    return undefined
  }
}

/** Neighbours of one kind, so that their order stays. */
function batchesOf(ops: readonly Op[]): readonly (readonly Op[])[] {
  const batches: Op[][] = []
  for (const op of ops) {
    const last = batches.at(-1)
    if (last !== undefined && last[0]?.kind === op.kind && last.length < BATCH_OPS) last.push(op)
    else batches.push([op])
  }
  return batches
}

/** All of one kind, hence of one map. */
function writeBatch(maps: BpfMaps, ops: readonly Op[]): void {
  const encoded = ops.map(encodeOp)
  const name: LbMapName | undefined = encoded[0]?.map
  if (name === undefined) return
  const puts = encoded.flatMap(({ key, value }) => (value === undefined ? [] : [{ key, value }]))
  if (puts.length > 0) maps.map(name).updateBatch(puts)
  else maps.map(name).deleteBatch(encoded.map(({ key }) => key))
}
