import { KubeError } from '#ports/kube-api.ts'

/** A failure of the world as a value, for status, logs and tests. */
export interface Failure {
  /** Closed for failures of the API (`Unreachable`, `Conflict`, ...); the error's name for others. */
  readonly code: string
  readonly message: string
  /** The wait the other side asked for. */
  readonly retryAfterMs: number | undefined
}

/** What is thrown need not be an error; what we report always is a value. */
export function toFailure(thrown: unknown): Failure {
  if (thrown instanceof KubeError) {
    const { failure } = thrown
    const retryAfterMs = failure.code === 'TooManyRequests' ? failure.retryAfterMs : undefined
    return { code: failure.code, message: failure.message, retryAfterMs }
  }
  if (thrown instanceof Error) return { code: thrown.name, message: thrown.message, retryAfterMs: undefined }
  return { code: 'Unknown', message: String(thrown), retryAfterMs: undefined }
}
