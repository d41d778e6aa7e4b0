import { spawn } from 'node:child_process'
import { attempt, run, type RunOutcome } from '#lab/process/run.ts'
import { joinFiles, joining } from './cgroups.ts'
import type { Hierarchy } from './hierarchies.ts'
import { INIT_LEAF, onHost } from './machine.ts'
import { netnsPath, SWITCH } from './names.ts'

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
  return interactively(onHost({ ...place, leaf: EXEC_LEAF }, hierarchies, argv))
}

/** The same in the LAN's switch, which is a network namespace and no machine: captures there see every port. */
export async function runInSwitch(
  lab: string,
  infrastructure: string,
  hierarchies: readonly Hierarchy[],
  argv: readonly string[],
): Promise<number> {
  const enter = ['nsenter', `--net=${netnsPath(lab, SWITCH)}`, '--', ...argv]
  return interactively(joining(joinFiles(hierarchies, lab, infrastructure, EXEC_LEAF), enter))
}

/** The cgroup of what somebody runs by hand: it ends with the lab. */
const EXEC_LEAF = 'system/exec'

function interactively(argv: readonly string[]): Promise<number> {
  const [file = '', ...args] = argv
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
