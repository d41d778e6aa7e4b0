import { join } from 'node:path'
import { imagesDir } from '#tools/cache.ts'
import { client } from './client.ts'
import { coredns } from './coredns.ts'
import { echo } from './echo.ts'
import { nginx } from './nginx.ts'
import { pause } from './pause.ts'
import type { Recipe } from './recipe.ts'

/** An image that pods of the lab use. */
export interface LabImage {
  /** Repository as containerd asks a mirror for it: `library/nginx`, `pause`. */
  readonly name: string
  readonly tag: string
  /** OCI layout with the image under the reference `tag`: `skopeo copy oci:<ociPath>:<tag> docker://<registry>/<name>:<tag>`. */
  readonly ociPath: string
}

export const RECIPES: readonly Recipe[] = [pause, nginx, coredns, echo, client]

/** Every image that the lab's registry serves beside Balise's own. `buildLabImages` makes them. */
export function labImages(): readonly LabImage[] {
  return RECIPES.map(({ name, tag }) => ({ name, tag, ociPath: imagePath(name) }))
}

/** Where the OCI layout of a recipe's image is. */
export function imagePath(name: string): string {
  return join(imagesDir(), name.replaceAll('/', '-'))
}
