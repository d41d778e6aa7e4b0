import { createDebianRoot } from '#tools/image-root.ts'
import type { Recipe } from './recipe.ts'

/** What holds a pod's namespaces: catatonit, which does nothing but to reap processes. */
export const pause: Recipe = {
  name: 'pause', // registry.k8s.io/pause
  tag: '3.10',
  inputs: [],
  config: { entrypoint: ['/usr/bin/catatonit', '-P'] },
  makeRoot: () => createDebianRoot('pause', ['catatonit']),
}
