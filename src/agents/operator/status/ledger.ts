import { type Ip, sameIp } from '#model/ip.ts'
import type { ObjectRecord } from '#agents/operator/records.ts'

/** A status as it is to be written. */
export interface StatusImage {
  readonly conditions: readonly unknown[]
  /** Only of Services. */
  readonly ingress?: readonly unknown[]
  /** Other fields of the status, written whole; null removes one. */
  readonly fields?: Readonly<Record<string, unknown>>
  /** The addresses in `ingress`; empty for other kinds. */
  readonly addresses: readonly Ip[]
}

/** `unknown`: on its way, or it failed in whatever way and is tried again. `confirmed`: the API has it. */
export type WriteOutcome = 'unknown' | 'confirmed'

export interface LedgerEntry {
  /** The version of the object that the write replaces, and replaces alone: every write has it as its precondition. */
  readonly basedOn: string
  /** The version after it, once confirmed. The same as before when the API found nothing to change. */
  readonly madeVersion: string
  readonly image: StatusImage
  readonly outcome: WriteOutcome
  /** Addresses that the object may show by now: of every write over this version that may have come through. */
  readonly sent: readonly Ip[]
}

/**
 * Status writes that the watch has not shown yet. Without it an address written a moment ago would look free, and could be granted a second
 * time. An entry counts as long as the watch shows the very version that it is based on; then the object itself tells.
 */
export interface Ledger {
  /** The write that concerns this version of an object; an entry for another version is dropped. */
  entryFor(key: string, record: ObjectRecord): LedgerEntry | undefined
  /** A write is about to be sent. False when one over the same version has come through already: this one would be refused. */
  begin(key: string, record: ObjectRecord, image: StatusImage): boolean
  confirm(key: string, madeVersion: string): void
  /** Objects of which an entry was made or confirmed since this was last asked. */
  takeChanged(): ReadonlySet<string>
  /** Drops what there is of an object that is gone. */
  forget(key: string): void
  /** Drops entries of objects that are gone. */
  retain(keys: { has(key: string): boolean }): void
}

export function createLedger(): Ledger {
  const entries = new Map<string, LedgerEntry>()
  let changed = new Set<string>()
  const entryFor = (key: string, { resourceVersion }: ObjectRecord): LedgerEntry | undefined => {
    const entry = entries.get(key)
    if (entry === undefined || entry.basedOn === resourceVersion) return entry
    entries.delete(key)
    return undefined
  }
  const forget = (key: string): void => {
    entries.delete(key)
    changed.delete(key)
  }
  const amend = (key: string, change: Partial<LedgerEntry>): void => {
    const entry = entries.get(key)
    if (entry === undefined) return
    entries.set(key, { ...entry, ...change })
    changed.add(key)
  }
  return {
    entryFor,
    begin(key, record, image) {
      const before = entryFor(key, record)
      if (before !== undefined && before.outcome === 'confirmed' && before.madeVersion !== before.basedOn) return false
      const sent = union(before?.sent ?? [], image.addresses)
      entries.set(key, { basedOn: record.resourceVersion, madeVersion: '', image, outcome: 'unknown', sent })
      changed.add(key)
      return true
    },
    confirm: (key, madeVersion) => amend(key, { outcome: 'confirmed', madeVersion }),
    takeChanged() {
      const taken = changed
      changed = new Set()
      return taken
    },
    forget,
    retain(keys) {
      for (const key of entries.keys()) if (!keys.has(key)) forget(key)
    },
  }
}

function union(these: readonly Ip[], those: readonly Ip[]): readonly Ip[] {
  return [...these, ...those.filter((ip) => !these.some((other) => sameIp(ip, other)))]
}
