import assert from 'node:assert/strict'
import { existsSync, globSync, readFileSync } from 'node:fs'
import { join, posix } from 'node:path'
import { test } from 'node:test'
import { anchorsOf, codeBlocksOf, linksOf } from './markdown.ts'

const ROOT = join(import.meta.dirname, '..')
const FOLDERS = ['*.md', '{docs,bpf,cni,chart,lab,test,tools}/**/*.md']
const DOCUMENTS: ReadonlyMap<string, string> = new Map(
  globSync(FOLDERS, { cwd: ROOT })
    .filter((path) => !path.includes('testdata/'))
    .toSorted()
    .map((path) => [path, read(path)]),
)

/** The guide, and the same in other languages. */
const GUIDE = 'docs/guide-talos-l2.md'
const TRANSLATIONS = ['docs/fr/guide-talos-l2.md']
const MANIFESTS = ['cilium-values', 'pool', 'policy', 'several'].map((name) => `lab/guide/manifests/${name}.yaml`)

function read(path: string): string {
  return readFileSync(join(ROOT, path), 'utf8')
}

/** Why a link leads nowhere; undefined when it does not. */
function complaint(path: string, target: string): string | undefined {
  if (/^[a-z][a-z+.-]*:/i.test(target)) return undefined
  const [file = '', anchor] = target.split('#', 2)
  const named = file === '' ? path : posix.join(posix.dirname(path), decodeURIComponent(file))
  if (named.startsWith('..') || !existsSync(join(ROOT, named))) return `there is no ${named}`
  if (anchor === undefined) return undefined
  const anchors = anchorsOf(DOCUMENTS.get(named) ?? '')
  return anchors.has(decodeURIComponent(anchor)) ? undefined : `${named} has no heading #${anchor}`
}

test('every link of a document to this repository leads to a file, and to a heading that is there', () => {
  const links = [...DOCUMENTS].flatMap(([path, text]) => linksOf(text).map((link) => ({ path, ...link })))
  const broken = links.flatMap(({ path, line, target }) => {
    const why = complaint(path, target)
    return why === undefined ? [] : [`${path}:${line}: ${target}: ${why}`]
  })
  assert.deepEqual(broken, [])
  assert.ok(DOCUMENTS.size > 30 && links.length > 100, `${DOCUMENTS.size} documents, ${links.length} links`)
})

test('every page of docs/ is named by another document', () => {
  const named = new Set(
    [...DOCUMENTS].flatMap(([path, text]) =>
      linksOf(text).map(({ target }) => posix.join(posix.dirname(path), target.split('#')[0] ?? '')),
    ),
  )
  assert.deepEqual(
    [...DOCUMENTS.keys()].filter((path) => path.startsWith('docs/') && !named.has(path)),
    [],
  )
})

test('the guide has the same commands and manifests in every language', () => {
  const blocks = codeBlocksOf(read(GUIDE))
  assert.ok(blocks.filter(({ language }) => language === 'sh').length >= 10)
  for (const path of TRANSLATIONS) assert.deepEqual(codeBlocksOf(read(path)), blocks, path)
})

test('the manifests of the guide are those that the laboratory applies', () => {
  const manifests = codeBlocksOf(read(GUIDE)).filter(({ language }) => language === 'yaml')
  for (const path of MANIFESTS)
    assert.ok(
      manifests.some(({ text }) => text === read(path).trimEnd()),
      `${GUIDE} does not have ${path}`,
    )
})
