import { libc } from '#io/bpf/libc.ts'
import { openSocket } from './socket.ts'

const AF_INET = 2
const SOCK_DGRAM = 2
const SOL_SOCKET = 1
/** asm-generic/socket.h; kernel 5.14 */
const SO_NETNS_COOKIE = 71

/** The number that BPF programs see of this process's network namespace (`bpf_get_netns_cookie`); undefined where the kernel does not tell. */
export function readNetnsCookie(): bigint | undefined {
  const socket = openSocket({
    family: AF_INET,
    type: SOCK_DGRAM,
    protocol: 0,
    nonBlocking: false,
    subject: 'netns cookie',
  })
  try {
    const cookie = new BigUint64Array(1)
    const length = Uint32Array.of(cookie.byteLength)
    const answer = libc().getsockopt(socket.fd, SOL_SOCKET, SO_NETNS_COOKIE, new Uint8Array(cookie.buffer), length)
    return answer === 0 ? cookie[0] : undefined
  } finally {
    socket.close()
  }
}
