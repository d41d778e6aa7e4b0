import { join } from 'node:path'
import { imagesDir } from '#tools/cache.ts'

/** An image that pods of the lab use. */
export interface LabImage {
  /** Repository as containerd asks a mirror for it: `library/nginx`, `pause`. */
  readonly name: string
  readonly tag: string
  /** OCI layout with the image under the reference `tag`: `skopeo copy oci:<ociPath>:<tag> docker://<registry>/<name>:<tag>`. */
  readonly ociPath: string
}

const NAMES: readonly (readonly [name: string, tag: string])[] = [
  ['library/nginx', 'latest'], // docker.io/library/nginx:latest, which `--image=nginx:latest` means
  ['pause', '3.10'], // registry.k8s.io/pause:3.10, containerd's sandbox
  ['coredns/coredns', 'lab'], // registry.k8s.io/coredns/coredns:lab
  ['balise/echo', 'lab'], // HTTP and UDP echo that names its pod and the client's address
  ['balise/client', 'lab'], // busybox and curl
]

/** Every image that the lab's registry serves beside Balise's own, in the order of pushing. `buildLabImages` makes them. */
export function labImages(): readonly LabImage[] {
  return NAMES.map(([name, tag]) => ({ name, tag, ociPath: join(imagesDir(), name.replaceAll('/', '-')) }))
}
