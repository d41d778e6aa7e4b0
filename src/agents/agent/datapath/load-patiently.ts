import { AGENT_API } from '#api/agent.ts'
import { type HttpAnswer, type HttpRequest, type HttpServer, openHttpServer } from '#io/http/http-server.ts'
import type { Clock } from '#ports/clock.ts'
import type { KubeApi } from '#ports/kube-api.ts'
import type { Log } from '#ports/log.ts'
import { loadRefusal } from './load-refusal.ts'
import { createNodeEvents } from '#agents/agent/node-events.ts'
import { type Finding, Problems } from '#agents/agent/problems.ts'

export interface LoadOptions<T> {
  /** Puts the programs into the kernel, or throws `BpfError`. */
  readonly load: () => T
  readonly nodeName: string
  /** Of the kernel: `6.18.0`. */
  readonly release: string
  /** Where the agent listens later. */
  readonly listen: { readonly socket: string; readonly healthPort: number }
  readonly api: KubeApi
  readonly clock: Clock
  readonly log: Log
  readonly random: () => number
}

/** What is missing may come: a file system that is mounted, a right that is given. */
const RETRY_MS = 10_000

/**
 * What `load` gives, however long that takes; undefined when it was told to end before. As long as the kernel refuses, an Event of the Node, the
 * log and whoever asks the agent are told why, and its probes fail. What an earlier agent left in the kernel goes on.
 */
export async function loadPatiently<T>(options: LoadOptions<T>, signal: AbortSignal): Promise<T | undefined> {
  const first = attempt(options)
  if (first.ok) return first.value
  const { api, nodeName, clock, log, random } = options
  const events = createNodeEvents({ api, nodeName, clock, random, log }, signal)
  const problems = new Problems(clock, log, (finding) => events.tell(finding))
  problems.update([first.refusal])
  const servers = await openServers(options.listen, () => problems.current()[0]?.message ?? '')
  try {
    while (!signal.aborted) {
      await clock.sleep(RETRY_MS, signal).catch(() => undefined) // ended while it slept: the loop sees it
      if (signal.aborted) break
      const next = attempt(options)
      problems.update(next.ok ? [] : [next.refusal])
      if (next.ok) return next.value
    }
    return undefined
  } finally {
    await Promise.all([...servers.map((server) => server.close()), events.close()])
  }
}

type Attempt<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly refusal: Finding }

function attempt<T>({ load, nodeName, release }: LoadOptions<T>): Attempt<T> {
  try {
    return { ok: true, value: load() }
  } catch (error) {
    return { ok: false, refusal: loadRefusal(error, nodeName, release) }
  }
}

async function openServers(
  { socket, healthPort }: LoadOptions<unknown>['listen'],
  why: () => string,
): Promise<readonly HttpServer[]> {
  const answer = ({ path }: HttpRequest): HttpAnswer => {
    const isHealth = path === AGENT_API.healthz || path === '/healthz'
    return { status: 503, json: isHealth ? { version: 1, state: 'failed', error: why() } : { error: why() } }
  }
  const api = await openHttpServer({ listen: { socketPath: socket }, answer })
  if (healthPort === 0) return [api]
  try {
    return [api, await openHttpServer({ listen: { port: healthPort }, answer })]
  } catch (error) {
    await api.close()
    throw error
  }
}
