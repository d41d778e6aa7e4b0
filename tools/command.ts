import { type ChildProcess, spawn } from 'node:child_process'
import { delimiter, dirname, join } from 'node:path'

export const ROOT: string = join(import.meta.dirname, '..')

export interface Command {
  readonly argv: readonly string[]
  /** After this the whole process group is ended. */
  readonly boundMs: number
  /** Called with each piece of output; without it, all is kept in the outcome. */
  readonly onOutput?: (text: string) => void
  /** Ends it early, as the bound does. */
  readonly signal?: AbortSignal
}

export interface CommandOutcome {
  readonly exitCode: number
  readonly timedOut: boolean
  readonly output: string
  readonly durationMs: number
}

/** How long a process group that was asked to end may take before it is killed. */
const GRACE_MS = 20_000

/** Runs a command from the root of the repository, in a process group of its own; never throws for what the command does. */
export async function runCommand({ argv, boundMs, onOutput, signal }: Command): Promise<CommandOutcome> {
  const startedMs = performance.now()
  const [file = '', ...rest] = argv
  const child = spawn(file, rest, {
    cwd: ROOT,
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
    // Without the second, a runner that is itself run by a test would take itself for a part of that test.
    env: { ...process.env, PATH: toolPath(), NODE_TEST_CONTEXT: undefined },
  })
  let output = ''
  const take = (text: string): void => {
    if (onOutput === undefined) output += text
    else onOutput(text)
  }
  child.stdout.setEncoding('utf8').on('data', take)
  child.stderr.setEncoding('utf8').on('data', take)

  let timedOut = false
  const end = (): void => {
    signalGroup(child, 'SIGTERM')
    setTimeout(() => signalGroup(child, 'SIGKILL'), GRACE_MS).unref()
  }
  const bound = setTimeout(() => {
    timedOut = true
    end()
  }, boundMs)
  signal?.addEventListener('abort', end, { once: true })

  const exitCode = await new Promise<number>((resolve) => {
    child.once('error', (error) => {
      take(`${file}: ${error.message}\n`)
      resolve(127)
    })
    child.once('close', (code) => resolve(code ?? 1))
  })
  clearTimeout(bound)
  signal?.removeEventListener('abort', end)
  return { exitCode, timedOut, output, durationMs: performance.now() - startedMs }
}

function signalGroup({ pid }: ChildProcess, name: NodeJS.Signals): void {
  if (pid === undefined) return
  try {
    process.kill(-pid, name)
  } catch {
    // The group may have gone between the timer and the signal.
  }
}

/** Aborts when the user or the machine wants us to end; the commands in their own process groups would not hear of it. */
export function abortOnSignals(): AbortSignal {
  const controller = new AbortController()
  const abort = (name: NodeJS.Signals): void => controller.abort(new Error(`Ended by ${name}`))
  process.once('SIGINT', abort).once('SIGTERM', abort).once('SIGHUP', abort)
  return controller.signal
}

/** The Node that runs us comes first, so that the tools' own scripts find no older one; then the tools of npm. */
function toolPath(): string {
  return [dirname(process.execPath), join(ROOT, 'node_modules/.bin'), process.env['PATH'] ?? ''].join(delimiter)
}

/** `1.4 s` */
export function formatSeconds(durationMs: number): string {
  return `${(durationMs / 1000).toFixed(1)} s`
}
