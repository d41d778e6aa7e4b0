import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { LabImage } from '#lab/images/images.ts'
import type { Hierarchy } from '#lab/machine/hierarchies.ts'
import { CHECKOUT, labPath } from '#lab/state/paths.ts'
import type { Topology } from '#lab/topology/topology.ts'
import { stringify } from 'yaml'
import { imageDigest, pushImage } from './push-images.ts'

/** The chart of this checkout. */
export const CHART: string = join(CHECKOUT, 'chart', 'balise')

/** Puts Balise's image into the registry, and gives helm's arguments that install the chart with it and the topology's values, as the guide says. */
export async function prepareBalise(
  lab: string,
  topology: Topology,
  image: LabImage,
  hierarchies: readonly Hierarchy[],
): Promise<readonly string[]> {
  const tag = tagByContent(image)
  await pushImage(lab, topology, image, hierarchies, tag)
  return [
    ...['install', 'balise', CHART, '--namespace', 'kube-system'],
    ...valuesFiles(lab, topology).flatMap((file) => ['--values', file]),
    ...['--set', `image.tag=${tag}`],
    ...['--wait', '--timeout', '10m'],
  ]
}

function valuesFiles(lab: string, { valuesFile, values }: Topology): readonly string[] {
  const own = labPath(lab, 'values.yaml')
  if (Object.keys(values).length > 0) writeFileSync(own, stringify(values))
  return [
    ...(valuesFile === undefined ? [] : [join(CHECKOUT, valuesFile)]),
    ...(Object.keys(values).length > 0 ? [own] : []),
  ]
}

/** A tag that no other build has: labs of different checkouts share the registry's store. */
function tagByContent({ tag, ociPath }: LabImage): string {
  return `${tag}-${imageDigest(ociPath).replace('sha256:', '').slice(0, 12)}`
}
