import assert from 'node:assert/strict'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { createSecureServer } from 'node:http2'
import { createServer as createHttpsServer } from 'node:https'
import type { AddressInfo, Socket } from 'node:net'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { readText } from './bounded-body.ts'
import type { KubeTransport } from './kube-transport.ts'
import { createTransport } from './negotiated-transport.ts'

const SIGNAL = new AbortController().signal
const read = (name: string): string => readFileSync(join(import.meta.dirname, 'testdata', name), 'utf8')
const IDENTITY = { cert: read('server.crt'), key: read('server.key') }
const OPTIONS = { connectTimeoutMs: 2_000, idleMs: 2_000, pingTimeoutMs: 2_000 }

interface Running {
  readonly port: number
  readonly connections: () => number
  stop(): Promise<void>
}

/** A server that answers with the version of HTTP that it was asked in; `/watch` it leaves open. */
async function serve(t: TestContext, speaks: 'h2' | 'http/1.1', port = 0): Promise<Running> {
  const sockets = new Set<Socket>()
  const answer = (
    path: string | undefined,
    version: string,
    response: { write(text: string): unknown; end(text: string): unknown },
  ): void => void (path === '/watch' ? response.write(version) : response.end(version))
  const server =
    speaks === 'h2'
      ? createSecureServer(IDENTITY, ({ url, httpVersion }, response) => answer(url, httpVersion, response))
      : createHttpsServer(IDENTITY, ({ url, httpVersion }, response) => answer(url, httpVersion, response))
  let connections = 0
  server.on('secureConnection', (socket: Socket) => {
    connections += 1
    sockets.add(socket.on('error', () => undefined))
  })
  server.listen(port, '127.0.0.1')
  await once(server, 'listening')
  const stop = async (): Promise<void> => {
    for (const socket of sockets) socket.destroy()
    if (!server.listening) return
    server.close()
    await once(server, 'close')
  }
  t.after(stop)
  return { port: (server.address() as AddressInfo).port, connections: () => connections, stop }
}

function transportTo(t: TestContext, port: number): KubeTransport {
  const endpoint = {
    server: new URL(`https://127.0.0.1:${port}`),
    tls: () => Promise.resolve({ ca: read('server.crt'), servername: 'kubernetes.default.svc' }),
    credentials: () => Promise.resolve({}),
    namespace: 'default',
  }
  const transport = createTransport(endpoint, OPTIONS)
  t.after(() => transport.close())
  return transport
}

async function ask(transport: KubeTransport): Promise<string> {
  const { body } = await transport.send({ method: 'GET', path: '/', headers: {}, body: undefined }, SIGNAL)
  return await readText(body, 100)
}

/** What is under way when a server goes is lost; the next that is asked for comes to the new one. */
async function askAnew(transport: KubeTransport): Promise<string> {
  return await ask(transport).catch(() => ask(transport))
}

test('createTransport() speaks HTTP/1.1 to a server that speaks nothing else, over connections that stay', async (t) => {
  const { port, connections } = await serve(t, 'http/1.1')
  const transport = transportTo(t, port)
  assert.deepEqual([await ask(transport), await ask(transport), await ask(transport)], ['1.1', '1.1', '1.1'])
  assert.ok(connections() <= 2, `${connections()} connections`) // one of them to find that out
})

test('createTransport() comes back to HTTP/2 when what answered in the stead of the server is gone, and the other way', async (t) => {
  const first = await serve(t, 'http/1.1')
  const transport = transportTo(t, first.port)
  assert.equal(await ask(transport), '1.1')
  await first.stop()
  const second = await serve(t, 'h2', first.port)
  assert.equal(await askAnew(transport), '2.0')
  await second.stop()
  await serve(t, 'http/1.1', first.port)
  assert.equal(await askAnew(transport), '1.1')
})

for (const speaks of ['h2', 'http/1.1'] as const) {
  test(`reset() and close() break what is under way in ${speaks}`, async (t) => {
    const { port } = await serve(t, speaks)
    const transport = transportTo(t, port)
    const watch = { method: 'GET', path: '/watch', headers: {}, body: undefined } as const
    const early = await transport.send(watch, SIGNAL)
    transport.reset(new Error('The server hangs'))
    await assert.rejects(readText(early.body, 100))
    const late = await transport.send(watch, SIGNAL)
    transport.close()
    await assert.rejects(readText(late.body, 100))
  })
}
