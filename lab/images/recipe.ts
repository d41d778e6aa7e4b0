import type { ImageConfig } from '#tools/oci.ts'
import type { ImageRoot } from '#tools/image-root.ts'

/** How an image of the lab is made. */
export interface Recipe {
  /** Repository as containerd asks a mirror for it: `library/nginx`, `pause`. */
  readonly name: string
  readonly tag: string
  readonly config: ImageConfig
  /** What the contents depend on beyond the sources of the recipes and the distribution: keys of programs. */
  readonly inputs: readonly string[]
  readonly makeRoot: () => Promise<ImageRoot>
}
