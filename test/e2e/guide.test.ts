import assert from 'node:assert/strict'
import { test } from 'node:test'
import { testLabName } from '#lab/test-name.ts'
import { tracesOf } from '#lab/traces.ts'
import { checkGuide } from './cluster-lab.ts'

const LAB = await testLabName('guide')

test('lab up --check walks guide T with every step passed, and leaves nothing behind', async () => {
  const { exitCode, stdout, stderr } = await checkGuide(LAB)
  assert.equal(exitCode, 0, `${stdout}\n${stderr}`)
  assert.deepEqual(tracesOf(LAB), [])
})
