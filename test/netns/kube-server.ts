/** A real API server with kubectl beside it, for tests that do what a user does. */
import { execFileSync } from 'node:child_process'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { METALLB_NAMESPACE } from '#crd/metallb/kinds.ts'
import { connectKubeApi } from '#io/kube/connect.ts'
import type { KubeApi, KubeObject, KubeResource } from '#ports/kube-api.ts'
import { NAMESPACES, SERVICES } from '#ports/kube-resources.ts'
import { binDir } from '#tools/cache.ts'
import { type RealApiServer, startApiServer } from './api-server.ts'

const TOP = join(import.meta.dirname, '../..')
/** The kinds of the chart. */
export const CHART_KINDS = 'chart/balise/crds'
/** Those of MetalLB, which the chart does not bring. */
export const METALLB_KINDS = 'test/netns/metallb-crds.yaml'
const BOUND_MS = 30_000
/** The metrics of an API server are some MB. */
const MOST_OCTETS = 64 * 1024 * 1024

export interface KubeServer {
  readonly server: RealApiServer
  /** As the administrator. */
  readonly api: KubeApi
  /** What kubectl prints, with this on its stdin; throws with its complaint when it fails. */
  kubectl(argv: readonly string[], input?: string): string
  /** Creates the kinds of a file or folder of the checkout, and waits until they are served. */
  install(...paths: readonly string[]): void
  close(): Promise<void>
}

export async function startKubeServer(): Promise<KubeServer> {
  const server = await startApiServer()
  const { api } = connectKubeApi({ kubeconfig: server.kubeconfig(), environment: {} }, { userAgent: 'balise-test/0' })
  const kubectl = (argv: readonly string[], input = ''): string => runKubectl(server.kubeconfig(), argv, input)
  return {
    server,
    api,
    kubectl,
    install(...paths) {
      for (const path of paths) kubectl(['apply', '--server-side', '-f', join(TOP, path)])
      kubectl(['wait', '--for=condition=Established', 'crd', '--all', '--timeout=30s'])
    },
    async close() {
      api.close()
      await server.close()
    },
  }
}

/** With the rights of a kubeconfig. */
export function runKubectl(kubeconfig: string, argv: readonly string[], input = ''): string {
  const program = join(binDir(), 'kubectl')
  const options = { encoding: 'utf8', input, stdio: 'pipe', maxBuffer: MOST_OCTETS } as const
  return execFileSync(program, ['--kubeconfig', kubeconfig, ...argv], options)
}

/** An object in MetalLB's namespace, or in none where its kind has none. */
export async function createObject(
  api: KubeApi,
  resource: KubeResource,
  name: string,
  body: object,
): Promise<KubeObject> {
  const { group, version, kind } = resource
  const apiVersion = group === '' ? version : `${group}/${version}`
  const namespace = resource.namespaced ? METALLB_NAMESPACE : undefined
  return await api.create(resource, namespace, { apiVersion, kind, metadata: { name }, ...body })
}

export async function createMetallbNamespace(api: KubeApi): Promise<void> {
  await createObject(api, NAMESPACES, METALLB_NAMESPACE, {})
}

/** A Service of type LoadBalancer in namespace default. */
export async function createService(api: KubeApi, name: string, spec: object = {}): Promise<void> {
  const body = { metadata: { name }, spec: { type: 'LoadBalancer', ports: [{ port: 80 }], ...spec } }
  await api.create(SERVICES, 'default', { apiVersion: 'v1', kind: 'Service', ...body })
}

/** The first address of a Service of namespace default, once it has one. */
export async function untilServed(api: KubeApi, name: string): Promise<string> {
  return await until(`Service ${name} has an address`, async () => {
    const { status } = (await api.get(SERVICES, { name, namespace: 'default' })) as unknown as {
      readonly status?: { readonly loadBalancer?: { readonly ingress?: readonly { readonly ip: string }[] } }
    }
    return status?.loadBalancer?.ingress?.[0]?.ip
  })
}

/** What `look` answers when that is something; throws, with what was seen last, when it takes too long. */
export async function until<T>(what: string, look: () => Promise<T | undefined>, seen?: () => string): Promise<T> {
  const deadlineMs = performance.now() + BOUND_MS
  for (;;) {
    const found = await look()
    if (found !== undefined) return found
    if (performance.now() > deadlineMs)
      throw new Error(`It did not come that ${what}${seen === undefined ? '' : `:\n${seen()}`}`)
    await wait(50)
  }
}
