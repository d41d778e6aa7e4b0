import assert from 'node:assert/strict'
import { test } from 'node:test'
import { labDir, STATE_ROOT } from './paths.ts'

test('labDir() is a folder right below the state folder', () => assert.equal(labDir('a-1'), `${STATE_ROOT}/a-1`))

for (const name of ['', '.', '..', '../..', 'a/b', '/etc', 'A', 'a b', '-a', 'a-', 'a'.repeat(33), 'a\n']) {
  test(`labDir() refuses ${JSON.stringify(name)}`, () => assert.throws(() => labDir(name), /Not a name of a lab/))
}
