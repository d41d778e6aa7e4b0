import { realpathSync } from 'node:fs'
import { binDir } from '#tools/cache.ts'
import { createImageRoot } from '#tools/image-root.ts'
import { PROGRAMS, programKey } from '#tools/setup-programs.ts'
import type { Recipe } from './recipe.ts'

/** CoreDNS as its own image has it: one static program. */
export const coredns: Recipe = {
  name: 'coredns/coredns', // registry.k8s.io/coredns/coredns
  tag: 'lab',
  inputs: PROGRAMS.filter((program) => program.name === 'coredns').map(programKey),
  config: { entrypoint: ['/coredns'] },
  makeRoot: async () => {
    const root = createImageRoot('coredns')
    root.copy(realpathSync(`${binDir()}/coredns`), '/coredns', 0o755)
    return root
  },
}
