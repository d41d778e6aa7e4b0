import { delimiter, join } from 'node:path'
import { adminKubeconfig } from '#lab/cluster/kubectl.ts'
import { LabError } from '#lab/state/lab-error.ts'
import { chooseLab } from '#lab/state/lab-state.ts'
import { CHECKOUT } from '#lab/state/paths.ts'
import { binDir } from '#tools/cache.ts'

/** The path of a kubeconfig that works from this machine's shell. */
export function kubeconfigPath(name: string | undefined): string {
  const lab = chooseLab(name)
  if (lab.apiPort === undefined) throw new LabError(`Lab ${lab.name} has no API server yet`)
  return adminKubeconfig(lab.name)
}

/** Lines for a shell: `eval "$(bin/balise lab env)"` makes kubectl, helm and balise speak to the lab. */
export function environmentLines(name: string | undefined): readonly string[] {
  const lab = chooseLab(name)
  const folders = [binDir(), join(CHECKOUT, 'bin')].join(delimiter)
  return [
    `export KUBECONFIG=${quote(kubeconfigPath(lab.name))}`,
    `export BALISE_LAB=${quote(lab.name)}`,
    `export PATH=${quote(folders)}:"$PATH"`,
  ]
}

/** One word for a POSIX shell. */
function quote(text: string): string {
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`
}
