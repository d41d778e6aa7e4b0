import { get } from 'node:http'

/** What an agent answers at a path of its socket. */
export async function askAgent<T>(socketPath: string, path: string): Promise<T> {
  const { promise, resolve, reject } = Promise.withResolvers<T>()
  get({ socketPath, path }, (response) => {
    let text = ''
    response.setEncoding('utf8')
    response.on('data', (piece: string) => (text += piece))
    response.on('end', () => resolve(JSON.parse(text) as T))
  }).on('error', reject)
  return await promise
}
