import {
  type KubeApi,
  KubeError,
  type KubeList,
  type KubeObject,
  type KubeRef,
  type KubeResource,
  type ListOptions,
  type PatchBody,
  type WatchEvent,
} from '#ports/kube-api.ts'
import { abortable } from './abortable.ts'
import { parseAnswer, readEvent, readObject, readPage } from './answer.ts'
import { readLines, readText } from './bounded-body.ts'
import { type ChoosingTransport, createChoosingTransport } from './choosing-transport.ts'
import type { Credentials } from './credentials.ts'
import { Deadline } from './deadline.ts'
import { failureOf } from './kube-failure.ts'
import type { KubeEndpoint } from './kube-endpoint.ts'
import type { KubeRequest, KubeResponse, TransportOptions } from './kube-transport.ts'
import { resourcePath, selectQuery, withQuery } from './resource-path.ts'

export interface KubeClientOptions extends Partial<TransportOptions> {
  /** `balise-agent/0.1.0`; the part before the slash is the field manager of merge and JSON patches. */
  readonly userAgent: string
  /** A request that has no full answer by then is `TimedOut`. */
  readonly requestTimeoutMs?: number
  /** Objects a page. */
  readonly pageSize?: number
  /** The server ends a watch after that time and up to as much again, so that watches do not all begin anew together. */
  readonly watchMs?: number
  readonly random?: () => number
  /** Of several addresses one was chosen, and why not those before it. */
  readonly onServer?: (server: URL, refused: readonly string[]) => void
}

const DEFAULTS = {
  connectTimeoutMs: 5_000,
  idleMs: 4_000,
  pingTimeoutMs: 4_000,
  requestTimeoutMs: 15_000,
  pageSize: 500,
  watchMs: 300_000,
  random: Math.random,
  onServer: () => undefined,
}

/** One object is at most 1.5 MiB in etcd, and a page has hundreds of small ones. */
const MAX_LINE_OCTETS = 8 * 1024 * 1024
const MAX_ANSWER_OCTETS = 128 * 1024 * 1024

const PATCH_TYPES = {
  merge: 'application/merge-patch+json',
  json: 'application/json-patch+json',
  apply: 'application/apply-patch+yaml',
} as const

/** A client of an API server at one of these addresses. Connects at the first request. */
export function createKubeApi(endpoints: readonly KubeEndpoint[], options: KubeClientOptions): KubeApi {
  return new KubeClient(endpoints, { ...DEFAULTS, ...options })
}

class KubeClient implements KubeApi {
  readonly #credentials: Credentials
  readonly #options: Required<KubeClientOptions>
  readonly #transport: ChoosingTransport

  constructor(endpoints: readonly KubeEndpoint[], options: Required<KubeClientOptions>) {
    const [first] = endpoints
    if (first === undefined) throw new Error('A client of the API needs an address')
    this.#credentials = first.credentials
    this.#options = options
    this.#transport = createChoosingTransport(endpoints, options)
  }

  async get(resource: KubeResource, ref: KubeRef, signal?: AbortSignal): Promise<KubeObject> {
    return readObject(await this.#request('GET', resourcePath(resource, ref), undefined, signal))
  }

  async list(resource: KubeResource, options: ListOptions, signal?: AbortSignal): Promise<KubeList> {
    const items: KubeObject[] = []
    let resourceVersion = ''
    for await (const page of this.#pages(resource, options, signal)) {
      items.push(...page.items)
      resourceVersion = page.resourceVersion
    }
    return { items, resourceVersion }
  }

  pages(resource: KubeResource, options: ListOptions, signal: AbortSignal): AsyncIterable<KubeList> {
    return this.#pages(resource, options, signal)
  }

  async *#pages(resource: KubeResource, options: ListOptions, signal?: AbortSignal): AsyncGenerator<KubeList> {
    const path = resourcePath(resource, { namespace: options.namespace })
    const query = { ...selectQuery(options), limit: String(this.#options.pageSize) }
    let next: string | undefined
    do {
      const pageQuery = next === undefined ? query : { ...query, continue: next }
      const page = readPage(await this.#request('GET', withQuery(path, pageQuery), undefined, signal))
      next = page.next
      yield page
    } while (next !== undefined)
  }

  async *watch(
    resource: KubeResource,
    options: ListOptions & { readonly resourceVersion: string },
    signal: AbortSignal,
  ): AsyncGenerator<WatchEvent> {
    const { watchMs, random } = this.#options
    const seconds = Math.ceil((watchMs * (1 + random())) / 1_000)
    const { resourceVersion } = options
    const asked = { watch: '1', allowWatchBookmarks: 'true', timeoutSeconds: String(seconds), resourceVersion }
    const query = { ...selectQuery(options), ...asked }
    const path = withQuery(resourcePath(resource, { namespace: options.namespace }), query)
    const deadline = new Deadline(signal, this.#options.requestTimeoutMs)
    let response: KubeResponse | undefined
    try {
      response = await this.#send({ method: 'GET', path, headers: {}, body: undefined }, deadline)
      // A gateway answers pings also when the server behind it is gone: what does not end in its time is dead.
      deadline.extend(seconds * 1_000 + this.#options.requestTimeoutMs)
      yield { type: 'BOOKMARK', resourceVersion }
      for await (const line of readLines(response.body, MAX_LINE_OCTETS)) yield readEvent(line)
    } catch (error) {
      throw this.#failure(error, signal, deadline, response === undefined ? undefined : seconds)
    } finally {
      response?.body.destroy()
      deadline.end()
    }
  }

  async create(
    resource: KubeResource,
    namespace: string | undefined,
    object: unknown,
    signal?: AbortSignal,
  ): Promise<KubeObject> {
    return readObject(await this.#request('POST', resourcePath(resource, { namespace }), json(object), signal))
  }

  async replace(resource: KubeResource, ref: KubeRef, object: unknown, signal?: AbortSignal): Promise<KubeObject> {
    return readObject(await this.#request('PUT', resourcePath(resource, ref), json(object), signal))
  }

  async patch(
    resource: KubeResource,
    ref: KubeRef,
    patch: PatchBody,
    options: { readonly subresource?: 'status' } = {},
    signal?: AbortSignal,
  ): Promise<KubeObject> {
    const { namespace, name } = ref
    const path = resourcePath(resource, { namespace, name, subresource: options.subresource })
    const apply = patch.kind === 'apply' ? { fieldManager: patch.fieldManager, force: String(patch.force) } : {}
    const body = { type: PATCH_TYPES[patch.kind], text: JSON.stringify(patch.body) }
    return readObject(await this.#request('PATCH', withQuery(path, apply), body, signal))
  }

  async delete(resource: KubeResource, ref: KubeRef, signal?: AbortSignal): Promise<void> {
    try {
      await this.#request('DELETE', resourcePath(resource, ref), undefined, signal)
    } catch (error) {
      if (!(error instanceof KubeError) || error.failure.code !== 'NotFound') throw error
    }
  }

  close(): void {
    this.#transport.close()
  }

  async #request(
    method: KubeRequest['method'],
    path: string,
    body: Body | undefined,
    signal?: AbortSignal,
  ): Promise<Readonly<Record<string, unknown>>> {
    const deadline = new Deadline(signal, this.#options.requestTimeoutMs)
    const headers: Record<string, string> = body === undefined ? {} : { 'content-type': body.type }
    try {
      const { body: answer } = await this.#send({ method, path, headers, body: body?.text }, deadline)
      return parseAnswer(await readText(answer, MAX_ANSWER_OCTETS))
    } catch (error) {
      throw this.#failure(error, signal, deadline)
    } finally {
      deadline.end()
    }
  }

  /** The response, when it is a success. */
  async #send(request: KubeRequest, deadline: Deadline): Promise<KubeResponse> {
    const { userAgent } = this.#options
    const credentials = await this.#authorized(deadline)
    const headers = { accept: 'application/json', 'user-agent': userAgent, ...credentials, ...request.headers }
    const response = await this.#transport.send({ ...request, headers }, deadline.signal)
    if (response.status >= 200 && response.status < 300) return response
    const text = await readText(response.body, MAX_LINE_OCTETS)
    throw new KubeError(failureOf(response.status, text, response.retryAfter))
  }

  /** A plugin that never answers must not hold a request for ever. */
  async #authorized(deadline: Deadline): Promise<Readonly<Record<string, string>>> {
    try {
      return await abortable(this.#credentials(), deadline.signal)
    } catch (error) {
      if (!deadline.hasPassed) throw error
      const message = `No credentials for the API at ${this.#transport.host()} within ${this.#options.requestTimeoutMs} ms`
      throw new KubeError({ code: 'TimedOut', message }, { cause: error })
    }
  }

  /**
   * What a broken request is to be thrown as. A timeout resets the connection: watches on it would hang as well. One of a watch that was
   * accepted is its own.
   */
  #failure(error: unknown, signal: AbortSignal | undefined, deadline: Deadline, watchSeconds?: number): unknown {
    if (signal?.aborted === true) return signal.reason
    if (error instanceof KubeError) return error
    const host = this.#transport.host()
    if (deadline.hasPassed && watchSeconds !== undefined) {
      const message = `The API at ${host} did not end a watch after the ${watchSeconds} s that were asked for`
      return new KubeError({ code: 'TimedOut', message }, { cause: error })
    }
    if (deadline.hasPassed) {
      const message = `The API at ${host} did not answer within ${this.#options.requestTimeoutMs} ms`
      this.#transport.reset(new Error(message))
      return new KubeError({ code: 'TimedOut', message }, { cause: error })
    }
    return new KubeError(
      { code: 'Unreachable', message: `The API at ${host} is away: ${textOf(error)}` },
      { cause: error },
    )
  }
}

interface Body {
  readonly type: string
  readonly text: string
}

function json(object: unknown): Body {
  return { type: 'application/json', text: JSON.stringify(object) }
}

/** The innermost sentence that tells anything: `connect ECONNREFUSED 127.0.0.1:6443`. */
function textOf(error: unknown): string {
  if (error instanceof AggregateError && error.errors.length > 0) return textOf(error.errors[0])
  return error instanceof Error ? error.message : String(error)
}
