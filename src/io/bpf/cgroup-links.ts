import { closeSync, constants, fstatSync, openSync, statfsSync } from 'node:fs'
import { closeFd } from './bpf-call.ts'
import { BpfError } from './bpf-error.ts'
import { createLink, detachLink, readLinkInfo, updateLink } from './link-calls.ts'
import { openPin, pin, removePin } from './pin.ts'
import { readProgramInfo } from './program-info.ts'

/** CGROUP2_SUPER_MAGIC (linux/magic.h) */
const CGROUP2_MAGIC = 0x63677270

export interface CgroupHook {
  /** A folder of cgroup2. */
  readonly path: string
  readonly attachType: number
  readonly program: string
  readonly programFd: number
}

/** Attaches with a link pinned at `pinPath`; a link that is there gets the new program without a gap. Others' programs stay. */
export function attachCgroupLink(hook: CgroupHook, pinPath: string): void {
  if (!isCgroup2(hook.path)) throw new BpfError({ code: 'NotCgroup2', path: hook.path })
  const folder = openSync(hook.path, constants.O_RDONLY | constants.O_DIRECTORY)
  try {
    const present = openLiveLink(fstatSync(folder, { bigint: true }).ino, hook.attachType, pinPath)
    if (present === undefined) createPinned(hook, folder, pinPath)
    else replaceProgram(hook, present)
  } finally {
    closeSync(folder)
  }
}

/** Removing the pin would do as well, but the kernel takes its time over that. */
export function detachCgroupLink(pinPath: string): void {
  const link = openPin(pinPath)
  if (link === undefined) return
  try {
    detachLink(link, pinPath)
  } finally {
    closeFd(link)
  }
  removePin(pinPath)
}

/** Whether the link pinned at `pinPath` still hangs on a cgroup: the kernel takes it off when that is removed. */
export function isCgroupAttached(pinPath: string): boolean {
  const link = openPin(pinPath)
  if (link === undefined) return false
  try {
    const info = readLinkInfo(link)
    return info.kind === 'cgroup' && info.cgroupId !== 0n
  } finally {
    closeFd(link)
  }
}

function createPinned(hook: CgroupHook, folder: number, pinPath: string): void {
  const { programFd, attachType } = hook
  const link = createLink({ programFd, target: folder, attachType, subject: `${hook.program} on ${hook.path}` })
  try {
    pin(link, pinPath)
  } finally {
    closeFd(link)
  }
}

function replaceProgram(hook: CgroupHook, link: number): void {
  try {
    if (readLinkInfo(link).programId !== readProgramInfo(hook.programFd).id)
      updateLink(link, hook.programFd, `${hook.program} on ${hook.path}`)
  } finally {
    closeFd(link)
  }
}

/** A cgroup's id is the inode number of its folder. One that was removed and made anew has another. */
function openLiveLink(cgroupId: bigint, attachType: number, pinPath: string): number | undefined {
  const link = openPin(pinPath)
  if (link === undefined) return undefined
  const info = readLinkInfo(link)
  if (info.kind === 'cgroup' && info.cgroupId === cgroupId && info.attachType === attachType) return link
  closeFd(link)
  return undefined
}

function isCgroup2(path: string): boolean {
  try {
    return statfsSync(path).type === CGROUP2_MAGIC
  } catch {
    return false // a folder that is not there is none of cgroup2 either
  }
}
