import assert from 'node:assert/strict'
import { test } from 'node:test'
import { assertGolden } from '#cli/golden.ts'
import { SAMPLE_L2 } from '#cli/sample-answers.ts'
import { renderL2List } from './render.ts'

test('renderL2List() names the owner and why the others are none, then what is wrong', (t) => {
  assertGolden(t, import.meta.dirname, 'l2-list.txt', renderL2List(SAMPLE_L2))
})

test('renderL2List() says that there is no address, and still what is wrong', () => {
  const text = renderL2List({ ...SAMPLE_L2, addresses: [] })
  assert.match(text, /^ADDRESS .*\nNo Service has an address.*\nNode cp1-lab /)
})
