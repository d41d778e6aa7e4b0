import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, openSync, readFileSync } from 'node:fs'

/** Resident memory, mebibytes. */
export interface Memory {
  readonly now: number
  readonly peak: number
}

/** A program under measurement, on this machine's own network; its output goes to a file. */
export class Program {
  readonly #child: ChildProcess
  readonly #log: string

  private constructor(child: ChildProcess, log: string) {
    this.#child = child
    this.#log = log
  }

  static start(argv: readonly string[], env: Readonly<Record<string, string>>, log: string): Program {
    const output = openSync(log, 'w')
    const child = spawn(process.execPath, argv, {
      stdio: ['ignore', output, output],
      env: { PATH: process.env['PATH'] ?? '', ...env },
    })
    closeSync(output)
    return new Program(child, log)
  }

  /** Waits until its log has the text. */
  async said(text: string): Promise<void> {
    for (let attempt = 0; attempt < 300; attempt += 1) {
      if (readFileSync(this.#log, 'utf8').includes(text)) return
      if (this.#child.exitCode !== null) break
      await new Promise((resolve) => setTimeout(resolve, 100))
    }
    throw new Error(`${this.#log} does not say: ${text}`)
  }

  memory(): Memory {
    const status = readFileSync(`/proc/${this.#child.pid}/status`, 'utf8')
    const mebibytes = (field: string): number =>
      Math.round(Number(RegExp(`^${field}:\\s+(\\d+) kB`, 'm').exec(status)?.[1]) / 102.4) / 10
    return { now: mebibytes('VmRSS'), peak: mebibytes('VmHWM') }
  }

  /** User and system time so far, seconds. */
  cpuSeconds(): number {
    const fields = readFileSync(`/proc/${this.#child.pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? []
    return (Number(fields[11]) + Number(fields[12])) / 100
  }

  async stop(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return
    const ended = once(this.#child, 'exit')
    this.#child.kill('SIGTERM')
    await ended
  }
}
