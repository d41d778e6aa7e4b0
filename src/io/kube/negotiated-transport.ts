import type { TLSSocket } from 'node:tls'
import { createHttp1Transport } from './http1-transport.ts'
import { createHttp2Transport } from './http2-transport.ts'
import type { KubeEndpoint } from './kube-endpoint.ts'
import type { KubeRequest, KubeResponse, KubeTransport, TransportOptions } from './kube-transport.ts'
import { connectTls } from './tls-connect.ts'

/** The server speaks the other version of HTTP than it did; nothing was sent. */
class SpeaksOther extends Error {}

type Version = 'h2' | 'http/1.1'

/** HTTP/2 where the server speaks it, else HTTP/1.1. It is asked at every connection: what answers in a server's stead may speak less. */
export function createTransport(endpoint: KubeEndpoint, options: TransportOptions): KubeTransport {
  if (endpoint.server.protocol === 'http:') return createHttp1Transport(endpoint)
  const connectAs = async (version: Version): Promise<TLSSocket> => {
    const socket = await connectTls(endpoint, options.connectTimeoutMs)
    const spoken = socket.alpnProtocol === 'h2' ? 'h2' : 'http/1.1'
    if (spoken === version) return socket
    socket.destroy()
    throw new SpeaksOther(`${endpoint.server.host} does not speak ${version}`)
  }
  const create = (version: Version): KubeTransport =>
    version === 'h2'
      ? createHttp2Transport(() => connectAs('h2'), endpoint.server.origin, options)
      : createHttp1Transport(endpoint, () => connectAs('http/1.1'))
  let version: Version = 'h2'
  let transport = create(version)
  let isClosed = false
  const change = (from: KubeTransport): void => {
    if (transport !== from || isClosed) return
    version = version === 'h2' ? 'http/1.1' : 'h2'
    transport = create(version)
    from.close()
  }
  const send = async (request: KubeRequest, signal: AbortSignal): Promise<KubeResponse> => {
    const used = transport
    try {
      return await used.send(request, signal)
    } catch (error) {
      if (!(error instanceof SpeaksOther)) throw error
      change(used)
      return await transport.send(request, signal)
    }
  }
  return {
    send,
    reset: (reason) => transport.reset(reason),
    close() {
      isClosed = true
      transport.close()
    },
  }
}
