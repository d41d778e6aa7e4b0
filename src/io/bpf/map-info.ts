import type { MapLayout } from './bpf-error.ts'
import { readObjectInfo } from './object-info.ts'

export interface MapInfo {
  readonly id: number
  /** At most 15 octets: longer names are cut by the kernel. */
  readonly name: string
  readonly layout: MapLayout
}

/** `struct bpf_map_info` (linux/bpf.h), as far as it existed in Linux 5.15. */
export function readMapInfo(mapFd: number): MapInfo {
  const view = readObjectInfo(mapFd, 88)
  return {
    id: view.getUint32(4, true),
    name: readFixedText(view, 24, 16),
    layout: {
      type: view.getUint32(0, true),
      keyLengthOctets: view.getUint32(8, true),
      valueLengthOctets: view.getUint32(12, true),
      maxEntries: view.getUint32(16, true),
      flags: view.getUint32(20, true),
    },
  }
}

/** Text in a field of fixed length, ended by a zero if it is shorter. */
export function readFixedText(view: DataView, at: number, lengthOctets: number): string {
  const field = new Uint8Array(view.buffer, view.byteOffset + at, lengthOctets)
  const end = field.indexOf(0)
  return new TextDecoder().decode(field.subarray(0, end < 0 ? lengthOctets : end))
}
