/** Compares every import in the repository with `tools/layers.ts`. Exit code 1 names each one that the table forbids. */
import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { layerBreaches, type SourceFile } from './layer-rules.ts'
import { LAYERS } from './layers.ts'

const ROOT = join(import.meta.dirname, '..')

/** Fewer files than this is no success but a checker that looks in the wrong place. */
const FEWEST_FILES = 30

process.exitCode = main()

function main(): number {
  const files = sourceFiles()
  const breaches = layerBreaches(LAYERS, files, aliases())
  for (const { where, problem } of breaches) console.error(`${where} ${problem}`)
  if (files.length < FEWEST_FILES) console.error(`Only ${files.length} files found: the import graph cannot be right`)
  console.log(`check-layers: ${files.length} files, ${breaches.length} forbidden imports`)
  return breaches.length > 0 || files.length < FEWEST_FILES ? 1 : 0
}

function sourceFiles(): readonly SourceFile[] {
  return globSync(['src/**/*.ts', 'lab/**/*.ts', 'test/**/*.ts', 'tools/**/*.ts'], { cwd: ROOT })
    .toSorted()
    .map((path) => ({ path, source: readFileSync(join(ROOT, path), 'utf8') }))
}

/** `imports` of package.json: `#model/*` -> `./src/model/*`. */
function aliases(): ReadonlyMap<string, string> {
  const manifest = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as { imports: Record<string, string> }
  return new Map(
    Object.entries(manifest.imports).map(([alias, target]) => [
      alias.replace(/\*$/, ''),
      target.replace(/^\.\//, '').replace(/\*$/, ''),
    ]),
  )
}
