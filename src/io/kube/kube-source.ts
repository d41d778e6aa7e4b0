/** Where the way to the API server is written down. */
export type KubeSource =
  /** kubeconfig files, the first with a value wins, as kubectl does. */
  | { readonly kind: 'kubeconfig'; readonly paths: readonly string[]; readonly context: string | undefined }
  /** The service account of a pod, and where an API server may answer: the first that does is taken. */
  | { readonly kind: 'inCluster'; readonly addresses: readonly ApiAddress[]; readonly folder: string }

export interface ApiAddress {
  readonly host: string
  readonly port: string
  /** The name that its certificate must bear, when it is not the host. */
  readonly serverName: string | undefined
}

/** Every API server's certificate bears it, whatever address it is reached at (kubeadm, k3s, Talos). */
const SERVER_NAME = 'kubernetes.default.svc'

/** Ways to the API that a node has by itself, so that they need no Service: KubePrism of Talos, the load balancer of a k3s node. */
const NODE_ADDRESSES: readonly ApiAddress[] = [
  { host: 'localhost', port: '7445', serverName: SERVER_NAME },
  { host: '127.0.0.1', port: '6444', serverName: SERVER_NAME },
]

/** Where kubelet mounts token, CA and namespace. */
export const SERVICE_ACCOUNT_FOLDER = '/var/run/secrets/kubernetes.io/serviceaccount'

export interface KubeSourceHints {
  /** A command line's `--kubeconfig` and `--context`. */
  readonly kubeconfig?: string | undefined
  readonly context?: string | undefined
  readonly environment: Readonly<Record<string, string | undefined>>
}

/**
 * `--kubeconfig`, else `KUBECONFIG`, else the pod's service account, else `~/.kube/config`. A pod's API server is at `BALISE_API_HOST`; where
 * that says nothing it is looked for on the node before the address that the kubelet names (`KUBERNETES_SERVICE_HOST`).
 */
export function kubeSource({ kubeconfig, context, environment }: KubeSourceHints): KubeSource {
  const named = (kubeconfig || environment['KUBECONFIG'] || '').split(':').filter((path) => path !== '')
  if (named.length > 0) return { kind: 'kubeconfig', paths: named, context }
  const addresses = context === undefined ? podAddresses(environment) : []
  if (addresses.length > 0) return { kind: 'inCluster', addresses, folder: SERVICE_ACCOUNT_FOLDER }
  return { kind: 'kubeconfig', paths: [`${environment['HOME'] ?? '/root'}/.kube/config`], context }
}

function podAddresses(environment: KubeSourceHints['environment']): readonly ApiAddress[] {
  const given = apiAddress(environment, 'BALISE_API_HOST', 'BALISE_API_PORT')
  if (given !== undefined && given.host !== 'auto') return [given]
  const service = apiAddress(environment, 'KUBERNETES_SERVICE_HOST', 'KUBERNETES_SERVICE_PORT')
  return service === undefined ? [] : [...NODE_ADDRESSES, service]
}

function apiAddress(
  environment: KubeSourceHints['environment'],
  hostName: string,
  portName: string,
): ApiAddress | undefined {
  const host = environment[hostName]
  const port = environment[portName]
  if (host === undefined || host === '') return undefined
  return { host, port: port === undefined || port === '' || port === '0' ? '443' : port, serverName: undefined }
}
