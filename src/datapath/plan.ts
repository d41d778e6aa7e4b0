import { type Ip, sameIp } from '#model/ip.ts'
import type { Lb4Backend } from '#wire/bpf/lb4-backend.ts'
import type { Lb4ReverseNat } from '#wire/bpf/lb4-reverse-nat.ts'
import type { LbService } from '#wire/bpf/lb-service.ts'
import { type Applied, type AppliedFrontend, NO_SLOT } from './applied.ts'
import { type Backend, compareFrontends, type Frontend, STATE_ORDER } from './frontend.ts'
import type { IdTable } from './ids.ts'
import type { Op } from './op.ts'

export interface Ids {
  readonly frontends: IdTable
  readonly backends: IdTable
}

export interface PlanInput {
  readonly desired: ReadonlyMap<string, Frontend>
  readonly applied: Applied
  /** Frontends that are in the maps as these very objects say: they cost a comparison each. Empty for a look at everything. */
  readonly realized: ReadonlyMap<string, Frontend>
  /** Gives the numbers, and gets new names. */
  readonly ids: Ids
}

export interface Plan {
  readonly ops: readonly Op[]
  /** Frontends that are realized once the operations are done. */
  readonly changed: readonly Frontend[]
}

/**
 * The operations that turn what the maps hold into what is desired, in an order that is right at every moment: backends, slots, reverse
 * NAT, heads; then surplus heads, slots, reverse NAT, backends. So a head never counts more than its valid slots, and no slot names a
 * backend that is not there. Within a phase by address, so that a plan always reads the same.
 */
export function plan({ desired, applied, realized, ids }: PlanInput): Plan {
  const changed = [...desired.values()].filter((frontend) => realized.get(frontend.key) !== frontend)
  const gone = [...applied.frontends].filter(([key]) => !desired.has(key)).map(([, frontend]) => frontend)
  if (changed.length === 0 && gone.length === 0 && realized.size > 0) return { ops: [], changed }
  changed.sort(compareFrontends)
  gone.sort((a, b) => compareFrontends(a.where, b.where))
  const backends = backendTable(desired, ids)
  const frontendIds = new Set([...desired.keys()].map((key) => ids.frontends.idOf(key)))
  const known = (frontend: Frontend): AppliedFrontend | undefined => applied.frontends.get(frontend.key)
  const ops: readonly Op[] = [
    ...putBackends(backends, applied),
    ...changed.flatMap((frontend) => putSlots(frontend, known(frontend), ids)),
    ...changed.flatMap((frontend) => putReverseNat(frontend, applied, ids)),
    ...changed.flatMap((frontend) => putHead(frontend, known(frontend), ids)),
    ...gone.filter(({ head }) => head !== undefined).map(({ where }): Op => ({ kind: 'deleteHead', where })),
    ...changed.flatMap((frontend) => deleteSlots(known(frontend), slotsOf(frontend).length)),
    ...gone.flatMap((frontend) => deleteSlots(frontend, 0)),
    ...surplus(applied.reverseNats, frontendIds).map((frontendId): Op => ({ kind: 'deleteReverseNat', frontendId })),
    ...surplus(applied.backends, backends).map((id): Op => ({ kind: 'deleteBackend', id })),
  ]
  return { ops, changed }
}

/** In the order of the slots. */
export function slotsOf({ serving, draining }: Frontend): readonly Backend[] {
  return draining.length === 0 ? serving : [...serving, ...draining]
}

/** All backends of all frontends by id. One that several Services name is in the best state that any of them says. */
function backendTable(desired: ReadonlyMap<string, Frontend>, ids: Ids): ReadonlyMap<number, Backend> {
  const table = new Map<number, Backend>()
  for (const { serving, draining, idle } of desired.values()) {
    for (const set of [serving, draining, idle]) {
      for (const backend of set) {
        const id = ids.backends.idOf(backend.key)
        const known = table.get(id)
        if (known === undefined || STATE_ORDER[backend.state] < STATE_ORDER[known.state]) table.set(id, backend)
      }
    }
  }
  return table
}

function putBackends(table: ReadonlyMap<number, Backend>, applied: Applied): readonly Op[] {
  const ops: Op[] = []
  for (const [id, backend] of table) {
    if (!sameBackend(applied.backends.get(id), backend)) ops.push({ kind: 'putBackend', id, backend: entryOf(backend) })
  }
  return ops
}

/** Without weights and zones: these belong to features that are not there. */
function entryOf({ address, port, protocol, state, nodeAddress, local }: Backend): Lb4Backend {
  return { address, port, protocol, state, nodeAddress, local, zone: 0, weight: 100 }
}

function putSlots(frontend: Frontend, known: AppliedFrontend | undefined, ids: Ids): readonly Op[] {
  const frontendId = ids.frontends.idOf(frontend.key)
  const sameFrontend = known?.head === undefined || known.head.frontendId === frontendId
  return slotsOf(frontend).flatMap((backend, index) => {
    const backendId = ids.backends.idOf(backend.key)
    if (sameFrontend && known?.head !== undefined && known.slots[index] === backendId) return []
    return [{ kind: 'putSlot', where: frontend, slot: index + 1, value: slotValue(backendId, frontendId) }]
  })
}

function slotValue(backendId: number, frontendId: number): LbService {
  return { backendOrAffinity: backendId, frontendId, count: 0, qcount: 0, flags: 0, algorithm: 'none' }
}

function putReverseNat(frontend: Frontend, applied: Applied, ids: Ids): readonly Op[] {
  const frontendId = ids.frontends.idOf(frontend.key)
  const entry = { address: frontend.address, port: frontend.port }
  return sameReverseNat(applied.reverseNats.get(frontendId), entry)
    ? []
    : [{ kind: 'putReverseNat', where: frontend, frontendId, entry }]
}

function putHead(frontend: Frontend, known: AppliedFrontend | undefined, ids: Ids): readonly Op[] {
  const value: LbService = {
    backendOrAffinity: 0,
    frontendId: ids.frontends.idOf(frontend.key),
    count: frontend.serving.length,
    qcount: frontend.draining.length,
    flags: frontend.flags,
    algorithm: 'random',
  }
  return sameHead(known?.head, value) ? [] : [{ kind: 'putHead', where: frontend, value }]
}

/** Slots above `used`, the last first. */
function deleteSlots(known: AppliedFrontend | undefined, used: number): readonly Op[] {
  const ops: Op[] = []
  if (known === undefined) return ops
  for (let slot = known.slots.length; slot > used; slot -= 1) {
    if (known.slots[slot - 1] !== NO_SLOT) ops.push({ kind: 'deleteSlot', where: known.where, slot })
  }
  return ops
}

function surplus(applied: ReadonlyMap<number, unknown>, wanted: { has(id: number): boolean }): readonly number[] {
  return [...applied.keys()].filter((id) => !wanted.has(id)).toSorted((a, b) => a - b)
}

function sameHead(a: LbService | undefined, b: LbService): boolean {
  return (
    a !== undefined &&
    a.backendOrAffinity === b.backendOrAffinity &&
    a.frontendId === b.frontendId &&
    a.count === b.count &&
    a.qcount === b.qcount &&
    a.flags === b.flags &&
    a.algorithm === b.algorithm
  )
}

function sameReverseNat(a: Lb4ReverseNat | undefined, b: Lb4ReverseNat): boolean {
  return a !== undefined && sameIp(a.address, b.address) && a.port === b.port
}

function sameBackend(a: Lb4Backend | undefined, b: Backend): boolean {
  return (
    a !== undefined &&
    sameIp(a.address, b.address) &&
    a.port === b.port &&
    a.protocol === b.protocol &&
    a.state === b.state &&
    a.local === b.local &&
    sameOptionalIp(a.nodeAddress, b.nodeAddress)
  )
}

function sameOptionalIp(a: Ip | undefined, b: Ip | undefined): boolean {
  return a === undefined || b === undefined ? a === b : sameIp(a, b)
}
