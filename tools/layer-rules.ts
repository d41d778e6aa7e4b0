import { posix } from 'node:path'
import { importsOf } from './imports.ts'
import type { Layer } from './layers.ts'

/** A file of the repository, by its path from the root with `/`. */
export interface SourceFile {
  readonly path: string
  readonly source: string
}

export interface LayerBreach {
  /** `src/model/ip.ts:3` */
  readonly where: string
  readonly problem: string
}

/** What the files of tests may import beside what their folder may: the runner, and the generator of random values. */
const TEST_PACKAGES = ['node:', 'fast-check']

/** Every import that the table forbids or that names no file. `aliases`: `#model/` -> `src/model/`. */
export function layerBreaches(
  layers: readonly Layer[],
  files: readonly SourceFile[],
  aliases: ReadonlyMap<string, string>,
): readonly LayerBreach[] {
  const known = new Set(files.map((file) => file.path))
  return files.flatMap((file) => {
    const layer = layerOf(layers, file.path)
    if (layer === undefined) return [{ where: file.path, problem: 'lies in no folder of tools/layers.ts' }]
    return importsOf(file.source).flatMap(({ specifier, line }) => {
      const problem = specifier.startsWith('.')
        ? checkNeighbour(layers, layer, file.path, specifier, known)
        : specifier.startsWith('#')
          ? checkAlias(layers, layer, specifier, aliases, known)
          : checkPackage(layer, file.path, specifier)
      return problem === undefined ? [] : [{ where: `${file.path}:${line}`, problem }]
    })
  })
}

/** The row with the longest folder that `path` lies in. */
export function layerOf(layers: readonly Layer[], path: string): Layer | undefined {
  return layers
    .filter((layer) => path.startsWith(`${layer.folder}/`))
    .toSorted((a, b) => b.folder.length - a.folder.length)[0]
}

function checkNeighbour(
  layers: readonly Layer[],
  layer: Layer,
  path: string,
  specifier: string,
  known: ReadonlySet<string>,
): string | undefined {
  const target = posix.join(posix.dirname(path), specifier)
  if (!known.has(target)) return `'${specifier}' is no file: ${target}`
  return layerOf(layers, target) === layer ? undefined : `'${specifier}' leaves ${layer.folder}: write it with #`
}

function checkAlias(
  layers: readonly Layer[],
  layer: Layer,
  specifier: string,
  aliases: ReadonlyMap<string, string>,
  known: ReadonlySet<string>,
): string | undefined {
  const alias = [...aliases].find(([prefix]) => specifier.startsWith(prefix))
  if (alias === undefined) return `'${specifier}' is no alias of package.json`
  const target = alias[1] + specifier.slice(alias[0].length)
  if (!known.has(target)) return `'${specifier}' is no file: ${target}`
  const other = layerOf(layers, target)
  if (other === undefined || other === layer || layer.mayImport.includes(other.folder)) return undefined
  return `${layer.folder} may not import ${other.folder} ('${specifier}')`
}

function checkPackage(layer: Layer, path: string, specifier: string): string | undefined {
  const allowed = isTest(path) ? [...layer.packages, ...TEST_PACKAGES] : layer.packages
  const named = allowed.some((name) =>
    name === 'node:' ? specifier.startsWith(name) : specifier === name || specifier.startsWith(`${name}/`),
  )
  return named ? undefined : `${layer.folder} may not import the package '${specifier}'`
}

/** Tests and contract suites beside the code. */
function isTest(path: string): boolean {
  return /\.(test|contract)\.ts$/.test(path)
}
