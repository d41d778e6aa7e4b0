import { join } from 'node:path'
import type { RunOptions } from '#lab/process/run.ts'
import { labPath } from '#lab/state/paths.ts'
import { binDir } from '#tools/cache.ts'
import { adminKubeconfig, runForLab } from './kubectl.ts'

/** Runs the lab's helm as its administrator and gives what it printed. */
export function helm(lab: string, args: readonly string[], options: RunOptions = {}): Promise<string> {
  const env = {
    KUBECONFIG: adminKubeconfig(lab),
    HELM_CACHE_HOME: labPath(lab, 'helm'),
    HELM_DATA_HOME: labPath(lab, 'helm'),
  }
  return runForLab(lab, [join(binDir(), 'helm'), ...args], { env, shown: ['helm', ...args], ...options })
}
