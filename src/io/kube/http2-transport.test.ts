import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, type Http2Server, type ServerHttp2Session, type ServerHttp2Stream } from 'node:http2'
import { type AddressInfo, connect, createServer as createTcpServer, type Server, type Socket } from 'node:net'
import { type TestContext, test } from 'node:test'
import { readText } from './bounded-body.ts'
import { createHttp2Transport } from './http2-transport.ts'
import type { KubeRequest, KubeTransport } from './kube-transport.ts'

const SIGNAL = new AbortController().signal
const OPTIONS = { connectTimeoutMs: 1_000, idleMs: 20, pingTimeoutMs: 50 }
const GET: KubeRequest = { method: 'GET', path: '/x', headers: { a: 'b' }, body: undefined }

interface World {
  readonly sockets: readonly Socket[]
  readonly transport: KubeTransport
  readonly sessions: readonly ServerHttp2Session[]
}

type OnStream = (stream: ServerHttp2Stream, path: string) => void

async function open(t: TestContext, onStream: OnStream): Promise<World> {
  const server = createServer()
  const sockets: Socket[] = []
  const sessions: ServerHttp2Session[] = []
  server.on('connection', (socket: Socket) => sockets.push(socket))
  server.on('session', (session) => sessions.push(session))
  server.on('stream', (stream, headers) => {
    stream.on('error', () => undefined)
    onStream(stream, String(headers[':path']))
  })
  const transport = await transportTo(t, server)
  t.after(() => {
    for (const session of sessions) session.destroy()
  })
  return { transport, sessions, sockets }
}

async function transportTo(t: TestContext, server: Http2Server | Server): Promise<KubeTransport> {
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const dial = async (): Promise<Socket> => {
    const socket = connect(port, '127.0.0.1')
    await once(socket, 'connect')
    return socket
  }
  const transport = createHttp2Transport(dial, `http://127.0.0.1:${port}`, OPTIONS)
  t.after(() => {
    transport.close()
    server.close()
  })
  return transport
}

async function ask(transport: KubeTransport, request: KubeRequest = GET): Promise<string> {
  const { status, body } = await transport.send(request, SIGNAL)
  return `${status} ${await readText(body, 10_000)}`
}

/** What comes to the connection before the word that it ends is refused. */
async function untilAnother(sessions: readonly unknown[], transport: KubeTransport): Promise<void> {
  while (sessions.length < 2) await ask(transport).catch(() => undefined)
}

test('createHttp2Transport() sends all requests over one connection', async (t) => {
  const { transport, sessions } = await open(t, (stream, path) => {
    stream.respond({ ':status': 200 })
    stream.end(path)
  })
  assert.deepEqual(await Promise.all([ask(transport), ask(transport), ask(transport)]), ['200 /x', '200 /x', '200 /x'])
  assert.equal(sessions.length, 1)
})

test('createHttp2Transport() sends a body and hands Retry-After on', async (t) => {
  const { transport } = await open(t, (stream) => {
    stream.respond({ ':status': 429, 'retry-after': '7' })
    stream.pipe(stream)
  })
  const { status, retryAfter, body } = await transport.send({ ...GET, method: 'POST', body: '{"a":1}' }, SIGNAL)
  assert.deepEqual([status, retryAfter, await readText(body, 100)], [429, '7', '{"a":1}'])
})

test('createHttp2Transport() connects anew after the server sent it away', async (t) => {
  const { transport, sessions } = await open(t, (stream) => {
    stream.respond({ ':status': 200 })
    stream.end('ok')
  })
  await ask(transport)
  const [first] = sessions
  assert.ok(first)
  first.close()
  await once(first, 'close')
  assert.equal(await ask(transport), '200 ok')
  assert.equal(sessions.length, 2)
})

test('reset() breaks also what is under way on a connection from which the server sent it away', async (t) => {
  const { transport, sessions } = await open(t, (stream, path) => {
    stream.respond({ ':status': 200 })
    if (path === '/x') stream.end('ok')
  })
  const { body } = await transport.send({ ...GET, path: '/watch' }, SIGNAL)
  sessions[0]?.goaway()
  await untilAnother(sessions, transport)
  transport.reset(new Error('The server hangs'))
  await assert.rejects(readText(body, 100), /hangs/)
})

test('createHttp2Transport() lets what is under way end in its own time when the server sends it away', async (t) => {
  const streams: ServerHttp2Stream[] = []
  const { transport, sessions } = await open(t, (stream, path) => {
    stream.respond({ ':status': 200 })
    if (path === '/x') stream.end('ok')
    else streams.push(stream)
  })
  const { body } = await transport.send({ ...GET, path: '/watch' }, SIGNAL)
  sessions[0]?.close()
  await untilAnother(sessions, transport)
  streams[0]?.end('to its end')
  assert.equal(await readText(body, 100), 'to its end')
})

test('createHttp2Transport() fails a request alone that the server resets, before its head or after it', async (t) => {
  const { transport, sessions } = await open(t, (stream, path) => {
    if (path === '/x') {
      stream.respond({ ':status': 200 })
      stream.end('ok')
    } else if (path === '/late') {
      stream.respond({ ':status': 200 })
      stream.write('part', () => stream.destroy(new Error('no')))
    } else stream.destroy(new Error('no'))
  })
  await assert.rejects(ask(transport, { ...GET, path: '/early' }))
  await assert.rejects(ask(transport, { ...GET, path: '/late' }))
  assert.equal(await ask(transport), '200 ok')
  assert.equal(sessions.length, 1)
})

test('createHttp2Transport() leaves nobody waiting for the head of a stream that ends without one and without an error', async (t) => {
  const { transport } = await open(t, (stream) => stream.destroy())
  await assert.rejects(ask(transport), /closed/)
})

test('createHttp2Transport() fails what is under way when the connection breaks', async (t) => {
  const { transport, sockets } = await open(t, (stream, path) => {
    stream.respond({ ':status': 200 })
    stream.write('part')
    if (path === '/break') setImmediate(() => sockets[0]?.destroy())
  })
  const watch = await transport.send(GET, SIGNAL)
  const reading = readText(watch.body, 100)
  const breaking = ask(transport, { ...GET, path: '/break' })
  await Promise.all([assert.rejects(reading, /closed/), assert.rejects(breaking, /closed/)])
})

test('createHttp2Transport() keeps a break for a reader who has not begun', async (t) => {
  const { transport, sockets } = await open(t, (stream) => {
    stream.respond({ ':status': 200 })
    stream.write('part')
  })
  const { body } = await transport.send(GET, SIGNAL)
  sockets[0]?.destroy()
  await new Promise((resolve) => body.once('close', resolve))
  await assert.rejects(readText(body, 100), /closed/)
})

test('createHttp2Transport() notices a server that answers no more, within idle and ping time', async (t) => {
  const sockets: Socket[] = []
  const transport = await transportTo(
    t,
    createTcpServer((socket) => void sockets.push(socket.on('error', () => undefined))),
  )
  t.after(() => {
    for (const socket of sockets) socket.destroy()
  })
  const startedMs = performance.now()
  await assert.rejects(ask(transport), /does not answer/)
  const tookMs = performance.now() - startedMs
  assert.ok(tookMs < 1_000, `${tookMs} ms`)
})

test('createHttp2Transport() leaves a quiet connection alone whose server answers pings', async (t) => {
  const streams: ServerHttp2Stream[] = []
  const { transport, sessions } = await open(t, (stream) => {
    stream.respond({ ':status': 200 })
    streams.push(stream)
  })
  const { body } = await transport.send(GET, SIGNAL)
  const session = sessions[0]
  assert.ok(session)
  for (let pings = 0; pings < 5; pings++) await once(session, 'ping')
  streams[0]?.end('still here')
  assert.equal(await readText(body, 100), 'still here')
})

test('createHttp2Transport() does not blame the server for a time in which we ourselves stood still', async (t) => {
  const streams: ServerHttp2Stream[] = []
  const { transport, sessions } = await open(t, (stream) => {
    stream.respond({ ':status': 200 })
    streams.push(stream)
  })
  const { body } = await transport.send(GET, SIGNAL)
  const session = sessions[0]
  assert.ok(session)
  for (let stalls = 0; stalls < 3; stalls++) {
    await once(session, 'ping')
    const untilMs = performance.now() + 2 * OPTIONS.pingTimeoutMs
    while (performance.now() < untilMs);
  }
  await once(session, 'ping')
  streams[0]?.end('still here')
  assert.equal(await readText(body, 100), 'still here')
})

test('send() rejects with the reason of its signal, and tells the server', async (t) => {
  const aborted = Promise.withResolvers<void>()
  const arrived = Promise.withResolvers<void>()
  const { transport } = await open(t, (stream) => {
    stream.once('close', () => aborted.resolve())
    arrived.resolve()
  })
  const stop = new AbortController()
  const sent = transport.send(GET, stop.signal)
  await arrived.promise
  stop.abort(new Error('enough'))
  await assert.rejects(sent, { message: 'enough' })
  await aborted.promise
})

test('reset() breaks what is under way; the next request connects anew', async (t) => {
  const { transport, sessions } = await open(t, (stream, path) => {
    stream.respond({ ':status': 200 })
    if (path === '/x') stream.end('ok')
  })
  const { body } = await transport.send({ ...GET, path: '/watch' }, SIGNAL)
  transport.reset(new Error('The server hangs'))
  await assert.rejects(readText(body, 100), /hangs/)
  assert.equal(await ask(transport), '200 ok')
  assert.equal(sessions.length, 2)
})

test('close() ends the connection and refuses what comes later', async (t) => {
  const { transport, sessions } = await open(t, (stream) => {
    stream.respond({ ':status': 200 })
    stream.end('ok')
  })
  await ask(transport)
  transport.close()
  const [session] = sessions
  assert.ok(session)
  if (!session.destroyed) await once(session, 'close')
  await assert.rejects(ask(transport))
})

test('createHttp2Transport() gives the body whole to a reader that starts after its end', async (t) => {
  const { transport } = await open(t, (stream) => {
    stream.respond({ ':status': 200 })
    stream.end('late')
  })
  const { body } = await transport.send(GET, SIGNAL)
  await ask(transport) // its answer comes after the end of the first
  assert.equal(await readText(body, 100), 'late')
})
