import { closeFd } from './bpf-call.ts'
import { BpfError } from './bpf-error.ts'
import { type DeviceHook, type Direction, formatDeviceHook } from './device-hook.ts'
import { errnoName } from './errno.ts'
import { collectMessages, libbpf } from './libbpf.ts'
import { openPin, pin, removePin } from './pin.ts'
import { kernelName, readProgramInfo, readProgramNameById } from './program-info.ts'

/** enum bpf_tc_attach_point (bpf/libbpf.h) */
const ATTACH_POINT: { readonly [D in Direction]: number } = { ingress: 1, egress: 2 }
/** BPF_TC_F_REPLACE */
const REPLACE = 1
/** Our place among the filters of a device: a number that nobody else is likely to use, ahead of those without a number of their own. */
const PRIORITY = 2981
const HANDLE = 0xba115e
const EEXIST = 17
const ENOENT = 2
const ENODEV = 19
const EINVAL = 22

type Place = Pick<DeviceHook, 'ifindex' | 'direction'>

/**
 * Attaches as direct-action filter of the clsact qdisc, which is made where it is missing. A filter of ours is replaced in one step.
 * The pin at `path` holds the program, and so says what we put there.
 */
export function attachClsact(hook: DeviceHook, path: string): void {
  const answer = quietly(() => libbpf().tcHookCreate(hookOctets(hook)))
  if (answer < 0 && answer !== -EEXIST) throw tcError('clsact qdisc', hook, -answer)
  const present = queryProgramId(hook)
  const name = present === undefined ? undefined : readProgramNameById(present)
  if (name !== undefined && name !== kernelName(hook.program))
    throw new BpfError({ code: 'HookTaken', device: formatDeviceHook(hook), by: `BPF program ${name}` })
  if (present === readProgramInfo(hook.programFd).id) return
  const attached = quietly(() => libbpf().tcAttach(hookOctets(hook), filterOctets(hook.programFd, REPLACE)))
  if (attached < 0) throw tcError('tc filter', hook, -attached)
  pin(hook.programFd, path)
}

/** Removes our filter. The qdisc stays, for others may hang there; an empty one costs nothing that could be measured. */
export function detachClsact(place: Place, path: string): void {
  const ours = openedProgramId(path)
  if (ours !== undefined && queryProgramId(place) === ours) {
    const answer = quietly(() => libbpf().tcDetach(hookOctets(place), filterOctets(0, 0)))
    if (answer < 0 && !isAbsent(-answer))
      throw tcError('tc filter removal', { device: `interface ${place.ifindex}`, ...place }, -answer)
  }
  removePin(path)
}

/** Whether our filter still runs on this device. */
export function isClsactAttached(place: Place, path: string): boolean {
  const ours = openedProgramId(path)
  return ours !== undefined && queryProgramId(place) === ours
}

function openedProgramId(path: string): number | undefined {
  const fd = openPin(path)
  if (fd === undefined) return undefined
  try {
    return readProgramInfo(fd).id
  } finally {
    closeFd(fd)
  }
}

function queryProgramId(place: Place): number | undefined {
  const filter = filterOctets(0, 0)
  const answer = quietly(() => libbpf().tcQuery(hookOctets(place), filter))
  if (answer === 0) return new DataView(filter.buffer).getUint32(16, true)
  if (isAbsent(-answer)) return undefined
  throw tcError('tc filter query', { device: `interface ${place.ifindex}`, ...place }, -answer)
}

/** EINVAL is what the kernel says where there is no clsact qdisc at all. */
function isAbsent(number: number): boolean {
  return number === ENOENT || number === EINVAL || number === ENODEV
}

/** `struct bpf_tc_hook` */
function hookOctets({ ifindex, direction }: Place): Uint8Array {
  const view = new DataView(new ArrayBuffer(24))
  view.setUint32(0, 24, true)
  view.setUint32(8, ifindex, true)
  view.setUint32(12, ATTACH_POINT[direction], true)
  return new Uint8Array(view.buffer)
}

/** `struct bpf_tc_opts` */
function filterOctets(programFd: number, flags: number): Uint8Array {
  const view = new DataView(new ArrayBuffer(32))
  view.setUint32(0, 32, true)
  view.setUint32(8, programFd, true)
  view.setUint32(12, flags, true)
  view.setUint32(20, HANDLE, true)
  view.setUint32(24, PRIORITY, true)
  return new Uint8Array(view.buffer)
}

/** libbpf complains aloud of what is an answer to us. */
function quietly(call: () => number): number {
  return collectMessages(call).result
}

function tcError(
  call: string,
  hook: { readonly device: string; readonly direction: Direction },
  number: number,
): BpfError {
  return new BpfError({ code: 'SystemCall', call, subject: formatDeviceHook(hook), errno: errnoName(number) })
}
