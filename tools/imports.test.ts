import assert from 'node:assert/strict'
import { test } from 'node:test'
import { importsOf } from './imports.ts'

test('importsOf() finds static, side-effect, dynamic and re-export forms with their lines', () => {
  const source = [
    "import { a } from './a.ts'",
    "import type { B } from '#model/b.ts'",
    "import 'node:fs'",
    "export { c } from './c.ts'",
    "const d = await import('./d.ts')",
  ].join('\n')
  assert.deepEqual(
    importsOf(source).map(({ specifier, line }) => `${line} ${specifier}`),
    ['1 ./a.ts', '2 #model/b.ts', '3 node:fs', '4 ./c.ts', '5 ./d.ts'],
  )
})

test('importsOf() finds an import that is spread over lines', () => {
  assert.deepEqual(importsOf("import {\n  a,\n} from './a.ts'"), [{ specifier: './a.ts', line: 3 }])
})

test('importsOf() looks neither at comments nor into strings', () => {
  const source = [
    "// import './a.ts'",
    "/* from './b.ts' */",
    "const u = 'http://x'; import './c.ts'",
    'const text = "import \'./d.ts\'"',
    "const template = `import './e.ts'`",
    "Buffer.from('./f.ts')",
  ].join('\n')
  assert.deepEqual(importsOf(source), [{ specifier: './c.ts', line: 3 }])
})
