import { BpfError } from './bpf-error.ts'
import { errnoName } from './errno.ts'
import { addressOf, errno, libc } from './libc.ts'

/** Commands of bpf(2) (enum bpf_cmd of linux/bpf.h). */
export const BPF = {
  MAP_LOOKUP_ELEM: 1,
  MAP_UPDATE_ELEM: 2,
  MAP_DELETE_ELEM: 3,
  MAP_GET_NEXT_KEY: 4,
  OBJ_PIN: 6,
  OBJ_GET: 7,
  PROG_TEST_RUN: 10,
  PROG_GET_FD_BY_ID: 13,
  OBJ_GET_INFO_BY_FD: 15,
  PROG_QUERY: 16,
  MAP_LOOKUP_BATCH: 24,
  MAP_UPDATE_BATCH: 26,
  MAP_DELETE_BATCH: 27,
  LINK_CREATE: 28,
  LINK_UPDATE: 29,
  LINK_GET_FD_BY_ID: 30,
  LINK_DETACH: 34,
} as const

/** The argument of a command: the octets of `union bpf_attr`, and what they point to, which must live as long. */
export interface BpfAttr {
  readonly octets: Uint8Array
  readonly view: DataView
  readonly referenced: Uint8Array[]
}

/** An attribute of zeros. The machines that Balise runs on are little-endian, and so are all numbers in it. */
export function createAttr(lengthOctets: number): BpfAttr {
  const octets = new Uint8Array(lengthOctets)
  return { octets, view: new DataView(octets.buffer), referenced: [] }
}

/** Makes the pointer at `offset` point to `target`. */
export function pointTo(attr: BpfAttr, offset: number, target: Uint8Array): void {
  attr.referenced.push(target)
  attr.view.setBigUint64(offset, addressOf(target), true)
}

/** bpf(2). What the kernel answers (0, or a descriptor), or minus the error number. */
export function bpf(command: number, attr: BpfAttr): number {
  const answer = libc().syscall(
    SYSCALL_NUMBER[process.arch] ?? unknownMachine(),
    command,
    attr.octets,
    attr.octets.length,
  )
  const result = answer < 0 ? -errno() : answer
  attr.referenced.length = 0 // not before: until here the kernel may have read and written what it pointed to
  return result
}

/** bpf(2) where every error is thrown; `call` and `subject` name what was tried, for the message. */
export function bpfOrThrow(command: number, attr: BpfAttr, call: string, subject: string): number {
  const answer = bpf(command, attr)
  if (answer < 0) throw new BpfError({ code: 'SystemCall', call, subject, errno: errnoName(-answer) })
  return answer
}

/** Closes a descriptor of bpf(2). */
export function closeFd(fd: number): void {
  libc().close(fd)
}

const SYSCALL_NUMBER: { readonly [machine: string]: number } = { x64: 321, arm64: 280 }

function unknownMachine(): never {
  throw new Error(`The number of bpf(2) is not known for ${process.arch}`)
}
