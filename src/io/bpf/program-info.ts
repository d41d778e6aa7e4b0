import { BPF, bpf, closeFd, createAttr } from './bpf-call.ts'
import { readFixedText } from './map-info.ts'
import { readObjectInfo } from './object-info.ts'

export interface ProgramInfo {
  readonly id: number
  /** At most 15 octets, as the kernel cut it: compare with `kernelName`. */
  readonly name: string
}

/** `struct bpf_prog_info` (linux/bpf.h), the part up to the name. */
export function readProgramInfo(programFd: number): ProgramInfo {
  const view = readObjectInfo(programFd, 80)
  return { id: view.getUint32(4, true), name: readFixedText(view, 64, 16) }
}

/** Undefined when there is no such program any more, or when we may not ask: that takes CAP_SYS_ADMIN. */
export function readProgramNameById(id: number): string | undefined {
  const attr = createAttr(12)
  attr.view.setUint32(0, id, true)
  const fd = bpf(BPF.PROG_GET_FD_BY_ID, attr)
  if (fd < 0) return undefined
  try {
    return readProgramInfo(fd).name
  } finally {
    closeFd(fd)
  }
}

/** BPF_OBJ_NAME_LEN - 1 octets of a name are kept by the kernel. */
export function kernelName(program: string): string {
  return program.slice(0, 15)
}
