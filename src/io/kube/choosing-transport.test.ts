import assert from 'node:assert/strict'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { createSecureServer, type Http2SecureServer, type ServerHttp2Session } from 'node:http2'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { readText } from './bounded-body.ts'
import { createChoosingTransport, type ChoosingTransport } from './choosing-transport.ts'
import type { KubeEndpoint } from './kube-endpoint.ts'

const SIGNAL = new AbortController().signal
const read = (name: string): string => readFileSync(join(import.meta.dirname, 'testdata', name), 'utf8')

interface ApiServer {
  readonly port: number
  stop(): Promise<void>
}

/** An API server that says its name, with a certificate of `server` or of an authority that is not the cluster's. */
async function serve(t: TestContext, name: string, certificate = 'server', port = 0): Promise<ApiServer> {
  const server = createSecureServer({ cert: read(`${certificate}.crt`), key: read(`${certificate}.key`) })
  const sessions = new Set<ServerHttp2Session>()
  server.on('session', (session) => sessions.add(session))
  server.on('sessionError', () => undefined)
  server.on('stream', (stream) => {
    stream.on('error', () => undefined)
    stream.respond({ ':status': 200 })
    stream.end(name)
  })
  server.listen(port, '127.0.0.1')
  await once(server, 'listening')
  const stop = (): Promise<void> => stopServer(server, sessions)
  t.after(stop)
  return { port: (server.address() as AddressInfo).port, stop }
}

async function stopServer(server: Http2SecureServer, sessions: ReadonlySet<ServerHttp2Session>): Promise<void> {
  for (const session of sessions) session.destroy()
  if (!server.listening) return
  server.close()
  await once(server, 'close')
}

/** A port at which nobody listens. */
async function closedPort(t: TestContext): Promise<number> {
  const { port, stop } = await serve(t, 'nobody')
  await stop()
  return port
}

interface Told {
  readonly server: string
  readonly refused: readonly string[]
}

function choose(
  t: TestContext,
  ports: readonly number[],
  serverName = 'kubernetes.default.svc',
): { readonly transport: ChoosingTransport; readonly told: readonly Told[] } {
  const told: Told[] = []
  const endpoints = ports.map(
    (port): KubeEndpoint => ({
      server: new URL(`https://127.0.0.1:${port}`),
      tls: () => Promise.resolve({ ca: read('server.crt'), servername: serverName }),
      credentials: () => Promise.resolve({}),
      namespace: 'default',
    }),
  )
  const transport = createChoosingTransport(endpoints, {
    connectTimeoutMs: 1_000,
    idleMs: 1_000,
    pingTimeoutMs: 1_000,
    onServer: (server, refused) => told.push({ server: server.host, refused }),
  })
  t.after(() => transport.close())
  return { transport, told }
}

async function ask(transport: ChoosingTransport): Promise<string> {
  const { body } = await transport.send({ method: 'GET', path: '/', headers: {}, body: undefined }, SIGNAL)
  return await readText(body, 1_000)
}

test('createChoosingTransport() takes the first address that answers, and says why not those before', async (t) => {
  const closed = await closedPort(t)
  const [a, b] = [await serve(t, 'a'), await serve(t, 'b')]
  const { transport, told } = choose(t, [closed, a.port, b.port])
  assert.deepEqual(await Promise.all([ask(transport), ask(transport)]), ['a', 'a'])
  assert.deepEqual(told, [
    { server: `127.0.0.1:${a.port}`, refused: [`127.0.0.1:${closed}: connect ECONNREFUSED 127.0.0.1:${closed}`] },
  ])
  assert.equal(transport.host(), `127.0.0.1:${a.port}`)
})

test('createChoosingTransport() speaks to nobody whose certificate another authority has signed', async (t) => {
  const [foreign, own] = [await serve(t, 'foreign', 'foreign'), await serve(t, 'own')]
  const { transport, told } = choose(t, [foreign.port, own.port])
  assert.equal(await ask(transport), 'own')
  assert.match(told[0]?.refused[0] ?? '', /self-signed certificate/)
})

test('createChoosingTransport() speaks to nobody whose certificate bears another name', async (t) => {
  const { port } = await serve(t, 'a')
  const { transport } = choose(t, [port, port], 'somebody.else')
  await assert.rejects(ask(transport), /no address answers .*Hostname\/IP does not match/)
})

test('createChoosingTransport() goes to another address when the one it has is lost, and stays there', async (t) => {
  const [a, b] = [await serve(t, 'a'), await serve(t, 'b')]
  const { transport, told } = choose(t, [a.port, b.port])
  assert.equal(await ask(transport), 'a')
  await a.stop()
  await assert.rejects(ask(transport)) // it is by this request that the loss shows
  assert.equal(await ask(transport), 'b')
  await serve(t, 'a again', 'server', a.port)
  assert.equal(await ask(transport), 'b')
  assert.deepEqual(
    told.map(({ server }) => server),
    [`127.0.0.1:${a.port}`, `127.0.0.1:${b.port}`],
  )
})

test('createChoosingTransport() keeps to its address after a reset as long as that answers', async (t) => {
  const [a, b] = [await serve(t, 'a'), await serve(t, 'b')]
  const { transport, told } = choose(t, [a.port, b.port])
  assert.equal(await ask(transport), 'a')
  transport.reset(new Error('no answer'))
  assert.equal(await ask(transport), 'a')
  assert.equal(told.length, 1)
})

test('createChoosingTransport() tries all again at the next request when none answers', async (t) => {
  const [first, second] = [await closedPort(t), await closedPort(t)]
  const { transport } = choose(t, [first, second])
  await assert.rejects(ask(transport), (error: Error) =>
    [first, second].every((port) => error.message.includes(`127.0.0.1:${port}: connect ECONNREFUSED`)),
  )
  await serve(t, 'late', 'server', second)
  assert.equal(await ask(transport), 'late')
})
