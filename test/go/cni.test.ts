/** The checks and tests of the CNI plugin's own module, each counted as a test of ours. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { CNI_MODULE } from '#tools/cni-plugin.ts'
import { openGoModule, parseGoTests } from './go-module.ts'

const module = await openGoModule(CNI_MODULE)
const run = module.go('test', '-json', './...')
const tests = parseGoTests(run.output)

test('cni: gofmt has nothing to change', () => {
  assert.deepEqual(module.unformatted(), { code: 0, output: '' })
})

for (const tags of ['', 'crashpoints']) {
  test(`cni: go vet finds nothing${tags === '' ? '' : `, with the tag ${tags}`}`, () => {
    assert.deepEqual(module.go('vet', '-tags', tags, './...'), { code: 0, output: '' })
  })
}

test('cni: the packages with logic have tests', () => {
  const packages = new Set(tests.map(({ name }) => /internal\/\w+/.exec(name)?.[0]))
  for (const each of ['attachment', 'command', 'config', 'hostport', 'ledger']) {
    assert.ok(packages.has(`internal/${each}`), `${each} has none:\n${run.output}`)
  }
})

for (const { name, passed, output } of tests) {
  test(name, () => assert.ok(passed, output))
}
