import assert from 'node:assert/strict'
import { test } from 'node:test'
import { layerGraph, layerTable } from './layer-diagram.ts'
import type { Layer } from './layers.ts'

const LAYERS: readonly Layer[] = [
  { folder: 'src/a', holds: 'values', mayImport: [], packages: [] },
  { folder: 'src/b', holds: 'codecs', mayImport: ['src/a'], packages: [] },
  { folder: 'src/c', holds: 'effects', mayImport: ['src/a', 'src/b'], packages: ['node:'] },
]

test('layerGraph() leaves out an arrow that follows from two others', () => {
  assert.equal(
    layerGraph(LAYERS),
    '```mermaid\nflowchart TD\n  src_a["src/a"]\n  src_b["src/b"]\n  src_c["src/c"]\n  src_b --> src_a\n  src_c --> src_b\n```',
  )
})

test('layerTable() has every arrow', () => {
  assert.match(layerTable(LAYERS), /\| `src\/c` \| effects \| `src\/a` `src\/b` \| `node:` \|/)
})
