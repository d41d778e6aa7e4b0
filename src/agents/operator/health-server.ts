import { createServer } from 'node:http'
import type { OperatorStatus } from './operator.ts'

export interface HealthServer {
  close(): Promise<void>
}

/**
 * `GET /healthz` on 127.0.0.1: 200 as long as the process can do its work by itself, with what it waits for. A missing rule or CRD is told
 * here and in the log, but is no reason to restart. Rejects when the port is taken.
 */
export async function openHealthServer(port: number, status: () => OperatorStatus): Promise<HealthServer> {
  const server = createServer((request, response) => {
    const isKnown = request.method === 'GET' && request.url === '/healthz'
    const body = isKnown ? healthOf(status()) : { error: 'Only GET /healthz is answered' }
    response.writeHead(isKnown ? 200 : 404, { 'content-type': 'application/json' })
    response.end(`${JSON.stringify(body)}\n`)
  })
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  server.once('error', reject)
  server.listen({ host: '127.0.0.1', port }, resolve)
  await promise
  return {
    close() {
      const closed = Promise.withResolvers<void>()
      server.close(() => closed.resolve())
      server.closeAllConnections()
      return closed.promise
    },
  }
}

/** `degraded`: a leader that cannot see everything it needs, and therefore writes less than it should. */
export function healthOf(status: OperatorStatus): { readonly state: 'ok' | 'degraded' } & OperatorStatus {
  return { state: status.missing.length > 0 ? 'degraded' : 'ok', ...status }
}
