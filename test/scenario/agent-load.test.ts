import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { request } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test from 'node:test'
import { loadPatiently } from '#agents/agent/datapath/load-patiently.ts'
import { BpfError } from '#io/bpf/bpf-error.ts'
import { createFakeClock, settle } from '#ports/clock.fake.ts'
import { createFakeKubeApi } from '#ports/kube-api.fake.ts'
import { EVENTS } from '#ports/kube-resources.ts'
import { createFakeLog } from '#ports/log.fake.ts'

const TOO_OLD = /^Kernel 5\.10\.0 of Node n1 is older than 5\.15/

/** A kernel that refuses as long as `state.refuses`, and all that `loadPatiently()` has to do with. */
function open(t: test.TestContext) {
  const folder = mkdtempSync(join(tmpdir(), 'balise-load-'))
  t.after(() => rmSync(folder, { recursive: true }))
  const state = { refuses: true, attempts: 0 }
  const load = (): string => {
    state.attempts += 1
    if (state.refuses)
      throw new BpfError({ code: 'SystemCall', call: 'BPF_MAP_CREATE', subject: 'ct4', errno: 'EINVAL' })
    return 'loaded'
  }
  const clock = createFakeClock()
  const [api, log] = [createFakeKubeApi({ nowMs: () => clock.nowMs() }), createFakeLog()]
  const socket = join(folder, 'agent.sock')
  const asked = new AbortController()
  const options = {
    load,
    nodeName: 'n1',
    release: '5.10.0',
    listen: { socket, healthPort: 0 },
    api,
    clock,
    log,
    random: () => 0.5,
  }
  return { state, clock, api, log, socket, asked, loaded: loadPatiently(options, asked.signal) }
}

async function ask(socketPath: string, path: string): Promise<readonly [number | undefined, string]> {
  const { promise, resolve, reject } = Promise.withResolvers<readonly [number | undefined, string]>()
  const asked = request({ socketPath, path, agent: false }, (response) => {
    let text = ''
    response.setEncoding('utf8')
    response.on('data', (piece: string) => (text += piece))
    response.on('end', () => resolve([response.statusCode, (JSON.parse(text) as { readonly error: string }).error]))
  })
  asked.on('error', reject)
  asked.end()
  return await promise
}

test('a kernel that refuses the programs is named in status, health, log and an Event of the Node, until it takes them', async (t) => {
  const { state, clock, api, log, socket, loaded } = open(t)
  await settle()
  await clock.advance(30_000)
  for (const path of ['/v1/status', '/v1/healthz']) {
    const [status, error] = await ask(socket, path)
    assert.equal(status, 503)
    assert.match(error, TOO_OLD)
  }
  const events = api.objects(EVENTS)
  assert.deepEqual(
    events.map(({ type, reason, involvedObject }) => [
      type,
      reason,
      (involvedObject as { readonly name: string }).name,
    ]),
    [['Warning', 'KernelTooOld', 'n1']],
  )
  assert.match(String(events[0]?.['message']), TOO_OLD)
  assert.equal(log.lines.filter(({ level }) => level === 'error').length, 1, 'said once')
  assert.ok(state.attempts > 2)
  state.refuses = false
  await clock.advance(10_000)
  assert.equal(await loaded, 'loaded')
  await assert.rejects(ask(socket, '/v1/status'), /ENOENT|ECONNREFUSED/, 'the socket is free for the agent')
})

test('an agent that waits for its kernel ends when it is asked to', async (t) => {
  const { clock, asked, loaded } = open(t)
  await settle()
  asked.abort()
  await clock.advance(1)
  assert.equal(await loaded, undefined)
})
