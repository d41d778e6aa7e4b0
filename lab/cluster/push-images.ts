import { existsSync } from 'node:fs'
import type { Hierarchy } from '#lab/machine/hierarchies.ts'
import { type LabImage, labImages } from '#lab/images/images.ts'
import { runOn } from '#lab/machine/inside.ts'
import { LabError } from '#lab/state/lab-error.ts'
import { infrastructureOf, type Topology } from '#lab/topology/topology.ts'
import { registryAddress } from './registry.ts'

/** Puts the lab's images into its registry. Layers that the store in the cache has already are not sent again. */
export async function pushImages(lab: string, topology: Topology, hierarchies: readonly Hierarchy[]): Promise<void> {
  await Promise.all(labImages().map((image) => pushImage(lab, topology, image, hierarchies)))
}

export async function pushImage(
  lab: string,
  topology: Topology,
  image: LabImage,
  hierarchies: readonly Hierarchy[],
): Promise<void> {
  const { name, tag, ociPath } = image
  if (!existsSync(ociPath)) throw new LabError(`The image ${name}:${tag} has not been built: ${ociPath} is not there`)
  const target = `docker://${registryAddress(topology)}/${name}:${tag}`
  const copy = [
    'skopeo',
    'copy',
    '--quiet',
    '--insecure-policy',
    '--dest-tls-verify=false',
    '--retry-times=5',
    `oci:${ociPath}:${tag}`,
    target,
  ]
  await runOn({ lab, host: infrastructureOf(topology).name }, hierarchies, copy)
}
