/** Builds the images of the lab that are not there yet or are out of date. Run as a program it prints their folder. */
import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { cacheKey, imagesDir } from '#tools/cache.ts'
import { onceForKey, writeImage } from '#tools/oci.ts'
import { fail, say } from '#tools/setup-say.ts'
import { imagePath, RECIPES } from './images.ts'
import type { Recipe } from './recipe.ts'

const TOP = join(import.meta.dirname, '..', '..')
/** Sources that every image depends on. */
const MAKERS = ['lab/images/*.ts', 'tools/{oci,image-root,debs,debs-closure}.ts']

export async function buildLabImages(): Promise<void> {
  const makers = globSync(MAKERS, { cwd: TOP, exclude: ['**/*.test.ts'] }).sort()
  const common = [readFileSync('/etc/os-release'), ...makers.map((file) => readFileSync(join(TOP, file)))]
  for (const recipe of RECIPES) {
    const key = cacheKey(...common, ...recipe.inputs, JSON.stringify(recipe.config))
    await onceForKey(imagePath(recipe.name), key, () => build(recipe))
  }
}

async function build(recipe: Recipe): Promise<void> {
  say(`  image ${recipe.name}:${recipe.tag}`)
  const root = await recipe.makeRoot()
  try {
    writeImage(imagePath(recipe.name), recipe.tag, [root.folder], recipe.config)
  } finally {
    root.close()
  }
}

if (import.meta.main) {
  await buildLabImages().then(() => process.stdout.write(`${imagesDir()}\n`), fail)
}
