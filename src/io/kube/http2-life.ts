import { type ClientHttp2Session, constants } from 'node:http2'
import type { Socket } from 'node:net'
import type { TransportOptions } from './kube-transport.ts'

/** As much of a session as can be asked for a sign of life. */
export type LivingSession = Pick<ClientHttp2Session, 'destroyed' | 'destroy' | 'ping'>

/**
 * Destroys a session on which nothing comes and no ping is answered. Returns the way to end the watching. An answer may lie behind megabytes
 * on a slow way: as long as anything comes it is waited for, and never longer without.
 */
export function watchLife(
  session: LivingSession,
  socket: Pick<Socket, 'bytesRead'>,
  options: TransportOptions,
): () => void {
  let seenBytes = -1
  let limit: NodeJS.Timeout | undefined
  const endWaiting = (): void => {
    clearTimeout(limit)
    limit = undefined
  }
  const waitForSign = (): void => {
    seenBytes = socket.bytesRead
    // Timers come before sockets in a turn of the loop: when we ourselves were held up, the answer may lie there unread.
    limit = setTimeout(() => setImmediate(judge), options.pingTimeoutMs)
  }
  const judge = (): void => {
    if (limit === undefined) return
    if (socket.bytesRead !== seenBytes) return waitForSign()
    endWaiting()
    session.destroy(new Error('The server does not answer'), constants.NGHTTP2_NO_ERROR)
  }
  const timer = setInterval(() => {
    if (limit !== undefined || session.destroyed) return
    if (socket.bytesRead !== seenBytes) {
      seenBytes = socket.bytesRead
      return
    }
    waitForSign()
    session.ping(endWaiting)
  }, options.idleMs)
  return () => {
    clearInterval(timer)
    endWaiting()
  }
}
