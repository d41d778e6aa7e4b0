import { BPF, bpfOrThrow, createAttr, pointTo } from './bpf-call.ts'

/** What the kernel says about a map, program or link (BPF_OBJ_GET_INFO_BY_FD). Fields that it does not have are zero. */
export function readObjectInfo(fd: number, lengthOctets: number): DataView {
  const info = new Uint8Array(lengthOctets)
  const attr = createAttr(16)
  attr.view.setUint32(0, fd, true)
  attr.view.setUint32(4, lengthOctets, true)
  pointTo(attr, 8, info)
  bpfOrThrow(BPF.OBJ_GET_INFO_BY_FD, attr, 'BPF_OBJ_GET_INFO_BY_FD', `descriptor ${fd}`)
  return new DataView(info.buffer)
}
