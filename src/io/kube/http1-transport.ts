import { Agent as HttpAgent, type IncomingMessage, request as httpRequest } from 'node:http'
import { Agent as HttpsAgent, type AgentOptions, request as httpsRequest } from 'node:https'
import type { Duplex } from 'node:stream'
import { callbackify } from 'node:util'
import type { KubeEndpoint } from './kube-endpoint.ts'
import type { KubeRequest, KubeResponse, KubeTransport } from './kube-transport.ts'

/** Connections at a time; each watch takes one. */
const MAX_SOCKETS = 32
/** The server sends a bookmark about every minute; a stream that is silent for longer is dead. */
const SILENCE_MS = 90_000

/** For servers without HTTP/2: `kubectl proxy` and some gateways. A dead connection shows when a request times out (`reset`) or by silence. */
export function createHttp1Transport(endpoint: KubeEndpoint, connectSocket?: () => Promise<Duplex>): KubeTransport {
  const options = { keepAlive: true, maxSockets: MAX_SOCKETS }
  const agent = connectSocket === undefined ? new HttpAgent(options) : new DialingAgent(options, connectSocket)
  const start = connectSocket === undefined ? httpRequest : httpsRequest
  const underWay = new Set<(reason: Error) => void>()

  const send = async (request: KubeRequest, signal: AbortSignal): Promise<KubeResponse> => {
    signal.throwIfAborted()
    const { promise, resolve, reject } = Promise.withResolvers<KubeResponse>()
    const { method, path, headers, body } = request
    const outgoing = start(new URL(path, endpoint.server), { agent, method, headers })
    const destroy = (reason: Error): void => void outgoing.destroy(reason)
    const onAbort = (): void => destroy(signal.reason instanceof Error ? signal.reason : new Error('Aborted'))
    underWay.add(destroy)
    signal.addEventListener('abort', onAbort, { once: true })
    outgoing.setTimeout(SILENCE_MS, () => destroy(new Error('The server does not answer')))
    outgoing.once('response', (answer: IncomingMessage) => {
      resolve({ status: answer.statusCode ?? 0, retryAfter: answer.headers['retry-after'], body: answer })
    })
    outgoing.on('error', reject)
    outgoing.once('close', () => {
      underWay.delete(destroy)
      signal.removeEventListener('abort', onAbort)
      reject(new Error('The connection was closed'))
    })
    outgoing.end(body)
    return await promise
  }
  const reset = (reason: Error): void => {
    for (const destroy of underWay) destroy(reason)
  }
  return {
    send,
    reset,
    close() {
      reset(new Error('The client is closed'))
      agent.destroy()
    },
  }
}

/** An agent whose connections somebody else makes. */
class DialingAgent extends HttpsAgent {
  readonly #dial: () => Promise<Duplex>

  constructor(options: AgentOptions, dial: () => Promise<Duplex>) {
    super(options)
    this.#dial = dial
  }

  override createConnection(_options: unknown, done: (error: Error | null, stream: Duplex) => void): null {
    callbackify(this.#dial)(done)
    return null
  }
}
