import { type ClientHttp2Session, type ClientHttp2Stream, connect, constants } from 'node:http2'
import type { Socket } from 'node:net'
import { abortable } from './abortable.ts'
import { bodyOf } from './http2-body.ts'
import { watchLife } from './http2-life.ts'
import type { KubeRequest, KubeResponse, KubeTransport, TransportOptions } from './kube-transport.ts'

/** Bytes in flight to us: for the connection, and for one stream, so that a list does not starve the watches beside it. */
const CONNECTION_WINDOW = 4 * 1024 * 1024
const STREAM_WINDOW = 1024 * 1024

/** All requests and watches over one connection, as client-go does; pings show within seconds that it is dead. */
export function createHttp2Transport(
  connectSocket: () => Promise<Socket>,
  authority: string,
  options: TransportOptions,
): KubeTransport {
  let session: Promise<ClientHttp2Session> | undefined
  /** Also those that the server has sent away: what is under way on them goes on. */
  const sessions = new Set<ClientHttp2Session>()
  let isClosed = false

  const open = async (): Promise<ClientHttp2Session> => {
    const socket = await connectSocket()
    const opened = startSession(socket, authority, options)
    sessions.add(opened)
    opened.once('close', () => sessions.delete(opened))
    if (isClosed) opened.destroy()
    return opened
  }
  const current = async (): Promise<ClientHttp2Session> => {
    for (;;) {
      const opening = (session ??= open())
      const forget = (): void => {
        if (session === opening) session = undefined
      }
      try {
        const opened = await opening
        if (!opened.closed && !opened.destroyed) return opened
        if (isClosed) throw new Error('The client is closed')
        forget()
      } catch (error) {
        forget()
        throw error
      }
    }
  }
  const end = (reason: Error): void => {
    const ending = session
    session = undefined
    const destroy = (opened: ClientHttp2Session): void => opened.destroy(reason, constants.NGHTTP2_NO_ERROR)
    sessions.forEach(destroy)
    ending?.then(destroy, () => undefined) // it never opened; who asked for it has been told
  }
  return {
    async send(request, signal) {
      const opened = await abortable(current(), signal)
      return await startStream(opened, request, signal)
    },
    reset: end,
    close() {
      isClosed = true
      end(new Error('The client is closed'))
    },
  }
}

function startSession(socket: Socket, authority: string, options: TransportOptions): ClientHttp2Session {
  // First in line at the socket's end: http2 itself would end the bodies under way as if they were whole.
  socket.once('close', () => session.destroy(new Error('The connection was closed'), constants.NGHTTP2_NO_ERROR))
  const session = connect(authority, {
    createConnection: () => socket,
    settings: { enablePush: false, initialWindowSize: STREAM_WINDOW },
  })
  session.once('connect', () => {
    if (!session.destroyed) session.setLocalWindowSize(CONNECTION_WINDOW)
  })
  session.on('error', () => undefined) // every stream fails with it, and each is told
  const stopPings = watchLife(session, socket, options)
  session.once('close', stopPings)
  return session
}

function startStream(session: ClientHttp2Session, request: KubeRequest, signal: AbortSignal): Promise<KubeResponse> {
  signal.throwIfAborted()
  const { promise, resolve, reject } = Promise.withResolvers<KubeResponse>()
  const { method, path, headers, body } = request
  const stream = session.request({ ...headers, ':method': method, ':path': path }, { endStream: body === undefined })
  const onAbort = (): void => cancel(stream, signal.reason)
  signal.addEventListener('abort', onAbort, { once: true })
  stream.once('response', (answer) => {
    const retryAfter = answer['retry-after']
    const status = answer[':status'] ?? 0
    resolve({ status, retryAfter: typeof retryAfter === 'string' ? retryAfter : undefined, body: bodyOf(stream) })
  })
  stream.on('error', reject)
  stream.once('close', () => {
    signal.removeEventListener('abort', onAbort)
    reject(new Error('The connection was closed'))
  })
  if (body !== undefined) stream.end(body)
  return promise
}

function cancel(stream: ClientHttp2Stream, reason: unknown): void {
  stream.close(constants.NGHTTP2_CANCEL)
  stream.destroy(reason instanceof Error ? reason : new Error('Aborted', { cause: reason }))
}
