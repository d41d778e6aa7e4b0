/** Writes the generated parts of `docs/`: layers, settings, the announcer's states. With `--check` only says whether they are current. */
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { AGENT_OPTIONS } from '#agents/agent/config.ts'
import { OPERATOR_OPTIONS } from '#agents/operator/config.ts'
import { announcerDiagram } from './announcer-diagram.ts'
import { replaceSection } from './document-section.ts'
import { layerGraph, layerTable } from './layer-diagram.ts'
import { LAYERS } from './layers.ts'
import { settingsTable } from './settings-table.ts'

const DOCS = join(import.meta.dirname, '../docs')

/** By document and section. */
const GENERATED: Readonly<Record<string, Readonly<Record<string, () => string>>>> = {
  'architecture.md': { 'layer-graph': () => layerGraph(LAYERS), 'layer-table': () => layerTable(LAYERS) },
  'announcements.md': { announcer: announcerDiagram },
  'settings.md': {
    'agent-settings': () => settingsTable(Object.values(AGENT_OPTIONS)),
    'operator-settings': () => settingsTable(Object.values(OPERATOR_OPTIONS)),
  },
}

process.exitCode = main(process.argv.includes('--check'))

function main(checkOnly: boolean): number {
  const stale = Object.entries(GENERATED).filter(
    ([name, sections]) => !bringUpToDate(join(DOCS, name), sections, checkOnly),
  )
  if (!checkOnly || stale.length === 0) return 0
  console.error(
    `docs/${stale.map(([name]) => name).join(', docs/')}: not current, run bin/node tools/generated-docs.ts`,
  )
  return 1
}

/** True when the document was current. */
function bringUpToDate(path: string, sections: Readonly<Record<string, () => string>>, checkOnly: boolean): boolean {
  const before = readFileSync(path, 'utf8')
  const after = Object.entries(sections).reduce((text, [name, make]) => replaceSection(text, name, make()), before)
  if (before !== after && !checkOnly) writeFileSync(path, after)
  return before === after
}
