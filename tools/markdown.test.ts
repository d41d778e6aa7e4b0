import assert from 'node:assert/strict'
import { test } from 'node:test'
import { anchorsOf, codeBlocksOf, linksOf } from './markdown.ts'

const DOCUMENT = `# Take it off: a *node*'s \`guide\`

See [the chart](chart/values.yaml), and [below](#which-api-server), but not \`[this](no.md)\`.
A picture: ![of [a] node](node.png "a node").

\`\`\`sh
# no heading
echo '[no](link.md)'
\`\`\`

## Which API server?
## Which API server?
## Étapes préalables [ADR](adr.md)

\`\`\`
never closed`

test('linksOf() gives the links outside of code, with their lines', () => {
  assert.deepEqual(linksOf(DOCUMENT), [
    { line: 3, target: 'chart/values.yaml' },
    { line: 3, target: '#which-api-server' },
    { line: 4, target: 'node.png' },
    { line: 13, target: 'adr.md' },
  ])
})

test('anchorsOf() makes anchors of headings as GitHub does, the second of one name with a number', () => {
  assert.deepEqual(
    [...anchorsOf(DOCUMENT)],
    ['take-it-off-a-nodes-guide', 'which-api-server', 'which-api-server-1', 'étapes-préalables-adr'],
  )
})

test('codeBlocksOf() gives fenced blocks in order, also one that is not closed', () => {
  assert.deepEqual(codeBlocksOf(DOCUMENT), [
    { language: 'sh', text: "# no heading\necho '[no](link.md)'" },
    { language: '', text: 'never closed' },
  ])
})
