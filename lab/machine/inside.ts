import { spawn } from 'node:child_process'
import { attempt, run, type RunOutcome } from '#lab/process/run.ts'
import type { Hierarchy } from './hierarchies.ts'
import { INIT_LEAF, onHost } from './machine.ts'

export interface Place {
  readonly lab: string
  readonly host: string
}

/** Runs a program on a host that has to succeed, and gives its standard output. */
export async function runOn(
  place: Place,
  hierarchies: readonly Hierarchy[],
  argv: readonly string[],
  input = '',
): Promise<string> {
  const shown = [`on ${place.host}:`, ...argv]
  return run(onHost({ ...place, leaf: INIT_LEAF }, hierarchies, argv), { input, shown })
}

/** Runs a program on a host to its end, however it ends. */
export async function attemptOn(
  place: Place,
  hierarchies: readonly Hierarchy[],
  argv: readonly string[],
): Promise<RunOutcome> {
  return attempt(onHost({ ...place, leaf: INIT_LEAF }, hierarchies, argv))
}

/** Runs a program on a host with this process's own input and output, and gives its exit code. Keys like Ctrl-C are for the program. */
export async function runInteractively(
  place: Place,
  hierarchies: readonly Hierarchy[],
  argv: readonly string[],
): Promise<number> {
  const [file = '', ...args] = onHost({ ...place, leaf: 'system/exec' }, hierarchies, argv)
  const child = spawn(file, args, { stdio: 'inherit' })
  const leaveToChild = (): void => {}
  process.on('SIGINT', leaveToChild)
  return new Promise((resolve, reject) => {
    child.once('error', reject)
    child.once('close', (code, signal) => {
      process.off('SIGINT', leaveToChild)
      resolve(code ?? (signal === 'SIGINT' ? 130 : 137))
    })
  })
}
