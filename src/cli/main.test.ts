import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync, symlinkSync } from 'node:fs'
import { createServer } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { SAMPLE_SERVICES, SAMPLE_STATUS } from './sample-answers.ts'

const MAIN = join(import.meta.dirname, 'main.ts')

interface Outcome {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

/** The command as a process of its own: exit code and streams are what is tested. */
function run(args: readonly string[], main = MAIN): Promise<Outcome> {
  const child = spawn(process.execPath, [main, ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let stdout = ''
  let stderr = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text))
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text))
  return new Promise((resolve) => child.once('close', (code) => resolve({ code, stdout, stderr })))
}

async function withAgent(
  answers: Readonly<Record<string, unknown>>,
  work: (socket: string) => Promise<void>,
): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'balise-cli-'))
  const socket = join(folder, 'agent.sock')
  const server = createServer((request, response) => void response.end(JSON.stringify(answers[request.url ?? ''])))
  await new Promise<void>((resolve) => server.listen(socket, resolve))
  try {
    await work(socket)
  } finally {
    server.closeAllConnections()
    await new Promise((resolve) => server.close(resolve))
    rmSync(folder, { recursive: true })
  }
}

test('a command that is done ends with 0 and says nothing on stderr', async () => {
  await withAgent({ '/v1/status': SAMPLE_STATUS }, async (socket) => {
    const { code, stdout, stderr } = await run(['status', '--socket', socket])
    assert.deepEqual([code, stderr], [0, ''])
    assert.match(stdout, /^Balise: +Degraded/)
  })
})

test('status of an agent in which nothing works ends with 1, and still shows it', async () => {
  await withAgent({ '/v1/status': { ...SAMPLE_STATUS, state: 'failed' } }, async (socket) => {
    const { code, stdout } = await run(['status', '--socket', socket])
    assert.equal(code, 1)
    assert.match(stdout, /^Balise: +Failure/)
  })
})

test('what cannot be done ends with 1, with message and remedy on stderr', async () => {
  const { code, stdout, stderr } = await run(['status', '--socket', '/nonexistent/agent.sock'])
  assert.deepEqual([code, stdout], [1, ''])
  assert.match(stderr, /^Error: No agent runs here.*\n.*kubectl/)
})

test('an answer of another version of the API is refused', async () => {
  await withAgent({ '/v1/services': { ...SAMPLE_SERVICES, version: 2 } }, async (socket) => {
    const { code, stderr } = await run(['service', 'list', '--socket', socket])
    assert.equal(code, 1)
    assert.match(stderr, /not of version 1/)
  })
})

test('the remedy names the command that was called', async () => {
  const { stderr } = await run(['l2', 'list', '--socket', '/nonexistent/agent.sock'])
  assert.match(stderr, /exec ds\/balise -- balise l2 list$/m)
})

test('what is misused ends with 2', async () => {
  const { code, stdout, stderr } = await run(['status', '--nope'])
  assert.deepEqual([code, stdout], [2, ''])
  assert.match(stderr, /--nope'\n--help tells what there is$/m)
})

test('arguments that a command cannot take together are a misuse as well', async () => {
  assert.equal((await run(['bpf', 'lb', 'list', '--backends', '--revnat', '--bpf-fs', '/nonexistent'])).code, 2)
  assert.equal((await run(['cleanup', '--host-root', 'host'])).code, 2)
})

test('cleanup does not call a node clean whose file system is not there', async () => {
  const { code, stdout, stderr } = await run(['cleanup', '--dry-run', '--host-root', '/nonexistent'])
  assert.deepEqual([code, stdout], [1, ''])
  assert.match(stderr, /There is no folder \/nonexistent here/)
})

test('a reader that stops early is no failure', async () => {
  const frontends = Array.from({ length: 20_000 }, () => SAMPLE_SERVICES.frontends).flat()
  await withAgent({ '/v1/services': { ...SAMPLE_SERVICES, frontends } }, async (socket) => {
    const child = spawn(process.execPath, [MAIN, 'service', 'list', '--socket', socket], {
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    let stderr = ''
    child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text))
    child.stdout.once('data', () => child.stdout.destroy())
    const code = await new Promise((resolve) => child.once('close', resolve))
    assert.deepEqual([code, stderr], [0, ''])
  })
})

test('under the name cilium-dbg it calls itself so', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'balise-cli-'))
  try {
    const alias = join(folder, 'cilium-dbg')
    symlinkSync(MAIN, alias)
    const { stdout } = await run(['--help'], alias)
    assert.match(stdout, /^Usage: cilium-dbg /)
  } finally {
    rmSync(folder, { recursive: true })
  }
})
