import { type KubeError, type KubeFailure, type KubeResource } from '#ports/kube-api.ts'
import { CliError } from './cli-error.ts'

/** Why objects of the cluster could not be read, with what to do about it: only a denial is cured by more rights. */
export function unreadable({ plural }: KubeResource, cause: KubeError): CliError {
  const message = `The ${plural} of the cluster cannot be read: ${cause.message}`
  return new CliError(message, remedyOf(cause.failure.code, plural), { cause })
}

function remedyOf(code: KubeFailure['code'], plural: string): string {
  switch (code) {
    case 'Forbidden':
      return `use a kubeconfig that may list ${plural}`
    case 'Unauthorized':
      return 'the API server does not know this user: log in anew, or set KUBECONFIG to the file that kubectl uses'
    case 'Unreachable':
    case 'TimedOut':
      return 'does the API server run, and is KUBECONFIG the file that kubectl uses? "kubectl get nodes" tells'
    case 'NotFound':
      return `the cluster does not know ${plural}: is Balise installed there, and is KUBECONFIG that of the right cluster?`
    case 'TooManyRequests':
    case 'ServerError':
    case 'AlreadyExists':
    case 'Conflict':
    case 'Gone':
    case 'Invalid':
      return `try again; "kubectl get ${plural} -A" shows whether kubectl can read them`
  }
}
