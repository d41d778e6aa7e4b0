import { join } from 'node:path'
import { run, type RunOptions } from '#lab/process/run.ts'
import { labPath } from '#lab/state/paths.ts'
import { binDir } from '#tools/cache.ts'

/** The kubeconfig that works from this machine's shell. */
export function adminKubeconfig(lab: string): string {
  return labPath(lab, 'kubeconfig')
}

/** Runs the lab's kubectl as its administrator and gives what it printed. */
export function kubectl(lab: string, args: readonly string[], options: RunOptions = {}): Promise<string> {
  return run([join(binDir(), 'kubectl'), `--kubeconfig=${adminKubeconfig(lab)}`, ...args], options)
}
