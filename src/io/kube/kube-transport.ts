import type { Readable } from 'node:stream'

/** Carries requests to one server and notices when the way is dead. */
export interface KubeTransport {
  /** Resolves with the head of the answer. Rejects when the way breaks, and with the signal's reason; the signal ends the body, too. */
  send(request: KubeRequest, signal: AbortSignal): Promise<KubeResponse>
  /** Breaks everything under way: the server did not answer. The next request connects anew. */
  reset(reason: Error): void
  close(): void
}

export interface KubeRequest {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'
  /** With its query. */
  readonly path: string
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>
  readonly body: string | undefined
}

export interface KubeResponse {
  readonly status: number
  readonly retryAfter: string | undefined
  /** To be read to its end or destroyed. */
  readonly body: Readable
}

export interface TransportOptions {
  readonly connectTimeoutMs: number
  /** A connection on which nothing came for that long is asked for a sign of life. */
  readonly idleMs: number
  /** No sign within that time: the connection is dead. */
  readonly pingTimeoutMs: number
}
