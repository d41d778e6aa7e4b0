import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, test } from 'node:test'
import { attempt, run } from '#lab/process/run.ts'
import { waitFor } from '#lab/process/wait.ts'
import { CHECKOUT } from '#lab/state/paths.ts'
import { testLabName } from '#lab/test-name.ts'
import { tracesOf } from '#lab/traces.ts'

/** One for each test that runs beside others. */
const [A, B, C, D] = (await Promise.all(['one', 'two', 'ctrl-c', 'kill'].map(testLabName))) as [
  string,
  string,
  string,
  string,
]
const BALISE = join(CHECKOUT, 'bin', 'balise')
const lab = (...args: readonly string[]): Promise<string> => run([BALISE, 'lab', ...args])

/** `lab up` that stays in the foreground, with its output so far. */
function foreground(name: string): { child: ChildProcess; output: () => string } {
  const child = spawn(BALISE, ['lab', 'up', '--size', 'api', '--name', name], { stdio: ['ignore', 'pipe', 'inherit'] })
  let output = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => (output += text))
  return { child, output: () => output }
}

describe('balise lab, size api', () => {
  const names = [A, B, C, D]
  after(async () => {
    for (const name of names) await lab('down', '--name', name)
  })

  test('two labs at once do not collide, a name that is taken is refused, and one lab goes without the other', async () => {
    await Promise.all([A, B].map((name) => lab('up', '--size', 'api', '--detach', '--name', name)))
    const both = JSON.parse(await lab('ps', '-o', 'json')) as { labs: { name: string; apiPort: number }[] }
    const ports = both.labs.filter(({ name }) => names.includes(name)).map(({ apiPort }) => apiPort)
    assert.equal(new Set(ports).size, 2)

    const again = await attempt([BALISE, 'lab', 'up', '--size', 'api', '--detach', '--name', B])
    assert.equal(again.exitCode, 1)
    assert.match(again.stderr, /A lab of the name .* is there already/)

    await lab('down', '--name', A)
    assert.deepEqual(tracesOf(A), [])
    const kubeconfig = (await lab('kubeconfig', '--name', B)).trim()
    const nodes = await run(['kubectl', `--kubeconfig=${kubeconfig}`, 'get', 'nodes', '-o', 'name'], {
      env: await path(B),
    })
    assert.deepEqual(nodes.trim().split('\n'), ['node/cp1-lab', 'node/node1-lab'])

    await lab('down', '--name', B)
    assert.deepEqual(tracesOf(B), [])
  })

  test('Ctrl-C takes the lab down', async () => {
    const { child, output } = foreground(C)
    await waitFor(() => output().includes('Ctrl-C takes it down'), { what: 'the lab to stand', boundMs: 60_000 })
    child.kill('SIGINT')
    const [code] = (await once(child, 'close')) as [number]
    assert.equal(code, 0)
    assert.deepEqual(tracesOf(C), [])
  })

  test('Ctrl-C while the lab comes up takes it down as well', async () => {
    const { child, output } = foreground(C)
    await waitFor(() => output().includes('hosts on a LAN'), {
      what: 'the hosts to stand',
      boundMs: 60_000,
      everyMs: 5,
    })
    child.kill('SIGINT')
    const [code] = (await once(child, 'close')) as [number]
    assert.equal(code, 130)
    assert.deepEqual(tracesOf(C), [])
  })

  for (const line of ['hosts on a LAN', 'Ctrl-C takes it down']) {
    test(`kill -9 of "lab up" at "${line}" leaves nothing after "lab down"`, async () => {
      const { child, output } = foreground(D)
      await waitFor(() => output().includes(line), { what: line, boundMs: 60_000, everyMs: 5 })
      child.kill('SIGKILL')
      await once(child, 'close')
      assert.notDeepEqual(tracesOf(D), [])
      await lab('down', '--name', D)
      assert.deepEqual(tracesOf(D), [])
    })
  }

  test('kill -9 of a host and of etcd leaves nothing after "lab down"', async () => {
    await lab('up', '--size', 'api', '--detach', '--name', D)
    const { labs } = JSON.parse(await lab('ps', '--name', D, '-o', 'json')) as Listing
    const hosts = labs[0]?.hosts ?? []
    const pids = [
      hosts.find(({ name }) => name === 'cp1-lab')?.pid,
      hosts.find(({ name }) => name === 'infra')?.services['etcd'],
    ]
    for (const pid of pids) process.kill(pid ?? 0, 'SIGKILL')
    await lab('down', '--name', D)
    assert.deepEqual(tracesOf(D), [])
  })

  test('a topology with mistakes is refused with all of them, and nothing is left', async () => {
    const file = join(tmpdir(), `balise-topology-${process.pid}.yaml`)
    const good = readFileSync(join(CHECKOUT, 'lab', 'topologies', 'skeleton.yaml'), 'utf8')
    writeFileSync(file, good.replace('192.168.10.216', '192.168.11.216').replace('cni: reference', 'cni: none-such'))
    const { exitCode, stderr } = await attempt([BALISE, 'lab', 'up', '--topology', file, '--name', A])
    rmSync(file)
    assert.equal(exitCode, 1)
    assert.match(stderr, /has 2 mistakes:[^]*192\.168\.11\.216 is on no LAN[^]*cluster\.cni: "none-such"/)
    assert.deepEqual(tracesOf(A), [])
  })
})

interface Listing {
  readonly labs: readonly {
    readonly hosts: readonly {
      readonly name: string
      readonly pid?: number
      readonly services: Readonly<Record<string, number>>
    }[]
  }[]
}

/** PATH as `lab env` sets it. */
async function path(name: string): Promise<Readonly<Record<string, string>>> {
  const lines = await lab('env', '--name', name)
  const folders = /^export PATH=([^:]+)/m.exec(lines)?.[1] ?? ''
  return { PATH: `${folders}:${process.env['PATH'] ?? ''}` }
}
