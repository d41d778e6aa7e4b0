import { type HealthCheck, healthChecksOf } from '#datapath/health-checks.ts'
import type { StatusPort, StatusPortAnswer, StatusPorts } from '#ports/status-ports.ts'
import { toFailure } from '#runtime/failure.ts'
import type { Finding } from '#agents/agent/problems.ts'
import type { Sources } from '#agents/agent/sources.ts'

export interface HealthChecksOptions {
  readonly nodeName: string
  readonly ports: StatusPorts
  readonly sources: Pick<Sources, 'services' | 'slices' | 'slicesOf'>
}

/** How soon a port that another process had is tried again. */
const RETRY_MS = 10_000

/** Answers at the `healthCheckNodePort`s of Services, as kube-proxy does. */
export class HealthChecks {
  readonly #options: HealthChecksOptions
  readonly #open = new Map<number, StatusPort>()
  readonly #failures = new Map<number, string>()
  #checks: ReadonlyMap<number, HealthCheck> = new Map()

  constructor(options: HealthChecksOptions) {
    this.#options = options
  }

  /** Opens and closes ports as Services want it. One that cannot be had stops no other. */
  async reconcile(): Promise<{ readonly runAgainInMs: number | undefined } | undefined> {
    const { ports, sources, nodeName } = this.#options
    const { services, slices, slicesOf } = sources
    if (!services.status().synced || !slices.status().synced) return undefined
    this.#checks = healthChecksOf(services.items().values(), slicesOf, nodeName)
    for (const [port, opened] of this.#open) {
      if (this.#checks.has(port)) continue
      this.#open.delete(port)
      await opened.close()
    }
    this.#failures.clear()
    for (const port of this.#checks.keys()) {
      if (this.#open.has(port)) continue
      try {
        this.#open.set(port, await ports.open(port, () => answerOf(this.#checks.get(port))))
      } catch (error) {
        this.#failures.set(port, toFailure(error).message)
      }
    }
    return { runAgainInMs: this.#failures.size > 0 ? RETRY_MS : undefined }
  }

  findings(): readonly Finding[] {
    return [...this.#failures].map(([port, why]) => {
      const { namespace, name } = this.#checks.get(port) ?? { namespace: '', name: '' }
      const message = `healthCheckNodePort ${port} of Service ${namespace}/${name} is not answered, load balancers elsewhere take this node for dead: ${why}`
      return { severity: 'warning', component: 'datapath', code: 'HealthCheckFailed', message }
    })
  }

  async close(): Promise<void> {
    await Promise.all([...this.#open.values()].map((opened) => opened.close()))
    this.#open.clear()
  }
}

/** What kube-proxy says (pkg/proxy/healthcheck). */
function answerOf(check: HealthCheck | undefined): StatusPortAnswer {
  const { namespace, name, localEndpoints } = check ?? { namespace: '', name: '', localEndpoints: 0 }
  return {
    status: localEndpoints > 0 ? 200 : 503,
    headers: { 'x-content-type-options': 'nosniff', 'x-load-balancing-endpoint-weight': String(localEndpoints) },
    json: { service: { namespace, name }, localEndpoints, serviceProxyHealthy: true },
  }
}
