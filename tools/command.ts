import { spawn } from 'node:child_process'
import { delimiter, dirname, join } from 'node:path'

export const ROOT: string = join(import.meta.dirname, '..')

export interface Command {
  readonly argv: readonly string[]
  /** After this the whole process group is ended. */
  readonly boundMs: number
  /** Called with each piece of output; without it, all is kept in the outcome. */
  readonly onOutput?: (text: string) => void
  readonly env?: Readonly<Record<string, string>>
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
export async function runCommand({ argv, boundMs, onOutput, env }: Command): Promise<CommandOutcome> {
  const startedMs = performance.now()
  const [file = '', ...rest] = argv
  const child = spawn(file, rest, {
    cwd: ROOT,
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, PATH: toolPath(), ...env },
  })
  let output = ''
  const take = (text: string): void => {
    if (onOutput === undefined) output += text
    else onOutput(text)
  }
  child.stdout.setEncoding('utf8').on('data', take)
  child.stderr.setEncoding('utf8').on('data', take)

  let timedOut = false
  const end = (signal: NodeJS.Signals): void => {
    if (child.pid === undefined) return
    try {
      process.kill(-child.pid, signal)
    } catch {
      // The group may have gone between the timer and the signal.
    }
  }
  const bound = setTimeout(() => {
    timedOut = true
    end('SIGTERM')
    setTimeout(() => end('SIGKILL'), GRACE_MS).unref()
  }, boundMs)
  const interrupt = (): void => end('SIGTERM')
  process.once('SIGINT', interrupt).once('SIGTERM', interrupt)

  const exitCode = await new Promise<number>((resolve) => {
    child.once('error', (error) => {
      take(`${file}: ${error.message}\n`)
      resolve(127)
    })
    child.once('close', (code) => resolve(code ?? 1))
  })
  clearTimeout(bound)
  process.off('SIGINT', interrupt).off('SIGTERM', interrupt)
  return { exitCode, timedOut, output, durationMs: performance.now() - startedMs }
}

/** The Node that runs us comes first, so that the tools' own scripts find no older one; then the tools of npm. */
function toolPath(): string {
  return [dirname(process.execPath), join(ROOT, 'node_modules/.bin'), process.env['PATH'] ?? ''].join(delimiter)
}

/** `1.4 s` */
export function formatSeconds(durationMs: number): string {
  return `${(durationMs / 1000).toFixed(1)} s`
}
