import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer, type ServerResponse } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { askAgent } from './agent-client.ts'
import { CliError } from './cli-error.ts'

/** An agent on a socket of its own, for the time of `work`. */
async function withAgent(
  answer: (path: string, response: ServerResponse) => void,
  work: (socketPath: string) => Promise<void>,
): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'balise-cli-'))
  const socketPath = join(folder, 'agent.sock')
  const server = createServer((request, response) => answer(request.url ?? '', response))
  await new Promise<void>((resolve) => server.listen(socketPath, resolve))
  try {
    await work(socketPath)
  } finally {
    server.closeAllConnections()
    await new Promise((resolve) => server.close(resolve))
    rmSync(folder, { recursive: true })
  }
}

function saying(message: RegExp): (error: unknown) => boolean {
  return (error) => error instanceof CliError && message.test(error.message) && error.remedy !== ''
}

test('askAgent() gives the JSON that the agent answers, of any length', async () => {
  const list = Array.from({ length: 50_000 }, (_, index) => index)
  await withAgent(
    (path, response) => void response.end(JSON.stringify({ path, list })),
    async (socketPath) => assert.deepEqual(await askAgent(socketPath, '/v1/l2'), { path: '/v1/l2', list }),
  )
})

test('askAgent() says what the agent says when it is no answer', async () => {
  await withAgent(
    (_path, response) => void response.writeHead(503).end('not yet'),
    async (socketPath) => assert.rejects(askAgent(socketPath, '/v1/l2'), saying(/503.*not yet/)),
  )
})

test('askAgent() repeats why an agent cannot begin its work', async () => {
  await withAgent(
    (_path, response) => void response.writeHead(503).end('{"error":"Kernel 5.4.0 of Node n1 is older than 5.15"}\n'),
    async (socketPath) =>
      assert.rejects(askAgent(socketPath, '/v1/status'), saying(/^Kernel 5\.4\.0 of Node n1 is older/)),
  )
})

test('askAgent() refuses what is no JSON', async () => {
  await withAgent(
    (_path, response) => void response.end('{'),
    async (socketPath) => assert.rejects(askAgent(socketPath, '/'), saying(/no JSON/)),
  )
})

test('askAgent() says that the agent went away in the middle', async () => {
  await withAgent(
    (_path, response) => {
      response.writeHead(200, { 'content-length': 100 }).write('{')
      setImmediate(() => response.destroy())
    },
    async (socketPath) => assert.rejects(askAgent(socketPath, '/'), saying(/does not answer/)),
  )
})

test('askAgent() says how to ask elsewhere when there is no socket', async () => {
  await assert.rejects(
    askAgent('/nonexistent/agent.sock', '/'),
    (error) => error instanceof CliError && error.remedy.includes('kubectl'),
  )
})
