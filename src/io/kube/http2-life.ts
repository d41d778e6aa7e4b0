import { type ClientHttp2Session, constants } from 'node:http2'
import type { Socket } from 'node:net'
import type { TransportOptions } from './kube-transport.ts'

/** Does something after a time; returns the way to leave it. */
export type After = (waitMs: number, work: () => void) => () => void

const afterTimeout: After = (waitMs, work) => {
  const timer = setTimeout(work, waitMs)
  return () => clearTimeout(timer)
}

/**
 * Destroys a session on which nothing comes and no ping is answered. Returns the way to end the watching. An answer may lie behind megabytes
 * on a slow way: as long as anything comes it is waited for, and never longer without.
 */
export function watchLife(
  session: Pick<ClientHttp2Session, 'destroyed' | 'destroy' | 'ping'>,
  socket: Pick<Socket, 'bytesRead'>,
  options: TransportOptions,
  after: After = afterTimeout,
): () => void {
  let seenBytes = -1
  let isAsked = false
  const look = (): void => {
    if (session.destroyed) return
    if (socket.bytesRead === seenBytes) return ask()
    seenBytes = socket.bytesRead
    leave = after(options.idleMs, look)
  }
  const ask = (): void => {
    isAsked = true
    waitForSign()
    session.ping(() => {
      if (!isAsked) return
      isAsked = false
      leave()
      leave = after(options.idleMs, look)
    })
  }
  const waitForSign = (): void => {
    seenBytes = socket.bytesRead
    // Timers come before sockets in a turn of the loop: when we ourselves were held up, the answer may lie there unread.
    leave = after(options.pingTimeoutMs, () => setImmediate(judge))
  }
  const judge = (): void => {
    if (!isAsked) return
    if (socket.bytesRead !== seenBytes) return waitForSign()
    isAsked = false
    session.destroy(new Error('The server does not answer'), constants.NGHTTP2_NO_ERROR)
  }
  let leave = after(options.idleMs, look)
  return () => {
    isAsked = false
    leave()
  }
}
