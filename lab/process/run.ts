import { spawn } from 'node:child_process'
import { LabError } from '#lab/state/lab-error.ts'

export interface RunOptions {
  readonly input?: string
  readonly env?: Readonly<Record<string, string>>
  /** After this the process is killed; no bound when unset. */
  readonly boundMs?: number
  readonly signal?: AbortSignal | undefined
  /** What an error calls the command, where `argv` is mostly the way to where it runs. */
  readonly shown?: readonly string[]
}

export interface RunOutcome {
  readonly exitCode: number
  readonly stdout: string
  readonly stderr: string
}

/** Runs a program to its end and gives what it said. Throws only where it cannot be started. */
export async function attempt(argv: readonly string[], options: RunOptions = {}): Promise<RunOutcome> {
  const [file = '', ...args] = argv
  const child = spawn(file, args, {
    stdio: ['pipe', 'pipe', 'pipe'],
    env: { ...process.env, ...options.env },
    ...(options.boundMs === undefined ? {} : { timeout: options.boundMs, killSignal: 'SIGKILL' }),
    ...(options.signal === undefined ? {} : { signal: options.signal }),
  })
  let stdout = ''
  let stderr = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text))
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text))
  child.stdin.on('error', () => {}) // a program that ends before it has read its input shows in its exit code
  child.stdin.end(options.input ?? '')
  return await new Promise((resolve, reject) => {
    child.once('error', (cause) => reject(new LabError(`${file} cannot be run: ${cause.message}`, { cause })))
    child.once('close', (code) => resolve({ exitCode: code ?? 137, stdout, stderr }))
  })
}

/** Runs a program that has to succeed and gives its standard output. */
export async function run(argv: readonly string[], options: RunOptions = {}): Promise<string> {
  const { exitCode, stdout, stderr } = await attempt(argv, options)
  if (exitCode === 0) return stdout
  throw new LabError(`${(options.shown ?? argv).join(' ')} ended with ${exitCode}: ${(stderr || stdout).trim()}`)
}
