import { BPF, bpf, bpfOrThrow, createAttr, pointTo } from './bpf-call.ts'
import { BpfError } from './bpf-error.ts'
import { errnoName } from './errno.ts'
import { readObjectInfo } from './object-info.ts'

/** enum bpf_attach_type (linux/bpf.h), as far as Balise attaches. */
export const ATTACH_TYPE = {
  CGROUP_INET4_CONNECT: 10,
  CGROUP_INET6_CONNECT: 11,
  CGROUP_UDP4_SENDMSG: 14,
  CGROUP_UDP4_RECVMSG: 19,
  CGROUP_UDP6_RECVMSG: 20,
  CGROUP_INET4_GETPEERNAME: 29,
  CGROUP_INET6_GETPEERNAME: 30,
  XDP: 37,
  TCX_INGRESS: 46,
  TCX_EGRESS: 47,
} as const

/** BPF_F_BEFORE without a reference: ahead of all that hang there now. */
export const AHEAD_OF_ALL = 1 << 3

const LINK_TYPE = { cgroup: 3, tcx: 11 } as const
const EINVAL = 22
const ENOENT = 2
/** More programs than anyone hangs on one hook; the kernel's own bound for tcx is 64. */
const MOST_LINKS = 64

export interface LinkRequest {
  readonly programFd: number
  /** Descriptor of a cgroup, or an ifindex. */
  readonly target: number
  readonly attachType: number
  readonly flags?: number
  /** What it is attached to, for the message of an error. */
  readonly subject: string
}

/** BPF_LINK_CREATE: a descriptor of the new link. The program is detached when it is closed and no pin holds it. */
export function createLink({ programFd, target, attachType, flags = 0, subject }: LinkRequest): number {
  const attr = createAttr(32)
  attr.view.setUint32(0, programFd, true)
  attr.view.setUint32(4, target, true)
  attr.view.setUint32(8, attachType, true)
  attr.view.setUint32(12, flags, true)
  return bpfOrThrow(BPF.LINK_CREATE, attr, 'BPF_LINK_CREATE', subject)
}

/** BPF_LINK_UPDATE: from one packet to the next the new program runs instead of the old one. */
export function updateLink(linkFd: number, programFd: number, subject: string): void {
  const attr = createAttr(16)
  attr.view.setUint32(0, linkFd, true)
  attr.view.setUint32(4, programFd, true)
  bpfOrThrow(BPF.LINK_UPDATE, attr, 'BPF_LINK_UPDATE', subject)
}

/** BPF_LINK_DETACH, whoever else holds the link. */
export function detachLink(linkFd: number, subject: string): void {
  const attr = createAttr(4)
  attr.view.setUint32(0, linkFd, true)
  bpfOrThrow(BPF.LINK_DETACH, attr, 'BPF_LINK_DETACH', subject)
}

export type LinkInfo = { readonly id: number; readonly programId: number } & (
  | { readonly kind: 'tcx'; readonly ifindex: number; readonly attachType: number }
  | { readonly kind: 'cgroup'; readonly cgroupId: bigint; readonly attachType: number }
  | { readonly kind: 'other' }
)

/** `struct bpf_link_info`. `ifindex` and `cgroupId` are 0 when what it was attached to is gone. */
export function readLinkInfo(linkFd: number): LinkInfo {
  const view = readObjectInfo(linkFd, 48)
  const ids = { id: view.getUint32(4, true), programId: view.getUint32(8, true) }
  switch (view.getUint32(0, true)) {
    case LINK_TYPE.tcx:
      return { ...ids, kind: 'tcx', ifindex: view.getUint32(16, true), attachType: view.getUint32(20, true) }
    case LINK_TYPE.cgroup:
      return { ...ids, kind: 'cgroup', cgroupId: view.getBigUint64(16, true), attachType: view.getUint32(24, true) }
    default:
      return { ...ids, kind: 'other' }
  }
}

/** Ids of the tcx links on a device of this network namespace, in the order in which they run; undefined where the kernel has no tcx. */
export function listTcxLinks(ifindex: number, attachType: number): readonly number[] | undefined {
  const programIds = new Uint8Array(4 * MOST_LINKS)
  const linkIds = new Uint8Array(4 * MOST_LINKS)
  const attr = createAttr(64)
  attr.view.setUint32(0, ifindex, true)
  attr.view.setUint32(4, attachType, true)
  pointTo(attr, 16, programIds)
  attr.view.setUint32(24, MOST_LINKS, true)
  pointTo(attr, 40, linkIds)
  const answer = bpf(BPF.PROG_QUERY, attr)
  if (answer === -EINVAL) return undefined
  if (answer === -ENOENT) return []
  if (answer < 0) {
    const subject = `interface ${ifindex}`
    throw new BpfError({ code: 'SystemCall', call: 'BPF_PROG_QUERY', subject, errno: errnoName(-answer) })
  }
  const ids = new DataView(linkIds.buffer)
  const count = Math.min(attr.view.getUint32(24, true), MOST_LINKS)
  return Array.from({ length: count }, (_, index) => ids.getUint32(4 * index, true))
}
