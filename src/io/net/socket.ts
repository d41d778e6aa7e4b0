import { errnoName } from '#io/bpf/errno.ts'
import { errno, libc } from '#io/bpf/libc.ts'
import { NetError } from './net-error.ts'

const SOCK_CLOEXEC = 0o2000000
const SOCK_NONBLOCK = 0o4000
export const SOCK_RAW = 3

/** A socket(2). Its children never inherit it. */
export interface Socket {
  readonly fd: number
  bind(address: Uint8Array): void
  /** One datagram; undefined when there is none now. Longer ones than `room` are cut. */
  receive(room: Uint8Array): Uint8Array | undefined
  /** `about` names the receiver in an error's message, in place of the socket. */
  send(octets: Uint8Array, to?: Uint8Array, about?: string): void
  close(): void
}

export interface SocketOptions {
  readonly family: number
  readonly type: number
  readonly protocol: number
  /** Reading never waits. */
  readonly nonBlocking: boolean
  /** For messages: `netlink socket`. */
  readonly subject: string
}

const EINTR = 4
const EAGAIN = 11

export function openSocket({ family, type, protocol, nonBlocking, subject }: SocketOptions): Socket {
  const check = (call: string, answer: number, about = subject): number => {
    if (answer >= 0) return answer
    throw new NetError({ code: 'SystemCall', call, subject: about, errno: errnoName(errno()) })
  }
  const fd = check('socket', libc().socket(family, type | SOCK_CLOEXEC | (nonBlocking ? SOCK_NONBLOCK : 0), protocol))
  let open = true
  return {
    fd,
    bind: (address) => void check('bind', libc().bind(fd, address, address.length)),
    receive(room) {
      for (;;) {
        const length = libc().recv(fd, room, room.length, 0)
        if (length >= 0) return room.subarray(0, length)
        const number = errno()
        if (number === EAGAIN) return undefined
        if (number !== EINTR)
          throw new NetError({ code: 'SystemCall', call: 'recv', subject, errno: errnoName(number) })
      }
    },
    send(octets, to, about) {
      const sent =
        to === undefined
          ? libc().send(fd, octets, octets.length, 0)
          : libc().sendto(fd, octets, octets.length, 0, to, to.length)
      check('send', sent, about)
    },
    close() {
      if (open) libc().close(fd)
      open = false
    },
  }
}
