import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import type { RunOutcome } from '#lab/process/run.ts'

/** Runs a program somewhere: on a host, in a pod. */
type Runner = (...argv: readonly string[]) => Promise<RunOutcome>

/** Requests that go on until they are stopped. */
export interface Traffic {
  /** How many were made, and what curl said of those that failed, with the time. */
  stop(): Promise<{ readonly asked: number; readonly failures: readonly string[] }>
}

/** One new connection after the other, several a second, from where `run` runs programs. */
export function startTraffic(run: Runner, url: string): Traffic {
  const stopFile = `/tmp/stop-${randomUUID()}`
  const loop = [
    'n=0',
    `while [ ! -e ${stopFile} ]; do`,
    `  said=$(curl -sS -m 3 -o /dev/null '${url}' 2>&1) || echo "$(date +%T) $said"`,
    '  n=$((n + 1))',
    '  sleep 0.04',
    'done',
    'echo "asked $n"',
  ].join('\n')
  const ended = run('sh', '-c', loop)
  return {
    async stop() {
      await run('touch', stopFile)
      const { stdout, stderr } = await ended
      const asked = Number(/^asked (\d+)$/m.exec(stdout)?.[1])
      assert.ok(asked > 0, `the loop said ${JSON.stringify(stdout + stderr)}`)
      return { asked, failures: stdout.split('\n').filter((line) => line !== '' && !line.startsWith('asked ')) }
    },
  }
}
