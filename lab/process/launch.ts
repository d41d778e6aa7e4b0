import { spawn } from 'node:child_process'
import { mkdirSync, openSync } from 'node:fs'
import { onHost } from '#lab/machine/machine.ts'
import type { Hierarchy } from '#lab/machine/hierarchies.ts'
import { hostPath } from '#lab/state/paths.ts'

export interface Service {
  readonly lab: string
  readonly host: string
  /** Also the name of its log and of its cgroup. */
  readonly name: string
  readonly argv: readonly string[]
  readonly env?: Readonly<Record<string, string>>
  /** Started again a second after it ends, as a node's service manager does. */
  readonly restarts?: boolean
}

const START_AGAIN = 'while :; do "$@"; sleep 1; done'

/** The cgroup2 folder of a service, below its host's. */
export function serviceLeaf(name: string): string {
  return `system/${name}`
}

export function serviceLog(lab: string, host: string, name: string): string {
  return hostPath(lab, host, 'log', `${name}.log`)
}

/** Starts a long-running program on a host. It outlives this process; its cgroup is how it is found again. */
export function launch(
  { lab, host, name, argv, env = {}, restarts = false }: Service,
  hierarchies: readonly Hierarchy[],
): void {
  mkdirSync(hostPath(lab, host, 'log'), { recursive: true })
  const log = openSync(serviceLog(lab, host, name), 'a')
  const settings = Object.entries(env).map(([key, value]) => `${key}=${value}`)
  const [file = '', ...args] = onHost({ lab, host, leaf: serviceLeaf(name) }, hierarchies, [
    'env',
    ...settings,
    ...(restarts ? ['sh', '-c', START_AGAIN, name] : []),
    ...argv,
  ])
  spawn(file, args, { detached: true, stdio: ['ignore', log, log], cwd: '/' }).unref()
}
