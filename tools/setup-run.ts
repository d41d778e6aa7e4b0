import { spawn } from 'node:child_process'
import { createWriteStream, mkdirSync, readFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { cachePath, type Environment } from './cache.ts'
import { say } from './setup-say.ts'

const PROGRESS_EVERY_MS = 20_000
const TAIL_LINES = 15

export interface LongRun {
  /** What is under way, for the progress lines and the error. */
  readonly what: string
  /** File name of the log in the cache's `logs` folder. */
  readonly log: string
  readonly command: readonly [program: string, ...args: string[]]
  readonly cwd?: string
  readonly env?: Environment
  /** Ends it after so long. */
  readonly timeoutMs?: number
}

/** A command of the set-up ended badly; the message has the last lines of its log. */
export class RunError extends Error {}

/** Runs a command whose output goes to a log; says every 20 seconds that it is still at it. */
export async function runLong(run: LongRun): Promise<void> {
  const log = cachePath('logs', run.log)
  mkdirSync(dirname(log), { recursive: true })
  const output = createWriteStream(log)
  const startMs = performance.now()
  const progress = setInterval(() => say(`    ${run.what}: still at it after ${seconds(startMs)} s`), PROGRESS_EVERY_MS)
  try {
    await new Promise<void>((resolve, reject) => {
      const [program, ...args] = run.command
      const child = spawn(program, args, {
        cwd: run.cwd,
        env: { ...process.env, ...run.env },
        stdio: ['ignore', 'pipe', 'pipe'],
        timeout: run.timeoutMs,
      })
      child.stdout.pipe(output, { end: false })
      child.stderr.pipe(output, { end: false })
      child.on('error', (cause) => reject(new RunError(`${run.what}: cannot run ${program}`, { cause })))
      child.on('close', (code, signal) => {
        if (code === 0) resolve()
        else reject(new RunError(`${run.what}: ${program} ended with ${code ?? signal}`))
      })
    })
  } catch (error) {
    await new Promise((done) => output.end(done))
    throw new RunError(`${(error as Error).message}; the end of ${log}:\n${tail(log)}`, { cause: error })
  } finally {
    clearInterval(progress)
  }
  await new Promise((done) => output.end(done))
}

/** Whole seconds since a reading of `performance.now()`. */
export function seconds(sinceMs: number): number {
  return Math.round((performance.now() - sinceMs) / 1000)
}

function tail(file: string): string {
  const lines = readFileSync(file, 'utf8').trimEnd().split('\n')
  return lines
    .slice(-TAIL_LINES)
    .map((line) => `    ${line}`)
    .join('\n')
}
