import { chmodSync, mkdirSync, rmSync } from 'node:fs'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { dirname } from 'node:path'
import {
  AGENT_API,
  type DebuginfoAnswer,
  type HealthAnswer,
  type L2Answer,
  type ServicesAnswer,
  type StatusAnswer,
} from '#api/agent.ts'

/** What the API answers with, made when it is asked for. */
export interface Answers {
  status(): StatusAnswer
  services(): ServicesAnswer
  l2(): L2Answer
  debuginfo(): DebuginfoAnswer
  health(): HealthAnswer
}

export interface ApiServerOptions {
  readonly answers: Answers
  /** Path of the unix socket; a leftover of an earlier agent is replaced. */
  readonly socket: string
  /** Port of `/healthz` on 127.0.0.1; 0 for none. */
  readonly healthPort: number
}

export interface ApiServer {
  close(): Promise<void>
}

/** Resolves when both listen. Rejects when one cannot: the path or port is named in the error. */
export async function openApiServer({ answers, socket, healthPort }: ApiServerOptions): Promise<ApiServer> {
  mkdirSync(dirname(socket), { recursive: true })
  rmSync(socket, { force: true })
  const api = createServer((request, response) => answer(request, response, answers))
  await listen(api, { path: socket })
  chmodSync(socket, 0o600)
  const servers = [api]
  if (healthPort !== 0) {
    const health = createServer((request, response) => answerHealth(request, response, answers))
    servers.push(health)
    await listen(health, { host: '127.0.0.1', port: healthPort })
  }
  return {
    close: async () => {
      await Promise.all(servers.map(close))
      rmSync(socket, { force: true })
    },
  }
}

function answer(request: IncomingMessage, response: ServerResponse, answers: Answers): void {
  if (request.method !== 'GET') return send(response, 405, { error: 'Only GET is answered' })
  switch (request.url ?? '') {
    case AGENT_API.status:
      return send(response, 200, answers.status())
    case AGENT_API.services:
      return send(response, 200, answers.services())
    case AGENT_API.l2:
      return send(response, 200, answers.l2())
    case AGENT_API.debuginfo:
      return send(response, 200, answers.debuginfo())
    case AGENT_API.healthz:
      return sendHealth(response, answers)
    default:
      return send(response, 404, { error: `Nothing is at ${request.url}`, paths: Object.values(AGENT_API) })
  }
}

function answerHealth(request: IncomingMessage, response: ServerResponse, answers: Answers): void {
  if (request.url === '/healthz') sendHealth(response, answers)
  else send(response, 404, { error: 'Only /healthz is here' })
}

function sendHealth(response: ServerResponse, answers: Answers): void {
  const health = answers.health()
  send(response, health.state === 'failed' ? 503 : 200, health)
}

function send(response: ServerResponse, code: number, body: unknown): void {
  response.writeHead(code, { 'content-type': 'application/json' })
  response.end(`${JSON.stringify(body)}\n`)
}

async function listen(
  server: Server,
  where: { readonly path: string } | { readonly host: string; readonly port: number },
): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  server.once('error', reject)
  server.listen(where, resolve)
  await promise
  server.removeListener('error', reject)
}

async function close(server: Server): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>()
  server.close(() => resolve())
  server.closeAllConnections()
  await promise
}
