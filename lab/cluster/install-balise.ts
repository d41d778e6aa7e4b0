import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { LabImage } from '#lab/images/images.ts'
import type { Hierarchy } from '#lab/machine/hierarchies.ts'
import { CHECKOUT, labPath } from '#lab/state/paths.ts'
import type { Topology } from '#lab/topology/topology.ts'
import { binDir } from '#tools/cache.ts'
import { stringify } from 'yaml'
import { adminKubeconfig, runForLab } from './kubectl.ts'
import { pushImage } from './push-images.ts'

/** Puts Balise's image into the registry and installs its chart with the topology's values, as the guide says, and waits for it. */
export async function installBalise(
  lab: string,
  topology: Topology,
  image: LabImage,
  hierarchies: readonly Hierarchy[],
  signal?: AbortSignal,
): Promise<void> {
  await pushImage(lab, topology, image, hierarchies)
  const values = labPath(lab, 'values.yaml')
  writeFileSync(values, stringify(topology.values))
  const chart = join(CHECKOUT, 'chart', 'balise')
  const flags = ['--namespace', 'kube-system', '--values', values, '--wait', '--timeout', '3m']
  const env = {
    KUBECONFIG: adminKubeconfig(lab),
    HELM_CACHE_HOME: labPath(lab, 'helm'),
    HELM_DATA_HOME: labPath(lab, 'helm'),
  }
  await runForLab(lab, [join(binDir(), 'helm'), 'install', 'balise', chart, ...flags], { env, signal })
}
