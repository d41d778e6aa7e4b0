import assert from 'node:assert/strict'
import { getEventListeners, once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { type TestContext, test } from 'node:test'
import { type KubeApi, KubeError, type KubeFailure, type WatchEvent } from '#ports/kube-api.ts'
import { LEASES, POOLS, SERVICES } from '#ports/kube-resources.ts'
import { createKubeApi, type KubeClientOptions } from './kube-client.ts'

const SIGNAL = new AbortController().signal
const REF = { namespace: 'a', name: 'b' }

interface Asked {
  readonly method: string
  readonly path: string
  readonly type: string | undefined
  readonly agent: string | undefined
  readonly authorization: string | undefined
  readonly body: string
}

interface World {
  readonly api: KubeApi
  readonly asked: readonly Asked[]
}

type Answer = (request: Asked, response: ServerResponse) => void

/** A server without TLS that answers as told, as `kubectl proxy` has it: HTTP/1.1. */
async function open(t: TestContext, answer: Answer, options: Partial<KubeClientOptions> = {}): Promise<World> {
  const asked: Asked[] = []
  const server = createServer((request, response) => {
    void readRequest(request).then((read) => {
      asked.push(read)
      answer(read, response)
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const endpoint = {
    server: new URL(`http://127.0.0.1:${port}`),
    tls: () => Promise.resolve({}),
    credentials: () => Promise.resolve({ authorization: 'Bearer T' }),
    namespace: 'default',
  }
  const api = createKubeApi([endpoint], { userAgent: 'balise-test/1', random: () => 0, ...options })
  t.after(() => {
    api.close()
    server.close()
    server.closeAllConnections()
  })
  return { api, asked }
}

async function readRequest(request: IncomingMessage): Promise<Asked> {
  let body = ''
  for await (const chunk of request.setEncoding('utf8')) body += String(chunk)
  const { method = '', url = '', headers } = request
  const { 'content-type': type, 'user-agent': agent, authorization } = headers
  return { method, path: url, type, agent, authorization, body }
}

function answering(status: number, body: unknown, headers: Readonly<Record<string, string>> = {}): Answer {
  return (_asked, response) => {
    response.writeHead(status, headers)
    response.end(typeof body === 'string' ? body : JSON.stringify(body))
  }
}

async function refused(promise: Promise<unknown>): Promise<KubeFailure> {
  const error = await promise.then(
    () => undefined,
    (reason: unknown) => reason,
  )
  assert.ok(error instanceof KubeError, String(error))
  return error.failure
}

async function all(events: AsyncIterable<WatchEvent>): Promise<readonly WatchEvent[]> {
  const seen: WatchEvent[] = []
  for await (const event of events) seen.push(event)
  return seen
}

test('get() asks with its credentials and says who it is', async (t) => {
  const { api, asked } = await open(t, answering(200, { metadata: { name: 'b' } }))
  assert.deepEqual(await api.get(SERVICES, REF), { metadata: { name: 'b' } })
  const { method, path, agent, authorization } = asked[0] ?? {}
  assert.deepEqual(
    [method, path, agent, authorization],
    ['GET', '/api/v1/namespaces/a/services/b', 'balise-test/1', 'Bearer T'],
  )
})

test('patch() names its kind, its manager and whether it is forced', async (t) => {
  const { api, asked } = await open(t, answering(200, { metadata: { name: 'b' } }))
  await api.patch(POOLS, { name: 'b' }, { kind: 'merge', body: { a: 1 } }, { subresource: 'status' })
  await api.patch(POOLS, { name: 'b' }, { kind: 'json', body: [] })
  await api.patch(POOLS, { name: 'b' }, { kind: 'apply', body: {}, fieldManager: 'm', force: true })
  const path = '/apis/cilium.io/v2/ciliumloadbalancerippools/b'
  assert.deepEqual(
    asked.map(({ method, path: at, type, body }) => [method, at, type, body]),
    [
      ['PATCH', `${path}/status`, 'application/merge-patch+json', '{"a":1}'],
      ['PATCH', path, 'application/json-patch+json', '[]'],
      ['PATCH', `${path}?fieldManager=m&force=true`, 'application/apply-patch+yaml', '{}'],
    ],
  )
})

test('a server that is too busy is TooManyRequests with its wait', async (t) => {
  const { api } = await open(t, answering(429, 'slowly', { 'retry-after': '3' }))
  const expected = { code: 'TooManyRequests', message: 'slowly', retryAfterMs: 3_000 }
  assert.deepEqual(await refused(api.list(SERVICES, {})), expected)
  assert.deepEqual(await refused(all(api.watch(SERVICES, { resourceVersion: '1' }, SIGNAL))), expected)
})

test('pages() follows the continue token and ends without one', async (t) => {
  const { api, asked } = await open(t, ({ path }, response) => {
    const at = new URL(path, 'http://x').searchParams.get('continue')
    const metadata = { resourceVersion: '7', ...(at === null && { continue: 'next' }) }
    answering(200, { metadata, items: [{ metadata: { name: at ?? 'first' } }] })({ ...({} as Asked), path }, response)
  })
  const names: string[] = []
  for await (const { items } of api.pages(LEASES, { labelSelector: 'a=b' }, SIGNAL))
    names.push(...items.map(({ metadata }) => metadata.name))
  assert.deepEqual(names, ['first', 'next'])
  const path = '/apis/coordination.k8s.io/v1/leases?labelSelector=a%3Db&limit=500'
  assert.deepEqual(
    asked.map((request) => request.path),
    [path, `${path}&continue=next`],
  )
})

test('pages() whose token has expired is Gone', async (t) => {
  const { api } = await open(t, ({ path }, response) => {
    const first = answering(200, { metadata: { resourceVersion: '7', continue: 'next' }, items: [] })
    const second = answering(410, { message: 'expired', reason: 'Expired' })
    const answer = path.includes('continue') ? second : first
    answer({} as Asked, response)
  })
  assert.equal((await refused(api.list(LEASES, {}))).code, 'Gone')
})

test('list() takes items that are null for none', async (t) => {
  const { api } = await open(t, answering(200, { metadata: { resourceVersion: '7' }, items: null }))
  assert.deepEqual(await api.list(SERVICES, {}), { items: [], resourceVersion: '7' })
})

test('watch() asks for bookmarks and an end, and yields what comes', async (t) => {
  const object = { metadata: { name: 'b', resourceVersion: '8' } }
  const lines = [
    { type: 'ADDED', object },
    { type: 'BOOKMARK', object: { metadata: { resourceVersion: '9' } } },
  ]
  const { api, asked } = await open(t, answering(200, lines.map((line) => `${JSON.stringify(line)}\n`).join('')), {
    watchMs: 60_000,
  })
  assert.deepEqual(await all(api.watch(SERVICES, { resourceVersion: '7' }, SIGNAL)), [
    { type: 'BOOKMARK', resourceVersion: '7' },
    { type: 'ADDED', object },
    { type: 'BOOKMARK', resourceVersion: '9' },
  ])
  assert.equal(asked[0]?.path, '/api/v1/services?watch=1&allowWatchBookmarks=true&timeoutSeconds=60&resourceVersion=7')
})

test('watch() throws what the server sends as an error', async (t) => {
  const line = `${JSON.stringify({ type: 'ERROR', object: { code: 410, message: 'too old' } })}\n`
  const { api } = await open(t, answering(200, line))
  assert.deepEqual(await refused(all(api.watch(SERVICES, { resourceVersion: '7' }, SIGNAL))), {
    code: 'Gone',
    message: 'too old',
  })
})

test('watch() that begins from no version, or tells of none, is refused: what had gone would never be told', async (t) => {
  const bookmark = `${JSON.stringify({ type: 'BOOKMARK', object: { metadata: {} } })}\n`
  const { api } = await open(t, ({ path }, response) => {
    answering(200, path.includes('watch=1') ? bookmark : { metadata: {}, items: [] })({} as Asked, response)
  })
  assert.equal((await refused(api.list(SERVICES, {}))).code, 'ServerError')
  assert.equal((await refused(all(api.watch(SERVICES, { resourceVersion: '7' }, SIGNAL)))).code, 'ServerError')
})

test('watch() of a server that does not end it in the time that was asked for is TimedOut, and breaks nothing beside it', async (t) => {
  const streams: ServerResponse[] = []
  const lengths = [0, 99]
  const { api } = await open(
    t,
    (_asked, response) => {
      response.writeHead(200).flushHeaders()
      streams.push(response)
    },
    { requestTimeoutMs: 200, watchMs: 1_000, random: () => lengths.shift() ?? 0 }, // a second is the least that can be asked for
  )
  const startedMs = performance.now()
  const short = api.watch(SERVICES, { resourceVersion: '7' }, SIGNAL)[Symbol.asyncIterator]()
  await short.next()
  const long = api.watch(SERVICES, { resourceVersion: '7' }, SIGNAL)[Symbol.asyncIterator]()
  await long.next()
  const { code, message } = await refused(short.next())
  assert.equal(code, 'TimedOut')
  assert.match(message, /did not end a watch after the 1 s/)
  assert.ok(performance.now() - startedMs >= 1_199)
  streams[1]?.write(`${JSON.stringify({ type: 'BOOKMARK', object: { metadata: { resourceVersion: '8' } } })}\n`)
  assert.deepEqual((await long.next()).value, { type: 'BOOKMARK', resourceVersion: '8' })
  await long.return?.()
})

test('watch() of a server that breaks off is Unreachable', async (t) => {
  const { api } = await open(t, (_asked, response) => {
    response.writeHead(200)
    response.write('{"type":"ADD', () => response.destroy())
  })
  assert.equal((await refused(all(api.watch(SERVICES, { resourceVersion: '7' }, SIGNAL)))).code, 'Unreachable')
})

test('watch() refuses what is no event', async (t) => {
  for (const line of [
    'x\n',
    '{"type":"ODD","object":{}}\n',
    'null\n',
    '{}\n',
    '{"type":"ADDED"}\n',
    '{"type":"BOOKMARK"}\n',
  ]) {
    const { api } = await open(t, answering(200, line))
    assert.equal((await refused(all(api.watch(SERVICES, { resourceVersion: '7' }, SIGNAL)))).code, 'ServerError', line)
  }
})

test('an answer that is no object is a ServerError', async (t) => {
  for (const body of ['<html>', '', 'null', '7', '{"metadata"']) {
    const { api } = await open(t, answering(200, body))
    assert.equal((await refused(api.get(SERVICES, REF))).code, 'ServerError', body)
    assert.equal((await refused(api.list(SERVICES, {}))).code, 'ServerError', body)
  }
})

test('a server that does not answer is TimedOut, and what waits on the same way is told', async (t) => {
  const { api } = await open(
    t,
    ({ path }, response) => {
      if (path.includes('watch=1')) response.writeHead(200).flushHeaders()
    },
    { requestTimeoutMs: 500 }, // the way has to be there by then, on a busy machine too
  )
  const events = api.watch(SERVICES, { resourceVersion: '7' }, SIGNAL)[Symbol.asyncIterator]()
  await events.next()
  const next = refused(events.next())
  assert.equal((await refused(api.get(SERVICES, REF))).code, 'TimedOut')
  assert.equal((await next).code, 'Unreachable')
})

test('no request and no watch leaves a listener or a timer behind, however it ends', async (t) => {
  let asked = 0
  const { api } = await open(t, ({ path }, response) => {
    asked += 1
    if (asked % 5 === 0) return void response.destroy()
    if (asked % 3 === 0) return answering(410, { reason: 'Expired' })({} as Asked, response)
    const line = `${JSON.stringify({ type: 'ADDED', object: { metadata: { name: 'b' } } })}\n`
    const object = { metadata: { name: 'b', resourceVersion: '7' }, items: [] }
    answering(200, path.includes('watch=1') ? line : object)({} as Asked, response)
  })
  const stop = new AbortController()
  const timers = (): number => process.getActiveResourcesInfo().filter((kind) => kind === 'Timeout').length
  const before = timers()
  for (let round = 0; round < 60; round++) {
    await api.get(SERVICES, REF, stop.signal).catch(() => undefined)
    await api.list(SERVICES, {}, stop.signal).catch(() => undefined)
    await api.patch(SERVICES, REF, { kind: 'merge', body: {} }, {}, stop.signal).catch(() => undefined)
    await all(api.watch(SERVICES, { resourceVersion: '7' }, stop.signal)).catch(() => undefined)
    const left = api.watch(SERVICES, { resourceVersion: '7' }, stop.signal)[Symbol.asyncIterator]()
    await left.next().catch(() => undefined)
    await left.return?.()
  }
  assert.equal(asked, 300)
  assert.deepEqual(getEventListeners(stop.signal, 'abort'), [])
  assert.ok(timers() <= before + 2, `${timers()} timers, ${before} before`)
})

test('watch() that its reader leaves is ended at the server', async (t) => {
  const left = Promise.withResolvers<void>()
  const { api } = await open(t, (_asked, response) => {
    response.once('close', () => left.resolve())
    response.writeHead(200).flushHeaders()
  })
  for await (const event of api.watch(SERVICES, { resourceVersion: '7' }, SIGNAL)) {
    assert.equal(event.type, 'BOOKMARK')
    break
  }
  await left.promise
})

test('watch() whose head does not come is TimedOut', async (t) => {
  const { api } = await open(t, () => undefined, { requestTimeoutMs: 50 })
  assert.equal((await refused(all(api.watch(SERVICES, { resourceVersion: '7' }, SIGNAL)))).code, 'TimedOut')
})

test('a server that is not there is Unreachable, and the message says where', async (t) => {
  const { api } = await open(t, () => undefined)
  const gone = createKubeApi(
    [
      {
        server: new URL('https://127.0.0.1:1'),
        tls: () => Promise.resolve({}),
        credentials: () => Promise.resolve({}),
        namespace: 'x',
      },
    ],
    { userAgent: 'x' },
  )
  const { code, message } = await refused(gone.get(SERVICES, REF))
  assert.equal(code, 'Unreachable')
  assert.match(message, /The API at 127\.0\.0\.1:1 is away: .*ECONNREFUSED/)
  gone.close()
  api.close()
})

test('credentials that cannot be had are Unreachable, not a crash', async () => {
  const api = createKubeApi(
    [
      {
        server: new URL('http://127.0.0.1:1'),
        tls: () => Promise.resolve({}),
        credentials: () => Promise.reject(new Error('ENOENT: token')),
        namespace: 'x',
      },
    ],
    { userAgent: 'x' },
  )
  assert.match((await refused(api.get(SERVICES, REF))).message, /ENOENT: token/)
  api.close()
})

test('credentials that never come are TimedOut, for a request as for a watch', async (t) => {
  const api = createKubeApi(
    [
      {
        server: new URL('http://127.0.0.1:1'),
        tls: () => Promise.resolve({}),
        credentials: () => new Promise(() => undefined),
        namespace: 'x',
      },
    ],
    { userAgent: 'x', requestTimeoutMs: 30 },
  )
  t.after(() => api.close())
  const expected = { code: 'TimedOut', message: 'No credentials for the API at 127.0.0.1:1 within 30 ms' }
  assert.deepEqual(await refused(api.get(SERVICES, REF)), expected)
  assert.deepEqual(await refused(all(api.watch(SERVICES, { resourceVersion: '7' }, SIGNAL))), expected)
  const stop = new AbortController()
  const asked = api.list(SERVICES, {}, stop.signal)
  stop.abort(new Error('enough'))
  await assert.rejects(asked, { message: 'enough' })
})

test('delete() of what is not there succeeds', async (t) => {
  const { api } = await open(t, answering(404, { reason: 'NotFound', message: 'not found' }))
  await api.delete(SERVICES, REF)
})
