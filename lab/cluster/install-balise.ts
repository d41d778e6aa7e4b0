import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { LabImage } from '#lab/images/images.ts'
import type { Hierarchy } from '#lab/machine/hierarchies.ts'
import { CHECKOUT, labPath } from '#lab/state/paths.ts'
import type { Topology } from '#lab/topology/topology.ts'
import { binDir } from '#tools/cache.ts'
import { stringify } from 'yaml'
import { adminKubeconfig, runForLab } from './kubectl.ts'
import { imageDigest, pushImage } from './push-images.ts'

/** Puts Balise's image into the registry and installs its chart with the topology's values, as the guide says, and waits for it. */
export async function installBalise(
  lab: string,
  topology: Topology,
  image: LabImage,
  hierarchies: readonly Hierarchy[],
  signal?: AbortSignal,
): Promise<void> {
  const tag = tagByContent(image)
  await pushImage(lab, topology, image, hierarchies, tag)
  const values = labPath(lab, 'values.yaml')
  writeFileSync(values, stringify(topology.values))
  const chart = join(CHECKOUT, 'chart', 'balise')
  const flags = [
    '--namespace',
    'kube-system',
    '--values',
    values,
    '--set',
    `image.tag=${tag}`,
    '--wait',
    '--timeout',
    '3m',
  ]
  const env = {
    KUBECONFIG: adminKubeconfig(lab),
    HELM_CACHE_HOME: labPath(lab, 'helm'),
    HELM_DATA_HOME: labPath(lab, 'helm'),
  }
  await runForLab(lab, [join(binDir(), 'helm'), 'install', 'balise', chart, ...flags], { env, signal })
}

/** A tag that no other build has: labs of different checkouts share the registry's store. */
function tagByContent({ tag, ociPath }: LabImage): string {
  return `${tag}-${imageDigest(ociPath).replace('sha256:', '').slice(0, 12)}`
}
