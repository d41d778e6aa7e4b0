/** Writes the generated parts of `docs/architecture.md`; with `--check` only says whether they are current. */
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { layerGraph, layerTable, replaceSection } from './layer-diagram.ts'
import { LAYERS } from './layers.ts'

const DOCUMENT = join(import.meta.dirname, '../docs/architecture.md')

process.exitCode = main(process.argv.includes('--check'))

function main(checkOnly: boolean): number {
  const before = readFileSync(DOCUMENT, 'utf8')
  const after = replaceSection(
    replaceSection(before, 'layer-graph', layerGraph(LAYERS)),
    'layer-table',
    layerTable(LAYERS),
  )
  if (before === after) return 0
  if (checkOnly) {
    console.error('docs/architecture.md is older than tools/layers.ts: run bin/node tools/diagram.ts')
    return 1
  }
  writeFileSync(DOCUMENT, after)
  return 0
}
