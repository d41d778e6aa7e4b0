import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Hierarchy } from '#lab/machine/hierarchies.ts'
import { type LabImage, labImages } from '#lab/images/images.ts'
import { attemptOn, runOn } from '#lab/machine/inside.ts'
import { LabError } from '#lab/state/lab-error.ts'
import { infrastructureOf, type Topology } from '#lab/topology/topology.ts'
import { registryAddress } from './registry.ts'

/** Puts the lab's images into its registry. Layers that the store in the cache has already are not sent again. */
export async function pushImages(lab: string, topology: Topology, hierarchies: readonly Hierarchy[]): Promise<void> {
  await Promise.all(labImages().map((image) => pushImage(lab, topology, image, hierarchies)))
}

/**
 * Puts one image into the registry, under `tag`. What stands there already is not written again: another lab may be reading it, for
 * they share one store.
 */
export async function pushImage(
  lab: string,
  topology: Topology,
  { name, ociPath, tag: reference }: LabImage,
  hierarchies: readonly Hierarchy[],
  tag = reference,
): Promise<void> {
  if (!existsSync(ociPath)) {
    throw new LabError(`The image ${name}:${reference} has not been built: ${ociPath} is not there`)
  }
  const place = { lab, host: infrastructureOf(topology).name }
  const target = `docker://${registryAddress(topology)}/${name}:${tag}`
  const inspect = ['skopeo', 'inspect', '--tls-verify=false', '--retry-times=5', '--format={{.Digest}}', target]
  const there = await attemptOn(place, hierarchies, inspect)
  if (there.exitCode === 0 && there.stdout.trim() === imageDigest(ociPath)) return
  const flags = ['--quiet', '--insecure-policy', '--dest-tls-verify=false', '--retry-times=5']
  await runOn(place, hierarchies, ['skopeo', 'copy', ...flags, `oci:${ociPath}:${reference}`, target])
}

/** `sha256:...` of the only image of an OCI layout. */
export function imageDigest(ociPath: string): string {
  const { manifests } = JSON.parse(readFileSync(join(ociPath, 'index.json'), 'utf8')) as {
    readonly manifests: readonly { readonly digest: string }[]
  }
  const [only, ...more] = manifests
  if (only === undefined || more.length > 0) throw new LabError(`${ociPath} holds ${manifests.length} images, not one`)
  return only.digest
}
