import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { createImageRoot } from '#tools/image-root.ts'
import { goBuild } from '#tools/setup-go.ts'
import type { Recipe } from './recipe.ts'

const SOURCE = join(import.meta.dirname, 'echo')

/** `/echo --http :8080 --udp :8080`: says which pod answered and which client it saw; one static program. */
export const echo: Recipe = {
  name: 'balise/echo',
  tag: 'lab',
  inputs: ['go.mod', 'main.go'].map((file) => readFileSync(join(SOURCE, file), 'utf8')),
  config: { entrypoint: ['/echo'] },
  makeRoot: async () => {
    const root = createImageRoot('echo')
    await goBuild('Building the echo server', SOURCE, '.', '-s -w', join(root.folder, 'echo'))
    return root
  },
}
