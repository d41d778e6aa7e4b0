/**
 * Writes the generated parts of `docs/`, layers, settings, the announcer's states, rights, values, and the generated files of the chart. With
 * `--check` only says whether they are current.
 */
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { AGENT_OPTIONS } from '#agents/agent/config.ts'
import { OPERATOR_OPTIONS } from '#agents/operator/config.ts'
import { VALUE_TABLE } from '#values/table.ts'
import { announcerDiagram } from './announcer-diagram.ts'
import { replaceSection } from './document-section.ts'
import { layerGraph, layerTable } from './layer-diagram.ts'
import { LAYERS } from './layers.ts'
import { ownDefaults } from './own-defaults.ts'
import { defaultRights, optionalRights } from './rights-reference.ts'
import { settingsTable } from './settings-table.ts'
import { valuesForChart } from './values-chart.ts'
import { valuesReference } from './values-reference.ts'
import { valuesSchema } from './values-schema.ts'

const ROOT = join(import.meta.dirname, '..')

/** By document and section. */
const SECTIONS: Readonly<Record<string, Readonly<Record<string, () => string>>>> = {
  'docs/architecture.md': { 'layer-graph': () => layerGraph(LAYERS), 'layer-table': () => layerTable(LAYERS) },
  'docs/announcements.md': { announcer: announcerDiagram },
  'docs/settings.md': {
    'agent-settings': () => settingsTable(Object.values(AGENT_OPTIONS)),
    'operator-settings': () => settingsTable(Object.values(OPERATOR_OPTIONS)),
  },
  'docs/rights.md': {
    'agent-rights': () => defaultRights('balise'),
    'agent-options': () => optionalRights('balise'),
    'operator-rights': () => defaultRights('balise-operator'),
    'operator-options': () => optionalRights('balise-operator'),
    'test-rights': () => defaultRights('balise-test'),
  },
  'docs/values.md': { values: () => valuesReference(ownDefaults()) },
}

/** Files that are generated whole. */
const FILES: Readonly<Record<string, () => string>> = {
  'chart/balise/cilium-values.yaml': () => valuesForChart(VALUE_TABLE),
  'chart/balise/values.schema.json': () => valuesSchema(VALUE_TABLE),
}

process.exitCode = main(process.argv.includes('--check'))

function main(checkOnly: boolean): number {
  const texts: readonly (readonly [path: string, make: (before: string) => string])[] = [
    ...Object.entries(SECTIONS).map(([path, sections]) => [path, withSections(sections)] as const),
    ...Object.entries(FILES),
  ]
  const stale = texts.filter(([path, make]) => !bringUpToDate(join(ROOT, path), make, checkOnly))
  if (!checkOnly || stale.length === 0) return 0
  console.error(`${stale.map(([path]) => path).join(', ')}: not current, run bin/node tools/generated-docs.ts`)
  return 1
}

function withSections(sections: Readonly<Record<string, () => string>>): (before: string) => string {
  return (before) => Object.entries(sections).reduce((text, [name, make]) => replaceSection(text, name, make()), before)
}

/** True when the file was current. */
function bringUpToDate(path: string, make: (before: string) => string, checkOnly: boolean): boolean {
  const before = readFileSync(path, 'utf8')
  const after = make(before)
  if (before !== after && !checkOnly) writeFileSync(path, after)
  return before === after
}
