import { type HttpServer, openHttpServer } from '#io/http/http-server.ts'
import type { OperatorStatus } from './operator.ts'

/**
 * `GET /healthz` on 127.0.0.1: 200 as long as the process can do its work by itself, with what it waits for and the API server that it
 * speaks to. A missing rule or CRD is told here and in the log, but is no reason to restart. Rejects when the port is taken.
 */
export function openHealthServer(
  port: number,
  status: () => OperatorStatus,
  server: () => string,
): Promise<HttpServer> {
  return openHttpServer({
    listen: { port },
    answer: ({ method, path }) =>
      method === 'GET' && path === '/healthz'
        ? { status: 200, json: { ...healthOf(status()), server: server() } }
        : { status: 404, json: { error: 'Only GET /healthz is answered' } },
  })
}

/** `degraded`: a leader that cannot see everything it needs, and therefore writes less than it should. */
export function healthOf(status: OperatorStatus): { readonly state: 'ok' | 'degraded' } & OperatorStatus {
  return { state: status.missing.length > 0 ? 'degraded' : 'ok', ...status }
}
