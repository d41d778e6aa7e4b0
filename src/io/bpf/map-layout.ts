import type { BpfMapEntry } from '#ports/bpf-maps.ts'
import { closeFd } from './bpf-call.ts'
import { BpfError, type MapLayout } from './bpf-error.ts'
import type { DeclaredMap } from './bpf-object.ts'
import { errnoName } from './errno.ts'
import { updateElement } from './map-calls.ts'
import { readAllEntries } from './map-entries.ts'
import { describeMapFile, type MapFile } from './map-file.ts'
import { readMapInfo } from './map-info.ts'
import { openPin } from './pin.ts'

/** What became of a pinned map whose layout was not that of this build. */
export interface MapMigration {
  readonly map: string
  readonly from: MapLayout
  readonly to: MapLayout
  /** Entries that were taken over. */
  readonly copied: number
  /** Entries that could not be: the new map is smaller, or its keys or values have another length. */
  readonly lost: number
}

/** The same in all that a program relies on. */
export function sameLayout(a: MapLayout, b: MapLayout): boolean {
  return sameEntries(a, b) && a.type === b.type && a.maxEntries === b.maxEntries && a.flags === b.flags
}

function sameEntries(a: MapLayout, b: MapLayout): boolean {
  return a.keyLengthOctets === b.keyLengthOctets && a.valueLengthOctets === b.valueLengthOctets
}

/** The layout of the map pinned at `pin`, if that is not what `declared` wants. */
export function differingLayout(declared: DeclaredMap, pin: string): MapLayout | undefined {
  const fd = openPin(pin, 'read')
  if (fd === undefined) return undefined
  try {
    const { layout } = readMapInfo(fd)
    return sameLayout(layout, declared.layout) ? undefined : layout
  } finally {
    closeFd(fd)
  }
}

/** Throws `LayoutDiffers` when a map is pinned at `pin` that this build cannot use. */
export function refuseOtherLayout(declared: DeclaredMap, pin: string): void {
  const pinned = differingLayout(declared, pin)
  if (pinned !== undefined) throw new BpfError({ code: 'LayoutDiffers', pin, pinned, wanted: declared.layout })
}

/** Copies what fits from the map pinned at `pin` to a new one. Counters of CPUs begin anew. */
export function copyPinned(map: string, pin: string, newFd: number): MapMigration {
  const fd = openPin(pin, 'read')
  if (fd === undefined) throw new BpfError({ code: 'NotPinned', pin })
  try {
    const from = describeMapFile(fd)
    const to = describeMapFile(newFd)
    const entries = readAllEntries(from, (call, number) => {
      throw new BpfError({ code: 'SystemCall', call, subject: pin, errno: errnoName(number) })
    })
    const copied = canCopy(from, to) ? copyEntries(entries, newFd) : 0
    return { map, from: from.layout, to: to.layout, copied, lost: entries.length - copied }
  } finally {
    closeFd(fd)
  }
}

function canCopy(from: MapFile, to: MapFile): boolean {
  return sameEntries(from.layout, to.layout) && from.valuesPerElement === 1 && to.valuesPerElement === 1
}

/** How many were put; a full map ends none of the others. */
function copyEntries(entries: readonly BpfMapEntry[], newFd: number): number {
  return entries.filter(({ key, value }) => updateElement(newFd, key, value) === 0).length
}
