import type { Layer } from './layers.ts'

/**
 * A Mermaid graph of who may import whom. An arrow that follows from two others is left out, or the picture would be all arrows; the
 * table beside it has them all.
 */
export function layerGraph(layers: readonly Layer[]): string {
  const edges = layers.flatMap((layer) =>
    directOf(layer, layers).map((target) => `  ${id(layer.folder)} --> ${id(target)}`),
  )
  const nodes = layers.map((layer) => `  ${id(layer.folder)}["${layer.folder}"]`)
  return ['```mermaid', 'flowchart TD', ...nodes, ...edges, '```'].join('\n')
}

/** The whole layer table in Markdown. */
export function layerTable(layers: readonly Layer[]): string {
  const rows = layers.map(({ folder, holds, mayImport, packages }) => {
    const targets = mayImport.length === 0 ? 'nothing' : mayImport.map((name) => `\`${name}\``).join(' ')
    const names = packages.length === 0 ? 'none' : packages.map((name) => `\`${name}\``).join(' ')
    return `| \`${folder}\` | ${holds} | ${targets} | ${names} |`
  })
  return ['| folder | holds | may import | packages |', '|---|---|---|---|', ...rows].join('\n')
}

/** What `layer` may import and none of its other targets may. */
function directOf(layer: Layer, layers: readonly Layer[]): readonly string[] {
  return layer.mayImport.filter(
    (target) => !layer.mayImport.some((other) => other !== target && reaches(other, target, layers)),
  )
}

function reaches(from: string, to: string, layers: readonly Layer[]): boolean {
  const row = layers.find((layer) => layer.folder === from)
  return row !== undefined && row.mayImport.some((next) => next === to || reaches(next, to, layers))
}

function id(folder: string): string {
  return folder.replace('/', '_')
}
