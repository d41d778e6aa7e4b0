import { abortable } from './abortable.ts'
import type { KubeEndpoint } from './kube-endpoint.ts'
import type { KubeTransport, TransportOptions } from './kube-transport.ts'
import { createTransport } from './negotiated-transport.ts'
import { connectTls } from './tls-connect.ts'

export interface ChoosingTransport extends KubeTransport {
  /** Of the server that is spoken to, for messages; of all as long as none was chosen. */
  host(): string
}

export interface ChoosingOptions extends TransportOptions {
  /** One was chosen, and why not those before it. */
  readonly onServer: (server: URL, refused: readonly string[]) => void
}

/** What is on the node itself answers at once or not at all. */
const PROBE_MS = 2_000

interface Chosen {
  readonly endpoint: KubeEndpoint
  readonly transport: KubeTransport
}

/**
 * Speaks to the first of several addresses at which the cluster's API server proves itself by its certificate. When the way there breaks, all
 * are asked anew before the next request, the last one first, so that a request that failed alone moves nothing.
 */
export function createChoosingTransport(
  endpoints: readonly KubeEndpoint[],
  options: ChoosingOptions,
): ChoosingTransport {
  const [only, ...others] = endpoints
  if (only !== undefined && others.length === 0) {
    return { ...createTransport(only, options), host: () => only.server.host }
  }
  const choice = new Choice(endpoints, options)
  return {
    async send(request, signal) {
      const chosen = await abortable(choice.current(), signal)
      try {
        return await chosen.transport.send(request, signal)
      } catch (error) {
        if (!signal.aborted) choice.doubt()
        throw error
      }
    },
    reset: (reason) => choice.reset(reason),
    close: () => choice.close(),
    host: () => choice.chosen?.endpoint.server.host ?? endpoints.map(({ server }) => server.host).join(' or '),
  }
}

class Choice {
  chosen: Chosen | undefined
  readonly #endpoints: readonly KubeEndpoint[]
  readonly #options: ChoosingOptions
  #isDoubted = false
  #isClosed = false
  #choosing: Promise<Chosen> | undefined

  constructor(endpoints: readonly KubeEndpoint[], options: ChoosingOptions) {
    this.#endpoints = endpoints
    this.#options = options
  }

  /** All who ask while it is being chosen wait for one answer. */
  current(): Promise<Chosen> {
    if (this.chosen !== undefined && !this.#isDoubted) return Promise.resolve(this.chosen)
    this.#choosing ??= this.#choose().finally(() => {
      this.#choosing = undefined
    })
    return this.#choosing
  }

  doubt(): void {
    this.#isDoubted = true
  }

  reset(reason: Error): void {
    this.#isDoubted = true
    this.chosen?.transport.reset(reason)
  }

  close(): void {
    this.#isClosed = true
    this.chosen?.transport.close()
  }

  async #choose(): Promise<Chosen> {
    const before = this.chosen
    const refused: string[] = []
    const last = before === undefined ? [] : [before.endpoint]
    for (const endpoint of new Set([...last, ...this.#endpoints])) {
      const why = await this.#refusal(endpoint)
      if (this.#isClosed) throw new Error('The client is closed')
      if (why === undefined) return this.#take(endpoint, refused)
      refused.push(`${endpoint.server.host}: ${why}`)
    }
    throw new Error(`no address answers (${refused.join('; ')})`)
  }

  #take(endpoint: KubeEndpoint, refused: readonly string[]): Chosen {
    this.#isDoubted = false
    const before = this.chosen
    if (before?.endpoint === endpoint) return before
    before?.transport.close()
    this.chosen = { endpoint, transport: createTransport(endpoint, this.#options) }
    this.#options.onServer(endpoint.server, refused)
    return this.chosen
  }

  /** Why it is not to be spoken to: nobody is there, or somebody whose certificate is not that of this cluster's API server. */
  async #refusal(endpoint: KubeEndpoint): Promise<string | undefined> {
    try {
      const socket = await connectTls(endpoint, Math.min(PROBE_MS, this.#options.connectTimeoutMs))
      socket.destroy()
      return undefined
    } catch (error) {
      return textOf(error)
    }
  }
}

/** `localhost` can be several addresses: the first refusal stands for all. */
function textOf(error: unknown): string {
  if (error instanceof AggregateError && error.errors.length > 0) return textOf(error.errors[0])
  return error instanceof Error ? error.message : String(error)
}
