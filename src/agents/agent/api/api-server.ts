import {
  AGENT_API,
  type DebuginfoAnswer,
  type HealthAnswer,
  type L2Answer,
  type ServicesAnswer,
  type StatusAnswer,
} from '#api/agent.ts'
import { type HttpAnswer, type HttpRequest, openHttpServer } from '#io/http/http-server.ts'

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
  const api = await openHttpServer({ listen: { socketPath: socket }, answer: (request) => answerApi(request, answers) })
  try {
    if (healthPort === 0) return api
    const health = await openHttpServer({
      listen: { port: healthPort },
      answer: (request) => answerHealth(request, answers),
    })
    return { close: async () => void (await Promise.all([api.close(), health.close()])) }
  } catch (error) {
    await api.close()
    throw error
  }
}

function answerApi({ method, path }: HttpRequest, answers: Answers): HttpAnswer {
  if (method !== 'GET') return { status: 405, json: { error: 'Only GET is answered' } }
  switch (path) {
    case AGENT_API.status:
      return { status: 200, json: answers.status() }
    case AGENT_API.services:
      return { status: 200, json: answers.services() }
    case AGENT_API.l2:
      return { status: 200, json: answers.l2() }
    case AGENT_API.debuginfo:
      return { status: 200, json: answers.debuginfo() }
    case AGENT_API.healthz:
      return healthOf(answers)
    default:
      return { status: 404, json: { error: `Nothing is at ${path}`, paths: Object.values(AGENT_API) } }
  }
}

function answerHealth({ path }: HttpRequest, answers: Answers): HttpAnswer {
  return path === '/healthz' ? healthOf(answers) : { status: 404, json: { error: 'Only /healthz is here' } }
}

function healthOf(answers: Answers): HttpAnswer {
  const health = answers.health()
  return { status: health.state === 'failed' ? 503 : 200, json: health }
}
