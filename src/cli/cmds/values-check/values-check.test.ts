import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { CliError } from '#cli/cli-error.ts'
import type { Outside } from '#cli/command.ts'
import { assertGolden } from '#cli/golden.ts'
import { VALUES_CHECK } from './options.ts'

function outsideOf(files: Readonly<Record<string, string>>): Outside {
  return {
    askAgent: () => assert.fail('The agent is not asked'),
    openMaps: () => assert.fail('No map is opened'),
    openKube: () => assert.fail('The API is not asked'),
    openNode: () => assert.fail('The node is left as it is'),
    readText: async (path) => files[path] ?? assert.fail(`The file ${path} is not there`),
    nowMs: () => 0,
  }
}

test('values check says what is wrong, what is not there, what has no effect and what works', async (t) => {
  const text = readFileSync(join(import.meta.dirname, 'testdata/mixed.in.yaml'), 'utf8')
  const answer = await VALUES_CHECK.execute(outsideOf({ 'mixed.yaml': text }), {}, { file: ['mixed.yaml'] })
  assert.equal(answer.exitCode, 1)
  assertGolden(t, import.meta.dirname, 'mixed.txt', answer.text())
})

test('values check looks at each file for itself', async () => {
  const files = { 'good.yaml': 'logLevel: debug', '-': 'encryption: {enabled: true}', 'empty.yaml': '' }
  const answer = await VALUES_CHECK.execute(outsideOf(files), {}, { file: Object.keys(files) })
  assert.equal(answer.exitCode, 1)
  assert.deepEqual(
    (answer.machine as readonly { readonly file: string; readonly installable: boolean }[]).map((checked) => [
      checked.file,
      checked.installable,
    ]),
    [
      ['good.yaml', true],
      ['-', false],
      ['empty.yaml', true],
    ],
  )
})

test('values check refuses what Helm would not read as a whole', async () => {
  for (const text of ['a: [', 'a: 1\n---\nb: 2\n']) {
    await assert.rejects(VALUES_CHECK.execute(outsideOf({ bad: text }), {}, { file: ['bad'] }), CliError)
  }
})

test('values check does not call a value working that contradicts something', async () => {
  const files = { 'odd.yaml': '{MTU: 9, logLevel: debug}' }
  const text = (await VALUES_CHECK.execute(outsideOf(files), {}, { file: ['odd.yaml'] })).text()
  assert.match(text, /Mend first:\n {2}MTU: /)
  assert.match(text, /Works:\n {2}logLevel /)
  assert.doesNotMatch(text, /MTU of the network/)
})
