import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { joinFiles, joining } from '#lab/machine/cgroups.ts'
import { cgroup2Root, readHierarchies } from '#lab/machine/hierarchies.ts'
import { cgroupName } from '#lab/machine/names.ts'
import { type RunOptions, run } from '#lab/process/run.ts'
import { readLab } from '#lab/state/lab-state.ts'
import { labPath } from '#lab/state/paths.ts'
import { infrastructureOf } from '#lab/topology/topology.ts'
import { binDir } from '#tools/cache.ts'

/** The kubeconfig that works from this machine's shell. */
export function adminKubeconfig(lab: string): string {
  return labPath(lab, 'kubeconfig')
}

/** Runs the lab's kubectl as its administrator and gives what it printed. */
export function kubectl(lab: string, args: readonly string[], options: RunOptions = {}): Promise<string> {
  return runForLab(lab, [join(binDir(), 'kubectl'), `--kubeconfig=${adminKubeconfig(lab)}`, ...args], {
    shown: ['kubectl', ...args],
    ...options,
  })
}

/** Runs a program of this machine as part of a lab: it ends with the lab, also when who started it was killed. */
export function runForLab(lab: string, argv: readonly string[], options: RunOptions = {}): Promise<string> {
  const hierarchies = readHierarchies()
  const stands = existsSync(join(cgroup2Root(hierarchies), cgroupName(lab)))
  if (!stands) return run(argv, options)
  const host = infrastructureOf(readLab(lab).topology).name
  const command = joining(joinFiles(hierarchies, lab, host, 'system/tools'), argv)
  return run(command, { shown: argv, ...options })
}
