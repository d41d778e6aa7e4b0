import { createEventRecorder } from '#agents/event-recorder.ts'
import type { Clock } from '#ports/clock.ts'
import type { KubeApi } from '#ports/kube-api.ts'
import { NODES } from '#ports/kube-resources.ts'
import type { Log } from '#ports/log.ts'
import type { Finding } from './problems.ts'

export interface NodeEventsOptions {
  readonly api: KubeApi
  readonly nodeName: string
  readonly clock: Clock
  readonly random: () => number
  readonly log: Log
}

/** Tells of errors, and of all about the pods' network, in Events of the Node, where `kubectl describe node` shows them. */
export interface NodeEvents {
  tell(finding: Finding): void
  close(): Promise<void>
}

/** One that comes and goes is told once in that time. */
const QUIET_MS = 600_000
/** At most so many in that time, whatever happens: the log has all. */
const MOST = 20

export function createNodeEvents(options: NodeEventsOptions, signal: AbortSignal): NodeEvents {
  const { api, nodeName, clock, random, log } = options
  const component = 'balise-agent'
  const recorder = createEventRecorder(
    {
      api,
      component,
      identity: nodeName,
      clock,
      random,
      onFailure: ({ code, message }) =>
        log.debug('An Event of the Node could not be written', { code, error: message }),
    },
    signal,
  )
  // kubelet names the Node in the uid too, and `kubectl describe node` looks for that.
  const node = { name: nodeName, namespace: '', uid: nodeName, resourceVersion: '' }
  const toldMs = new Map<string, number>()
  return {
    tell({ severity, component: of, code, message }) {
      if (severity !== 'error' && of !== 'cni') return
      const nowMs = clock.monotonicMs()
      for (const [text, atMs] of toldMs) if (nowMs - atMs > QUIET_MS) toldMs.delete(text)
      // each pod that fails is another message; the pods have Events of their own
      const told = code === 'PluginFailed' ? code : message
      if (toldMs.has(told) || toldMs.size >= MOST) return
      toldMs.set(told, nowMs)
      recorder.record(node, { type: 'Warning', reason: code, message }, NODES)
    },
    close: () => recorder.close(),
  }
}
