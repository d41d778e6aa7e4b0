import { closeFd } from './bpf-call.ts'
import { type DeviceHook, type Direction, formatDeviceHook } from './device-hook.ts'
import {
  AHEAD_OF_ALL,
  ATTACH_TYPE,
  createLink,
  detachLink,
  listTcxLinks,
  readLinkInfo,
  updateLink,
} from './link-calls.ts'
import { openPin, pin, removePin } from './pin.ts'
import { readProgramInfo } from './program-info.ts'

/** An interface that every network namespace has. */
const LOOPBACK_IFINDEX = 1

/** Whether this kernel has tcx (Linux 6.6): asked, not guessed by its version. */
export function hasTcx(): boolean {
  return listTcxLinks(LOOPBACK_IFINDEX, ATTACH_TYPE.TCX_INGRESS) !== undefined
}

/**
 * Attaches with a link pinned at `path`. A link that is there gets the new program, without a moment in which none runs. Ingress
 * goes ahead of others, which must not swallow what is meant for a VIP; egress behind them, next to the wire.
 */
export function attachTcx(hook: DeviceHook, path: string): void {
  const present = openLiveLink(hook, path)
  if (present !== undefined) {
    try {
      if (readLinkInfo(present).programId !== readProgramInfo(hook.programFd).id)
        updateLink(present, hook.programFd, formatDeviceHook(hook))
    } finally {
      closeFd(present)
    }
    return
  }
  const link = createLink({
    programFd: hook.programFd,
    target: hook.ifindex,
    attachType: attachTypeOf(hook.direction),
    flags: hook.direction === 'ingress' ? AHEAD_OF_ALL : 0,
    subject: formatDeviceHook(hook),
  })
  try {
    pin(link, path) // a link of a device that is gone loses its pin by this, and with it its life
  } finally {
    closeFd(link)
  }
}

/** Removing the pin would do as well, but the kernel takes its time over that. */
export function detachTcx(hook: { readonly ifindex: number; readonly direction: Direction }, path: string): void {
  const link = openLiveLink(hook, path)
  if (link !== undefined) {
    try {
      detachLink(link, `interface ${hook.ifindex} ${hook.direction}`)
    } finally {
      closeFd(link)
    }
  }
  removePin(path)
}

/** Whether the link pinned at `path` still hangs on this device. */
export function isTcxAttached(
  hook: { readonly ifindex: number; readonly direction: Direction },
  path: string,
): boolean {
  const link = openLiveLink(hook, path)
  if (link !== undefined) closeFd(link)
  return link !== undefined
}

/** Whether the device of the link pinned at `path` is gone. One of another network namespace is not. */
export function isTcxDead(path: string): boolean {
  const link = openPin(path)
  if (link === undefined) return true
  try {
    const info = readLinkInfo(link)
    return info.kind === 'tcx' && info.ifindex === 0
  } finally {
    closeFd(link)
  }
}

/** The descriptor, if the pinned link still hangs on that device, of this network namespace and not of another with the same index. */
function openLiveLink(
  hook: { readonly ifindex: number; readonly direction: Direction },
  path: string,
): number | undefined {
  const link = openPin(path)
  if (link === undefined) return undefined
  const info = readLinkInfo(link)
  const attachType = attachTypeOf(hook.direction)
  const live =
    info.kind === 'tcx' &&
    info.ifindex === hook.ifindex &&
    info.attachType === attachType &&
    listTcxLinks(hook.ifindex, attachType)?.includes(info.id) === true
  if (live) return link
  closeFd(link)
  return undefined
}

function attachTypeOf(direction: Direction): number {
  return direction === 'ingress' ? ATTACH_TYPE.TCX_INGRESS : ATTACH_TYPE.TCX_EGRESS
}
