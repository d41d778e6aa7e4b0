import assert from 'node:assert/strict'
import { test } from 'node:test'
import { layerBreaches, layerOf, type SourceFile } from './layer-rules.ts'
import type { Layer } from './layers.ts'

const LAYERS: readonly Layer[] = [
  { folder: 'src/core', holds: '', mayImport: [], packages: [] },
  { folder: 'src/shell', holds: '', mayImport: ['src/core'], packages: ['node:', 'yaml'] },
]
const ALIASES = new Map([
  ['#core/', 'src/core/'],
  ['#shell/', 'src/shell/'],
])

function problems(...files: readonly SourceFile[]): readonly string[] {
  return layerBreaches(LAYERS, files, ALIASES).map(({ where, problem }) => `${where} ${problem}`)
}

const CORE: SourceFile = { path: 'src/core/a.ts', source: '' }

test('layerBreaches() is empty for imports along the table', () => {
  const shell = {
    path: 'src/shell/b.ts',
    source: "import '#core/a.ts'\nimport 'node:fs'\nimport 'yaml'\nimport './c.ts'",
  }
  assert.deepEqual(problems(CORE, shell, { path: 'src/shell/c.ts', source: '' }), [])
})

test('layerBreaches() names an import against the table', () => {
  const core = { path: 'src/core/a.ts', source: "import '#shell/b.ts'" }
  assert.deepEqual(problems(core, { path: 'src/shell/b.ts', source: '' }), [
    "src/core/a.ts:1 src/core may not import src/shell ('#shell/b.ts')",
  ])
})

test('layerBreaches() names a package that the folder may not import', () => {
  assert.deepEqual(problems({ path: 'src/core/a.ts', source: "import 'node:fs'" }), [
    "src/core/a.ts:1 src/core may not import the package 'node:fs'",
  ])
})

test('layerBreaches() lets tests import the runner and fast-check', () => {
  assert.deepEqual(
    problems(CORE, { path: 'src/core/a.test.ts', source: "import 'node:test'\nimport 'fast-check'\nimport './a.ts'" }),
    [],
  )
})

test('layerBreaches() names an import of a file that is not there, and an alias that is none', () => {
  const core = { path: 'src/core/a.ts', source: "import './gone.ts'\nimport '#core/gone.ts'\nimport '#what/a.ts'" }
  assert.deepEqual(problems(core), [
    "src/core/a.ts:1 './gone.ts' is no file: src/core/gone.ts",
    "src/core/a.ts:2 '#core/gone.ts' is no file: src/core/gone.ts",
    "src/core/a.ts:3 '#what/a.ts' is no alias of package.json",
  ])
})

test('layerBreaches() names a relative import that leaves its folder, and a file in no folder', () => {
  const shell = { path: 'src/shell/b.ts', source: "import '../core/a.ts'" }
  assert.deepEqual(problems(CORE, shell, { path: 'src/stray.ts', source: '' }), [
    "src/shell/b.ts:1 '../core/a.ts' leaves src/shell: write it with #",
    'src/stray.ts lies in no folder of tools/layers.ts',
  ])
})

test('layerOf() takes the longest folder', () => {
  const nested = { folder: 'src/core/inner', holds: '', mayImport: [], packages: [] }
  assert.equal(layerOf([...LAYERS, nested], 'src/core/inner/x.ts'), nested)
})
