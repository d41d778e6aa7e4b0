import { mkdirSync, renameSync, rmSync, statfsSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { BPF, bpf, bpfOrThrow, createAttr, pointTo } from './bpf-call.ts'
import { BpfError } from './bpf-error.ts'
import { errnoName } from './errno.ts'

/** BPF_FS_MAGIC (linux/magic.h) */
const BPF_FS_MAGIC = 0xcafe4a11
/** BPF_F_RDONLY (linux/bpf.h): the descriptor cannot change the map. */
const READ_ONLY = 1 << 3
const ENOENT = 2
/** How the name of a pin begins that has not taken its place yet. */
export const UNFINISHED = 'new%'

/** Makes a folder on the BPF file system, with those above it. Throws `NotBpffs`, and leaves none behind, when it would lie elsewhere. */
export function makePinFolder(folder: string): void {
  const made = mkdirSync(folder, { recursive: true, mode: 0o700 })
  if (statfsSync(folder).type === BPF_FS_MAGIC) return
  if (made !== undefined) rmSync(made, { recursive: true, force: true })
  throw new BpfError({ code: 'NotBpffs', path: folder })
}

/** A new descriptor of what is pinned at `path`; undefined when nothing is. */
export function openPin(path: string, mode: 'read' | 'readwrite' = 'readwrite'): number | undefined {
  const attr = createAttr(16)
  pointTo(attr, 0, zeroTerminated(path))
  attr.view.setUint32(12, mode === 'read' ? READ_ONLY : 0, true)
  const fd = bpf(BPF.OBJ_GET, attr)
  if (fd >= 0) return fd
  if (fd === -ENOENT) return undefined
  throw new BpfError({ code: 'SystemCall', call: 'BPF_OBJ_GET', subject: path, errno: errnoName(-fd) })
}

/** Pins a map, program or link. What was pinned at `path` before is replaced in one step. */
export function pin(fd: number, path: string): void {
  const fresh = join(dirname(path), `${UNFINISHED}${basename(path)}`)
  removePin(fresh)
  const attr = createAttr(16)
  pointTo(attr, 0, zeroTerminated(fresh))
  attr.view.setUint32(8, fd, true)
  bpfOrThrow(BPF.OBJ_PIN, attr, 'BPF_OBJ_PIN', path)
  renameSync(fresh, path)
}

/** Removing what is not there succeeds. */
export function removePin(path: string): void {
  rmSync(path, { force: true })
}

function zeroTerminated(text: string): Uint8Array {
  return new TextEncoder().encode(`${text}\0`)
}
