/** The commands and values that the documents show are tried with the chart: what a reader copies must install. */
import assert from 'node:assert/strict'
import { globSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { codeBlocksOf } from '#tools/markdown.ts'
import { render, WITHOUT_HELM } from './helm.ts'

const ROOT = join(import.meta.dirname, '../..')
const DOCUMENTS = ['README.md', ...globSync('docs/**/*.md', { cwd: ROOT })].toSorted()
/** The first line of the values that a page shows, by the name under which its commands give them. */
const VALUES: Readonly<Record<string, string>> = {
  'cilium-values.yaml': 'ipam: {mode: kubernetes}',
  'talos-values.yaml': 'ipam: {mode: kubernetes}',
  'k3s-values.yaml': 'profile: k3s',
}
/** Files that hold what the reader has: nothing that is known here. */
const OF_THE_READER = ['balise-values.yaml']
const OF_ANOTHER_PAGE = ['docs/migrate-cilium.md']

const folder = mkdtempSync(join(tmpdir(), 'balise-documents-'))
after(() => rmSync(folder, { recursive: true }))

interface Command {
  readonly path: string
  readonly text: string
}

const COMMANDS: readonly Command[] = DOCUMENTS.flatMap((path) =>
  blocks(path, 'sh')
    .flatMap((block) => block.replaceAll(/\\\n\s*/g, '').split('\n'))
    .filter((line) => /^\s*helm (install|upgrade|template) balise chart\/balise /.test(line))
    .map((line) => ({ path, text: line.trim() })),
)

function blocks(path: string, language: string): readonly string[] {
  return codeBlocksOf(readFileSync(join(ROOT, path), 'utf8')).flatMap((block) =>
    block.language === language ? [block.text] : [],
  )
}

/** The settings of a command, as arguments for `helm template`. */
function argumentsOf({ path, text }: Command): readonly string[] {
  const words = text.replace(/ > .*$/, '').split(/\s+/)
  return words.flatMap((word, at) => {
    const value = words[at + 1] ?? ''
    if (word === '--set') return ['--set', value]
    return word === '--values' && !OF_THE_READER.includes(value) ? ['--values', valuesFile(path, value)] : []
  })
}

function valuesFile(path: string, name: string): string {
  const first = VALUES[name]
  assert.ok(first !== undefined, `${path} gives ${name}, which no page shows`)
  const pages = OF_ANOTHER_PAGE.includes(path) ? DOCUMENTS : [path]
  const text = pages.flatMap((page) => blocks(page, 'yaml')).find((block) => block.startsWith(first))
  assert.ok(text !== undefined, `${path} does not show ${name}`)
  const file = join(folder, name)
  writeFileSync(file, text)
  return file
}

test('the documents show how to install, on several pages', () => {
  assert.ok(COMMANDS.length > 15)
  assert.ok(new Set(COMMANDS.map(({ path }) => path)).size > 5)
})

for (const command of new Map(COMMANDS.map((each) => [`${each.path} ${argumentsOf(each).join(' ')}`, each])).values())
  test(`${command.path}: ${command.text}`, { skip: WITHOUT_HELM }, () => {
    const rendered = render(undefined, ...argumentsOf(command))
    assert.match(rendered, /^kind: DaemonSet$/m)
  })
