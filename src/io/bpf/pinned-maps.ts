import { join } from 'node:path'
import type { BpfMap, BpfMapName, BpfMaps } from '#ports/bpf-maps.ts'
import { closeFd } from './bpf-call.ts'
import { BpfError } from './bpf-error.ts'
import { createBpfMap } from './bpf-map.ts'
import { describeMapFile, type MapFile } from './map-file.ts'
import { openPin } from './pin.ts'

export interface PinnedMapsOptions {
  /** Where the maps are pinned: `<bpffs>/<pin folder>`. */
  readonly folder: string
  /** `read` lets the kernel refuse every change. */
  readonly mode: 'read' | 'readwrite'
}

/** The pinned maps. Each is opened when it is first asked for; `map()` throws `NotPinned` for one that is not there. */
export function openPinnedMaps({ folder, mode }: PinnedMapsOptions): BpfMaps {
  const open = new Map<BpfMapName, ReturnType<typeof createBpfMap>>()
  return {
    map(name): BpfMap {
      const known = open.get(name)
      if (known !== undefined) return known
      const pin = join(folder, name)
      const fd = openPin(pin, mode)
      if (fd === undefined) throw new BpfError({ code: 'NotPinned', pin })
      const map = createBpfMap(name, describeOrClose(fd))
      open.set(name, map)
      return map
    },
    close() {
      for (const map of open.values()) map.close()
      open.clear()
    },
  }
}

function describeOrClose(fd: number): MapFile {
  try {
    return describeMapFile(fd)
  } catch (cause) {
    closeFd(fd)
    throw cause
  }
}
