import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { claimSocket, type SocketClaim } from './socket-claim.ts'

export interface HttpRequest {
  readonly method: string
  /** Without its query. */
  readonly path: string
  readonly query: URLSearchParams
  /** Empty when there is none. */
  readonly body: string
}

export type HttpAnswer = {
  readonly status: number
  /** Beside those of the body. */
  readonly headers?: Readonly<Record<string, string>>
} & ({ readonly json: unknown } | { readonly text: string; readonly contentType: string })

export interface HttpServerOptions {
  /** A unix socket, for root alone, or a port: of 127.0.0.1, or `everywhere` of all addresses of this machine. */
  readonly listen: { readonly socketPath: string } | { readonly port: number; readonly everywhere?: boolean }
  readonly answer: (request: HttpRequest) => HttpAnswer | Promise<HttpAnswer>
  /** What `answer` threw; the asker gets 500. */
  readonly onFailure?: (error: unknown, request: HttpRequest) => void
}

export interface HttpServer {
  /** Of the port; undefined for a socket. */
  readonly port: number | undefined
  /** Breaks what is under way. */
  close(): Promise<void>
}

/** Bounds of what an asker can make us hold. */
const MAX_BODY_OCTETS = 64 * 1024
const MAX_HEADER_OCTETS = 8 * 1024
const MAX_CONNECTIONS = 64
const REQUEST_TIMEOUT_MS = 10_000
const IDLE_TIMEOUT_MS = 30_000

/**
 * A server for this machine alone, unless it is to listen everywhere. Resolves when it listens; rejects when it cannot, and the error names
 * path or port. The socket of an earlier process is replaced in one step, so that there is never none.
 */
export async function openHttpServer(options: HttpServerOptions): Promise<HttpServer> {
  const server = createServer({
    maxHeaderSize: MAX_HEADER_OCTETS,
    headersTimeout: REQUEST_TIMEOUT_MS,
    requestTimeout: REQUEST_TIMEOUT_MS,
    keepAliveTimeout: IDLE_TIMEOUT_MS,
  })
  server.maxConnections = MAX_CONNECTIONS
  server.on('request', (incoming, response) => void respond(incoming, response, options))
  const claim = 'socketPath' in options.listen ? claimSocket(options.listen.socketPath) : undefined
  await listen(server, claim === undefined ? placeOf(options.listen) : { path: claim.listenPath })
  claim?.take()
  const address = server.address()
  return {
    port: typeof address === 'object' ? address?.port : undefined,
    close: () => close(server, claim),
  }
}

/** Without a host Node listens at all addresses, of both families where there are both. */
function placeOf(where: HttpServerOptions['listen']): object {
  if (!('port' in where)) return {}
  return where.everywhere === true ? { port: where.port } : { port: where.port, host: '127.0.0.1' }
}

async function listen(server: Server, where: object): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  server.once('error', reject)
  server.listen(where, resolve)
  await promise
  server.off('error', reject)
}

async function close(server: Server, claim: SocketClaim | undefined): Promise<void> {
  claim?.release()
  const { promise, resolve } = Promise.withResolvers<void>()
  server.close(() => resolve())
  server.closeAllConnections()
  await promise
}

async function respond(incoming: IncomingMessage, response: ServerResponse, options: HttpServerOptions): Promise<void> {
  let body: string | undefined
  try {
    body = await readBody(incoming)
  } catch {
    response.destroy() // the asker went away or was too slow; there is nobody to tell
    return
  }
  if (body === undefined) return send(response, { status: 413, json: { error: `More than ${MAX_BODY_OCTETS} octets` } })
  const [path = '/', query = ''] = (incoming.url ?? '/').split('?', 2)
  const request: HttpRequest = { method: incoming.method ?? '', path, query: new URLSearchParams(query), body }
  send(response, await answerOrFail(request, options))
}

async function answerOrFail(request: HttpRequest, { answer, onFailure }: HttpServerOptions): Promise<HttpAnswer> {
  try {
    return await answer(request)
  } catch (error) {
    onFailure?.(error, request)
    return { status: 500, json: { error: error instanceof Error ? error.message : String(error) } }
  }
}

/** Undefined when it is too long. */
async function readBody(incoming: IncomingMessage): Promise<string | undefined> {
  const chunks: Buffer[] = []
  let length = 0
  for await (const chunk of incoming as AsyncIterable<Buffer>) {
    length += chunk.length
    if (length > MAX_BODY_OCTETS) return undefined
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString('utf8')
}

function send(response: ServerResponse, answer: HttpAnswer): void {
  const contentType = 'json' in answer ? 'application/json' : answer.contentType
  const text = 'json' in answer ? `${JSON.stringify(answer.json)}\n` : answer.text
  const about = { 'content-type': contentType, 'content-length': Buffer.byteLength(text) }
  response.writeHead(answer.status, { ...answer.headers, ...about })
  response.end(text)
}
