import { errno, libc } from '#io/bpf/libc.ts'
import { errnoName } from '#io/bpf/errno.ts'
import { NetError } from './net-error.ts'
import { openSocket, SOCK_RAW, type Socket } from './socket.ts'

const AF_NETLINK = 16
/** Families of netlink (linux/netlink.h). */
export const NETLINK = { ROUTE: 0, NETFILTER: 12 } as const
const SOL_SOCKET = 1
const SO_RCVTIMEO = 20
/** The kernel answers a dump while it is asked: to wait longer would be to wait for ever. */
const RECEIVE_TIMEOUT_SECONDS = 2

export interface NetlinkOptions {
  /** Of `NETLINK`; rtnetlink when unset. */
  readonly protocol?: number
  /** Bits of the multicast groups to hear (RTMGRP_* of linux/rtnetlink.h, or 1 << (NFNLGRP_* - 1)). */
  readonly groups: number
  readonly nonBlocking: boolean
}

/** A netlink socket of this process's network namespace. */
export function openNetlink({ protocol = NETLINK.ROUTE, groups, nonBlocking }: NetlinkOptions): Socket {
  const subject = 'netlink socket'
  const socket = openSocket({ family: AF_NETLINK, type: SOCK_RAW, protocol, nonBlocking, subject })
  try {
    socket.bind(netlinkAddress(groups))
    const timeout = new DataView(new ArrayBuffer(16)) // struct timeval
    timeout.setBigInt64(0, BigInt(RECEIVE_TIMEOUT_SECONDS), true)
    if (libc().setsockopt(socket.fd, SOL_SOCKET, SO_RCVTIMEO, new Uint8Array(timeout.buffer), 16) < 0)
      throw new NetError({ code: 'SystemCall', call: 'setsockopt', subject, errno: errnoName(errno()) })
    return socket
  } catch (cause) {
    socket.close()
    throw cause
  }
}

/** `struct sockaddr_nl` */
function netlinkAddress(groups: number): Uint8Array {
  const view = new DataView(new ArrayBuffer(12))
  view.setUint16(0, AF_NETLINK, true)
  view.setUint32(8, groups, true)
  return new Uint8Array(view.buffer)
}
