import { connectKubeApi } from '#io/kube/connect.ts'
import { BALISE_VERSION } from '#model/version.ts'
import type { KubeApi } from '#ports/kube-api.ts'
import { CliError } from './cli-error.ts'

/** The API server that the environment names: `KUBECONFIG`, the service account of a pod, or `~/.kube/config`. Nothing is sent yet. */
export function openKube(): KubeApi {
  try {
    return connectKubeApi({ environment: process.env }, { userAgent: `balise-cli/${BALISE_VERSION}` }).api
  } catch (cause) {
    const message = cause instanceof Error ? cause.message : String(cause)
    throw new CliError(`No way to the cluster: ${message}`, 'set KUBECONFIG to the file that kubectl uses', { cause })
  }
}
