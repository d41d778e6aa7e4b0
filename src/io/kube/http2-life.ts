import { type ClientHttp2Session, constants } from 'node:http2'
import type { Socket } from 'node:net'
import type { TransportOptions } from './kube-transport.ts'

/** Destroys a session on which nothing comes and no ping is answered. Returns the way to end the watching. */
export function watchLife(session: ClientHttp2Session, socket: Socket, options: TransportOptions): () => void {
  let seenBytes = -1
  let limit: NodeJS.Timeout | undefined
  const destroyIfSilent = (): void => {
    if (socket.bytesRead !== seenBytes) return
    session.destroy(new Error('The server does not answer'), constants.NGHTTP2_NO_ERROR)
  }
  const timer = setInterval(() => {
    const { bytesRead } = socket
    if (bytesRead !== seenBytes || limit !== undefined || session.destroyed) {
      seenBytes = bytesRead
      return
    }
    // Timers come before sockets in a turn of the loop: when we ourselves were held up, the answer may lie there unread.
    limit = setTimeout(() => setImmediate(destroyIfSilent), options.pingTimeoutMs)
    session.ping(() => {
      clearTimeout(limit)
      limit = undefined
    })
  }, options.idleMs)
  return () => {
    clearInterval(timer)
    clearTimeout(limit)
  }
}
