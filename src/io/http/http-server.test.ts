import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { request } from 'node:http'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { type HttpRequest, type HttpServer, type HttpServerOptions, openHttpServer } from './http-server.ts'

type Options = Omit<HttpServerOptions, 'listen'>
type Where = { readonly socketPath: string } | { readonly host: string; readonly port: number }

const ECHO: Options = {
  answer: ({ method, path, query, body }) => ({ status: 200, json: [method, path, query.get('a'), body] }),
}

function socketPath(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'balise-http-'))
  t.after(() => rmSync(folder, { recursive: true }))
  return join(folder, 'made', 'agent.sock')
}

async function open(t: TestContext, path: string, options: Options): Promise<HttpServer> {
  const server = await openHttpServer({ listen: { socketPath: path }, ...options })
  t.after(() => server.close())
  return server
}

function ask(where: Where, path: string, body = ''): Promise<string> {
  return new Promise((resolve, reject) => {
    const method = body === '' ? 'GET' : 'POST'
    const outgoing = request({ ...where, path, method, agent: false }, (incoming) => {
      let text = ''
      incoming.setEncoding('utf8').on('data', (piece: string) => (text += piece))
      incoming.once('end', () => resolve(`${incoming.statusCode} ${text.trim()}`))
    })
    outgoing.once('error', reject)
    outgoing.end(body)
  })
}

test('openHttpServer() answers on a unix socket that only root may open', async (t) => {
  const path = socketPath(t)
  await open(t, path, ECHO)
  assert.equal(statSync(path).mode & 0o777, 0o600)
  assert.equal(await ask({ socketPath: path }, '/v1/x?a=b'), '200 ["GET","/v1/x","b",""]')
  assert.equal(await ask({ socketPath: path }, '/', 'hello'), '200 ["POST","/",null,"hello"]')
})

test('openHttpServer() replaces what an earlier process left', async (t) => {
  const path = socketPath(t)
  const first = await open(t, path, ECHO)
  await first.close()
  writeFileSync(path, '')
  await open(t, path, ECHO)
  assert.match(await ask({ socketPath: path }, '/'), /^200/)
})

test('close() takes its socket away, but not that of its successor', async (t) => {
  const path = socketPath(t)
  const first = await open(t, path, { answer: () => ({ status: 200, json: 'first' }) })
  const second = await open(t, path, { answer: () => ({ status: 200, json: 'second' }) })
  await first.close()
  assert.equal(await ask({ socketPath: path }, '/'), '200 "second"')
  await second.close()
  assert.equal(statSync(path, { throwIfNoEntry: false }), undefined)
})

test('openHttpServer() answers on loopback, with text too', async (t) => {
  const answer = { status: 503, text: 'balise_up 0\n', contentType: 'text/plain' }
  const server = await openHttpServer({ listen: { port: 0 }, answer: () => answer })
  t.after(() => server.close())
  assert.equal(await ask({ host: '127.0.0.1', port: server.port ?? 0 }, '/metrics'), '503 balise_up 0')
})

test('openHttpServer() rejects when the port is taken', async (t) => {
  const server = await openHttpServer({ listen: { port: 0 }, ...ECHO })
  t.after(() => server.close())
  await assert.rejects(openHttpServer({ listen: { port: server.port ?? 0 }, ...ECHO }), new RegExp(String(server.port)))
})

test('openHttpServer() refuses a body that is too long, without asking', async (t) => {
  const path = socketPath(t)
  const seen: HttpRequest[] = []
  await open(t, path, {
    answer: (asked) => {
      seen.push(asked)
      return { status: 200, json: null }
    },
  })
  assert.match(await ask({ socketPath: path }, '/', 'x'.repeat(65_537)), /^413/)
  assert.match(await ask({ socketPath: path }, '/', 'x'.repeat(65_536)), /^200/)
  assert.equal(seen.length, 1)
})

test('openHttpServer() answers 500 for what throws, and reports it', async (t) => {
  const path = socketPath(t)
  const failures: unknown[] = []
  const answer = (): never => {
    throw new Error('no')
  }
  await open(t, path, { answer, onFailure: (error) => failures.push(error) })
  assert.equal(await ask({ socketPath: path }, '/'), '500 {"error":"no"}')
  assert.equal(failures.length, 1)
})

test('openHttpServer() lives through octets that are no HTTP and askers that go away', async (t) => {
  const path = socketPath(t)
  await open(t, path, ECHO)
  for (const octets of [
    '\0\0\0\r\n\r\n',
    'GET',
    'POST / HTTP/1.1\r\ncontent-length: 9\r\n\r\nx',
    'GET // HTTP/1.1\r\nhost: x\r\n\r\n',
  ]) {
    await new Promise<void>((resolve) => {
      const socket = connect(path, () => socket.write(octets, () => socket.destroy()))
      socket.once('close', () => resolve())
    })
  }
  assert.match(await ask({ socketPath: path }, '/'), /^200/)
  assert.equal(await ask({ socketPath: path }, '//'), '200 ["GET","//",null,""]')
})

test('close() breaks what is under way', async (t) => {
  const path = socketPath(t)
  const arrived = Promise.withResolvers<void>()
  const server = await open(t, path, {
    answer: () => {
      arrived.resolve()
      return new Promise(() => undefined)
    },
  })
  const asking = ask({ socketPath: path }, '/')
  await arrived.promise
  await Promise.all([server.close(), assert.rejects(asking)])
})
