import type { ClientHttp2Stream } from 'node:http2'
import { PassThrough, type Readable } from 'node:stream'

/**
 * The body of an answer, to be read at any time. A short one is often over before its reader starts, and node's async iterator takes an
 * http2 stream that has closed for one that broke off, although all its data are there. To be called when the head has come.
 */
export function bodyOf(stream: ClientHttp2Stream): Readable {
  const body = new PassThrough()
  body.on('error', () => undefined) // the reader is told when it reads; until then nobody listens
  let isWhole = false
  stream.once('end', () => {
    isWhole = true
  })
  stream.once('error', (error) => body.destroy(error))
  stream.once('close', () => {
    if (!isWhole) body.destroy(new Error('The connection was closed'))
  })
  body.once('close', () => {
    if (!isWhole) stream.destroy()
  })
  return stream.pipe(body)
}
