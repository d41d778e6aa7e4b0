import { decodeBackendId, decodeLb4Backend, type Lb4Backend } from '#wire/bpf/lb4-backend.ts'
import { decodeLb4Key, type Lb4Key } from '#wire/bpf/lb4-key.ts'
import { decodeFrontendId, decodeLb4ReverseNat, type Lb4ReverseNat } from '#wire/bpf/lb4-reverse-nat.ts'
import { decodeLbService, type LbService } from '#wire/bpf/lb-service.ts'
import { type FrontendAddress, formatBackendKey, formatFrontendKey } from './frontend.ts'
import type { LbMapName, Op } from './op.ts'

/** The book of what the maps hold: read once, then kept by `record`. Its maps change in place, as there may be 100,000 slots. */
export interface Applied {
  readonly frontends: Map<string, AppliedFrontend>
  readonly backends: Map<number, Lb4Backend>
  readonly reverseNats: Map<number, Lb4ReverseNat>
}

export interface AppliedFrontend {
  readonly where: FrontendAddress
  /** Undefined when slots were written and the head was not. */
  head: LbService | undefined
  /** Backend id of slot 1, 2, ...; `NO_SLOT` where there is none, `FOREIGN_SLOT` where it names another frontend. */
  readonly slots: number[]
}

export const NO_SLOT = 0
export const FOREIGN_SLOT = -1

interface Entry {
  readonly key: Uint8Array
  readonly value: Uint8Array
}

/** An entry that this version cannot read: it is to be deleted. */
export interface Unreadable {
  readonly map: LbMapName
  readonly key: Uint8Array
}

export function emptyApplied(): Applied {
  return { frontends: new Map(), backends: new Map(), reverseNats: new Map() }
}

export interface MapReading {
  readonly applied: Applied
  readonly unreadable: readonly Unreadable[]
}

/** Takes the entries of the three maps as they are, whoever wrote them, in pieces and in any order. */
export class MapReader {
  readonly #applied = emptyApplied()
  readonly #unreadable: Unreadable[] = []
  readonly #slots: { readonly where: Lb4Key; readonly value: LbService }[] = []

  add(map: LbMapName, entries: readonly Entry[]): void {
    for (const { key, value } of entries) if (!this.#take(map, key, value)) this.#unreadable.push({ map, key })
  }

  /** Slots come last: whether one belongs to its frontend shows only beside the head. */
  finish(): MapReading {
    for (const { where, value } of this.#slots) {
      const frontend = frontendAt(this.#applied, where)
      const own = frontend.head === undefined || frontend.head.frontendId === value.frontendId
      setSlot(frontend, where.slot, own ? value.backendOrAffinity : FOREIGN_SLOT)
    }
    return { applied: this.#applied, unreadable: this.#unreadable }
  }

  #take(map: LbMapName, key: Uint8Array, value: Uint8Array): boolean {
    switch (map) {
      case 'lb4_services':
        return this.#takeService(key, value)
      case 'lb4_backends': {
        const id = decodeBackendId(key)
        const backend = decodeLb4Backend(value)
        if (!id.ok || !backend.ok) return false
        this.#applied.backends.set(id.value, backend.value)
        return true
      }
      case 'lb4_reverse_nat': {
        const id = decodeFrontendId(key)
        const entry = decodeLb4ReverseNat(value)
        if (!id.ok || !entry.ok) return false
        this.#applied.reverseNats.set(id.value, entry.value)
        return true
      }
    }
  }

  #takeService(key: Uint8Array, value: Uint8Array): boolean {
    const where = decodeLb4Key(key)
    const service = decodeLbService(value)
    if (!where.ok || !service.ok) return false
    if (where.value.slot === 0) frontendAt(this.#applied, where.value).head = service.value
    else this.#slots.push({ where: where.value, value: service.value })
    return true
  }
}

/** Takes note of an operation that the kernel has done. */
export function record(applied: Applied, op: Op): void {
  switch (op.kind) {
    case 'putBackend':
      applied.backends.set(op.id, op.backend)
      return
    case 'deleteBackend':
      applied.backends.delete(op.id)
      return
    case 'putReverseNat':
      applied.reverseNats.set(op.frontendId, op.entry)
      return
    case 'deleteReverseNat':
      applied.reverseNats.delete(op.frontendId)
      return
    case 'putSlot':
      setSlot(frontendAt(applied, op.where), op.slot, op.value.backendOrAffinity)
      return
    case 'putHead':
      frontendAt(applied, op.where).head = op.value
      return
    case 'deleteSlot':
      setSlot(frontendAt(applied, op.where), op.slot, NO_SLOT)
      dropIfEmpty(applied, op.where)
      return
    case 'deleteHead':
      frontendAt(applied, op.where).head = undefined
      dropIfEmpty(applied, op.where)
  }
}

function frontendAt(applied: Applied, where: FrontendAddress): AppliedFrontend {
  const key = formatFrontendKey(where)
  const known = applied.frontends.get(key)
  if (known !== undefined) return known
  const { address, port, protocol, scope } = where
  const frontend: AppliedFrontend = { where: { address, port, protocol, scope }, head: undefined, slots: [] }
  applied.frontends.set(key, frontend)
  return frontend
}

function setSlot({ slots }: AppliedFrontend, slot: number, backendId: number): void {
  while (slots.length < slot) slots.push(NO_SLOT)
  slots[slot - 1] = backendId
  while (slots.at(-1) === NO_SLOT) slots.pop()
}

function dropIfEmpty(applied: Applied, where: FrontendAddress): void {
  const key = formatFrontendKey(where)
  const frontend = applied.frontends.get(key)
  if (frontend?.head === undefined && frontend?.slots.length === 0) applied.frontends.delete(key)
}

/** Names and ids of the frontends in the maps, for `createIdTable`. */
export function takenFrontendIds(applied: Applied): readonly (readonly [name: string, id: number])[] {
  return [...applied.frontends].flatMap(([key, { head }]) =>
    head === undefined ? [] : [[key, head.frontendId] as const],
  )
}

/** Names and ids of the backends in the maps, for `createIdTable`. */
export function takenBackendIds(applied: Applied): readonly (readonly [name: string, id: number])[] {
  return [...applied.backends].map(([id, { address, port, protocol }]) => [
    formatBackendKey(address, port, protocol),
    id,
  ])
}
