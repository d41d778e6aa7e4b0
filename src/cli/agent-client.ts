import { request } from 'node:http'
import { CliError } from './cli-error.ts'

/** The agent answers from memory: longer than this and it hangs. */
const TIMEOUT_MS = 10_000

/** More than any node's services; an answer beyond it is no answer of ours. */
const MOST_OCTETS = 256 * 1024 * 1024

/** `GET path` over the agent's unix socket; the JSON of its answer. `words` are those of the command that asks, for the remedy. */
export async function askAgent(
  socketPath: string,
  path: string,
  words: readonly string[] = ['status'],
): Promise<unknown> {
  const { status, body } = await get(socketPath, path).catch((error: unknown) => {
    throw describe(error as SocketError, socketPath, words)
  })
  const why = status === 503 ? errorIn(body) : undefined
  if (why !== undefined) throw new CliError(why, 'it tries again by itself; the log of the agent has more')
  if (status !== 200) {
    throw new CliError(
      `The agent answers ${status} to ${path}: ${body.slice(0, 200).trim()}`,
      'look at the log of the agent',
    )
  }
  try {
    return JSON.parse(body) as unknown
  } catch (error) {
    throw new CliError(`The agent's answer to ${path} is no JSON`, 'look at the log of the agent', { cause: error })
  }
}

/** Why an agent cannot begin its work, in its own words. */
function errorIn(body: string): string | undefined {
  try {
    const { error } = JSON.parse(body) as { readonly error?: unknown }
    return typeof error === 'string' ? error : undefined
  } catch {
    return undefined
  }
}

function get(socketPath: string, path: string): Promise<{ readonly status: number; readonly body: string }> {
  return new Promise((resolve, reject) => {
    const outgoing = request({ socketPath, path, timeout: TIMEOUT_MS }, (incoming) => {
      let body = ''
      incoming.setEncoding('utf8')
      incoming.on('data', (piece: string) => {
        body += piece
        if (body.length > MOST_OCTETS) incoming.destroy(new Error(`longer than ${MOST_OCTETS} octets`))
      })
      incoming.once('end', () => resolve({ status: incoming.statusCode ?? 0, body }))
      incoming.once('error', (error) => reject(error))
    })
    outgoing.once('timeout', () => outgoing.destroy(new Error(`no answer within ${TIMEOUT_MS / 1000} s`)))
    outgoing.once('error', (error) => reject(error))
    outgoing.end()
  })
}

type SocketError = Error & { readonly code?: string }

const elsewhere = (words: readonly string[]): string =>
  `on a cluster: kubectl -n kube-system exec ds/balise -- balise ${words.join(' ')}`

/** What the kernel says about the socket. Most often the command was called away from the node: the remedy says how to call it there. */
const SOCKET_ERRORS: Readonly<
  Record<string, (socketPath: string, words: readonly string[]) => readonly [message: string, remedy: string]>
> = {
  ENOENT: (path, words) => [`No agent runs here: there is no socket ${path}`, elsewhere(words)],
  ECONNREFUSED: (path) => [`No agent listens on ${path}`, 'it has ended; the kubelet starts it again'],
  EACCES: (path) => [`The socket ${path} may not be opened`, 'run it as root'],
}

function describe(error: SocketError, socketPath: string, words: readonly string[]): CliError {
  const known = SOCKET_ERRORS[error.code ?? '']
  const [message, remedy] = known?.(socketPath, words) ?? [
    `The agent on ${socketPath} does not answer: ${error.message}`,
    elsewhere(words),
  ]
  return new CliError(message, remedy, { cause: error })
}
