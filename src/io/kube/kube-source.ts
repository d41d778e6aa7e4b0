/** Where the way to the API server is written down. */
export type KubeSource =
  /** kubeconfig files, the first with a value wins, as kubectl does. */
  | { readonly kind: 'kubeconfig'; readonly paths: readonly string[]; readonly context: string | undefined }
  /** The service account of a pod. */
  | { readonly kind: 'inCluster'; readonly host: string; readonly port: string; readonly folder: string }

/** Where kubelet mounts token, CA and namespace. */
export const SERVICE_ACCOUNT_FOLDER = '/var/run/secrets/kubernetes.io/serviceaccount'

export interface KubeSourceHints {
  /** A command line's `--kubeconfig` and `--context`. */
  readonly kubeconfig?: string | undefined
  readonly context?: string | undefined
  readonly environment: Readonly<Record<string, string | undefined>>
}

/** `--kubeconfig`, else `KUBECONFIG`, else the pod's service account (`KUBERNETES_SERVICE_HOST`), else `~/.kube/config`. */
export function kubeSource({ kubeconfig, context, environment }: KubeSourceHints): KubeSource {
  const named = (kubeconfig || environment['KUBECONFIG'] || '').split(':').filter((path) => path !== '')
  if (named.length > 0) return { kind: 'kubeconfig', paths: named, context }
  const host = environment['KUBERNETES_SERVICE_HOST']
  if (host !== undefined && host !== '' && context === undefined) {
    const port = environment['KUBERNETES_SERVICE_PORT'] || '443'
    return { kind: 'inCluster', host, port, folder: SERVICE_ACCOUNT_FOLDER }
  }
  return { kind: 'kubeconfig', paths: [`${environment['HOME'] ?? '/root'}/.kube/config`], context }
}
