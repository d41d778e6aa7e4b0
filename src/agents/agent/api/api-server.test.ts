import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { request } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test from 'node:test'
import { type Answers, type ApiServer, openApiServer } from './api-server.ts'

/** Answers that name themselves. */
const ANSWERS = {
  status: () => ({ of: 'status' }),
  services: () => ({ of: 'services' }),
  l2: () => ({ of: 'l2' }),
  debuginfo: () => ({ of: 'debuginfo' }),
  health: () => ({ version: 1, state: 'failed' }),
} as unknown as Answers

async function ask(socketPath: string, path: string, method = 'GET'): Promise<readonly [number | undefined, unknown]> {
  const { promise, resolve, reject } = Promise.withResolvers<readonly [number | undefined, unknown]>()
  const asked = request({ socketPath, path, method, agent: false }, (response) => {
    let text = ''
    response.setEncoding('utf8')
    response.on('data', (piece: string) => (text += piece))
    response.on('end', () => resolve([response.statusCode, JSON.parse(text)]))
  })
  asked.on('error', reject)
  asked.end()
  return await promise
}

test('openApiServer() answers on the socket, for root alone, and replaces one that an earlier agent left', async (context) => {
  const folder = mkdtempSync(join(tmpdir(), 'balise-'))
  const open: ApiServer[] = []
  context.after(async () => {
    for (const server of open) await server.close()
    rmSync(folder, { recursive: true })
  })
  const socket = join(folder, 'run', 'agent.sock')
  const first = await openApiServer({ answers: ANSWERS, socket, healthPort: 0 })
  open.push(first)
  assert.deepEqual(await ask(socket, '/v1/status'), [200, { of: 'status' }])
  assert.deepEqual(await ask(socket, '/v1/l2'), [200, { of: 'l2' }])
  assert.deepEqual(await ask(socket, '/v1/healthz'), [503, { version: 1, state: 'failed' }])
  assert.equal((await ask(socket, '/v1/nothing'))[0], 404)
  assert.equal((await ask(socket, '/v1/status', 'POST'))[0], 405)
  assert.equal(statSync(socket).mode & 0o777, 0o600)
  await first.close()
  writeFileSync(socket, '')
  const second = await openApiServer({ answers: ANSWERS, socket, healthPort: 0 })
  open.push(second)
  assert.equal((await ask(socket, '/v1/services'))[0], 200)
})
