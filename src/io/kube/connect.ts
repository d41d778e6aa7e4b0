import type { KubeApi } from '#ports/kube-api.ts'
import { createKubeApi, type KubeClientOptions } from './kube-client.ts'
import { loadKubeEndpoints } from './load-endpoint.ts'
import { type KubeSourceHints, kubeSource } from './kube-source.ts'

export interface KubeConnection {
  readonly api: KubeApi
  /** `https://10.43.0.1:443`, for people; where several addresses are tried, the one that answered, or all of them as long as none has. */
  readonly server: () => string
  /** Of the context or the pod. */
  readonly namespace: string
}

/**
 * A client of the API server that the environment names. Nothing is sent yet. Throws when the kubeconfig or the service account cannot be
 * read; the message names the file.
 */
export function connectKubeApi(hints: KubeSourceHints, options: KubeClientOptions): KubeConnection {
  const endpoints = loadKubeEndpoints(kubeSource(hints))
  let chosen = endpoints.length === 1 ? endpoints[0]?.server : undefined
  const onServer = (server: URL, refused: readonly string[]): void => {
    chosen = server
    options.onServer?.(server, refused)
  }
  return {
    api: createKubeApi(endpoints, { ...options, onServer }),
    server: () => chosen?.origin ?? endpoints.map(({ server }) => server.origin).join(' or '),
    namespace: endpoints[0]?.namespace ?? 'default',
  }
}
