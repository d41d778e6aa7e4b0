import { isIP } from 'node:net'
import { connect as tlsConnect, type TLSSocket } from 'node:tls'
import type { KubeEndpoint } from './kube-endpoint.ts'

/** A TLS connection to the server with its application protocol agreed. Files of keys are read anew each time. */
export async function connectTls(endpoint: KubeEndpoint, timeoutMs: number): Promise<TLSSocket> {
  const { server } = endpoint
  const tls = await endpoint.tls()
  const host = server.hostname.replace(/^\[(.*)\]$/, '$1')
  const port = server.port === '' ? 443 : Number(server.port)
  const name = tls.servername ?? (isIP(host) === 0 ? host : undefined)
  const { promise, resolve, reject } = Promise.withResolvers<TLSSocket>()
  const socket = tlsConnect({
    ...tls,
    ...(name !== undefined && { servername: name }),
    host,
    port,
    ALPNProtocols: ['h2', 'http/1.1'],
  })
  const limit = setTimeout(
    () => socket.destroy(new Error(`No connection to ${server.host} within ${timeoutMs} ms`)),
    timeoutMs,
  )
  socket.setNoDelay(true)
  socket.once('secureConnect', () => resolve(socket))
  socket.on('error', reject) // stays: an error that comes before the next owner listens must not end the process
  socket.once('close', () => reject(new Error(`The connection to ${server.host} was closed`)))
  try {
    return await promise
  } finally {
    clearTimeout(limit)
  }
}
