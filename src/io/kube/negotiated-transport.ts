import type { TLSSocket } from 'node:tls'
import { createHttp1Transport } from './http1-transport.ts'
import { createHttp2Transport } from './http2-transport.ts'
import type { KubeEndpoint } from './kube-endpoint.ts'
import type { KubeRequest, KubeResponse, KubeTransport, TransportOptions } from './kube-transport.ts'
import { connectTls } from './tls-connect.ts'

class NoHttp2 extends Error {}

/** HTTP/2 where the server speaks it, HTTP/1.1 from the first connection on where it does not. */
export function createTransport(endpoint: KubeEndpoint, options: TransportOptions): KubeTransport {
  if (endpoint.server.protocol === 'http:') return createHttp1Transport(endpoint)
  const connect = async (): Promise<TLSSocket> => {
    const socket = await connectTls(endpoint, options.connectTimeoutMs)
    if (socket.alpnProtocol === 'h2') return socket
    socket.destroy()
    throw new NoHttp2(`${endpoint.server.host} does not speak HTTP/2`)
  }
  let transport = createHttp2Transport(connect, endpoint.server.origin, options)
  const send = async (request: KubeRequest, signal: AbortSignal): Promise<KubeResponse> => {
    const used = transport
    try {
      return await used.send(request, signal)
    } catch (error) {
      if (!(error instanceof NoHttp2)) throw error
      if (transport === used) transport = createHttp1Transport(endpoint)
      return await transport.send(request, signal)
    }
  }
  return {
    send,
    reset: (reason) => transport.reset(reason),
    close: () => transport.close(),
  }
}
