import type { KubeFailure } from '#ports/kube-api.ts'

/** A meta/v1 Status, as far as it is used. */
interface Status {
  readonly code?: number
  readonly reason?: string
  readonly message?: string
  readonly details?: { readonly retryAfterSeconds?: number }
}

const DEFAULT_RETRY_AFTER_MS = 1_000
/** Nobody waits longer on a server's word. */
const MAX_RETRY_AFTER_MS = 60_000

/** An answer that is no success, or a watch's ERROR, as a value. `text` is the body: mostly a Status. */
export function failureOf(httpStatus: number, text: string, retryAfter?: string): KubeFailure {
  const status = readStatus(text)
  const message = status.message || text.trim().slice(0, 200) || `The API answered with HTTP ${httpStatus}`
  switch (httpStatus) {
    case 401:
      return { code: 'Unauthorized', message }
    case 403:
      return { code: 'Forbidden', message }
    case 404:
      return { code: 'NotFound', message }
    case 409:
      return { code: status.reason === 'AlreadyExists' ? 'AlreadyExists' : 'Conflict', message }
    case 410:
      return { code: 'Gone', message }
    case 429:
      return { code: 'TooManyRequests', message, retryAfterMs: retryAfterMs(retryAfter, status) }
    case 408:
    case 504:
      return { code: 'TimedOut', message }
    default:
      return { code: httpStatus >= 400 && httpStatus < 500 ? 'Invalid' : 'ServerError', message }
  }
}

/** A watch's ERROR event. */
export function failureOfStatus(object: unknown): KubeFailure {
  const { code } = (object ?? {}) as Status
  return failureOf(typeof code === 'number' ? code : 500, JSON.stringify(object ?? null))
}

function readStatus(text: string): Status {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null ? value : {}
  } catch {
    return {} // a proxy's page, not a Status: the text itself is the message
  }
}

function retryAfterMs(header: string | undefined, { details }: Status): number {
  const seconds = Number(header ?? details?.retryAfterSeconds ?? Number.NaN)
  if (!Number.isFinite(seconds) || seconds < 0) return DEFAULT_RETRY_AFTER_MS
  return Math.min(MAX_RETRY_AFTER_MS, seconds * 1_000)
}
