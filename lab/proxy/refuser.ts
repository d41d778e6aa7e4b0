import { readFileSync } from 'node:fs'
import { createServer, type Server } from 'node:https'
import type { Socket } from 'node:net'

/** HTTP status codes that the API server answers with when it will not do something, and the reason that goes with each (metav1.StatusReason). */
export const STATUS_REASONS: Readonly<Record<number, string>> = {
  403: 'Forbidden',
  409: 'Conflict',
  410: 'Expired',
  429: 'TooManyRequests',
  500: 'InternalError',
  503: 'ServiceUnavailable',
}

/** Stands in for the API server: ends TLS with its certificate and answers every request with one status, as a `Status` object. */
export class Refuser {
  readonly #server: Server
  readonly #sockets = new Set<Socket>()
  #code = 503

  constructor(files: { readonly cert: string; readonly key: string }) {
    this.#server = createServer(
      { cert: readFileSync(files.cert), key: readFileSync(files.key) },
      (request, response) => {
        request.resume()
        response.writeHead(this.#code, {
          'content-type': 'application/json',
          ...(this.#code === 429 ? { 'retry-after': '1' } : {}),
        })
        response.end(JSON.stringify(statusObject(this.#code)))
      },
    )
  }

  /** Answers on a connection that a client has just opened. */
  serve(socket: Socket, code: number): void {
    this.#code = code
    this.#sockets.add(socket)
    socket.once('close', () => this.#sockets.delete(socket))
    this.#server.emit('connection', socket)
  }

  /** Ends the connections that it answers on. */
  close(): void {
    for (const socket of this.#sockets) socket.destroy()
  }
}

/** The body of such an answer (metav1.Status). */
export function statusObject(code: number): object {
  const reason = STATUS_REASONS[code] ?? 'Unknown'
  return {
    kind: 'Status',
    apiVersion: 'v1',
    metadata: {},
    status: 'Failure',
    message: `The lab answers ${code}`,
    reason,
    code,
  }
}
