import { readFileSync } from 'node:fs'
import { Agent, request } from 'node:https'
import { pkiPath } from '#lab/state/paths.ts'

export interface ApiAnswer {
  readonly status: number
  readonly body: string
}

/** The API of a lab as its administrator, for what the lab itself has to ask and write. */
export class ApiClient {
  readonly #agent: Agent
  readonly #port: number

  constructor(lab: string, port: number) {
    const read = (name: string): Buffer => readFileSync(pkiPath(lab, name))
    this.#agent = new Agent({ keepAlive: true, ca: read('ca.crt'), cert: read('admin.crt'), key: read('admin.key') })
    this.#port = port
  }

  /** Undefined where nothing answers. */
  get(path: string): Promise<ApiAnswer | undefined> {
    return this.send('GET', path).catch(() => undefined)
  }

  send(method: string, path: string, body?: unknown, contentType = 'application/json'): Promise<ApiAnswer> {
    return new Promise((resolve, reject) => {
      const headers = body === undefined ? {} : { 'content-type': contentType }
      const sent = request(
        { host: '127.0.0.1', port: this.#port, method, path, headers, agent: this.#agent, timeout: 10_000 },
        (answer) => {
          let text = ''
          answer.setEncoding('utf8').on('data', (piece: string) => (text += piece))
          answer.once('end', () => resolve({ status: answer.statusCode ?? 0, body: text }))
          answer.once('error', reject)
        },
      )
      sent.once('timeout', () => sent.destroy(new Error('The API did not answer within 10 s')))
      sent.once('error', reject)
      sent.end(body === undefined ? undefined : JSON.stringify(body))
    })
  }

  close(): void {
    this.#agent.destroy()
  }
}
