import { spawn } from 'node:child_process'

/** What a program said, and with which code it ended. */
export interface ProgramOutcome {
  readonly code: number
  readonly stdout: string
  readonly stderr: string
}

const BOUND_MS = 20_000
/** A program that says more is ended. */
const MOST_OCTETS = 64 * 1024 * 1024

/** A shell says so of a program that is not there. */
const NOT_FOUND = 127

/** Runs a program of the image (ip, nft) to its end. One that cannot be started has ended with 127. Rejects when it does not end. */
export async function runProgram(argv: readonly [string, ...string[]], input = ''): Promise<ProgramOutcome> {
  const [program, ...args] = argv
  const child = spawn(program, args, { stdio: 'pipe', timeout: BOUND_MS, killSignal: 'SIGKILL' })
  const { promise, resolve, reject } = Promise.withResolvers<ProgramOutcome>()
  const stdout: Uint8Array[] = []
  const stderr: Uint8Array[] = []
  let octets = 0
  const keep =
    (list: Uint8Array[]) =>
    (chunk: Uint8Array): void => {
      octets += chunk.length
      if (octets > MOST_OCTETS) child.kill('SIGKILL')
      else list.push(chunk)
    }
  child.stdout.on('data', keep(stdout))
  child.stderr.on('data', keep(stderr))
  child.stdin.on('error', () => undefined) // it ended without reading: its exit code says why
  child.on('error', ({ message }) => resolve({ code: NOT_FOUND, stdout: '', stderr: `Error: ${message}` }))
  child.on('close', (code, signal) => {
    if (code === null) reject(new Error(`${program} ${args.join(' ')} was ended by ${signal}`))
    else resolve({ code, stdout: text(stdout), stderr: text(stderr) })
  })
  child.stdin.end(input)
  return promise
}

function text(chunks: readonly Uint8Array[]): string {
  return Buffer.concat(chunks).toString('utf8')
}
