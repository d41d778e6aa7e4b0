import type { KubeApi } from '#ports/kube-api.ts'
import { createKubeApi, type KubeClientOptions } from './kube-client.ts'
import { loadKubeEndpoint } from './load-endpoint.ts'
import { type KubeSourceHints, kubeSource } from './kube-source.ts'

export interface KubeConnection {
  readonly api: KubeApi
  /** `https://10.43.0.1:443`, for people. */
  readonly server: string
  /** Of the context or the pod. */
  readonly namespace: string
}

/**
 * A client of the API server that the environment names. Nothing is sent yet. Throws when the kubeconfig or the service account cannot be
 * read; the message names the file.
 */
export function connectKubeApi(hints: KubeSourceHints, options: KubeClientOptions): KubeConnection {
  const endpoint = loadKubeEndpoint(kubeSource(hints))
  return { api: createKubeApi(endpoint, options), server: endpoint.server.origin, namespace: endpoint.namespace }
}
