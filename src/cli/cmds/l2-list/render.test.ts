import { test } from 'node:test'
import { assertGolden } from '#cli/golden.ts'
import { SAMPLE_L2 } from '#cli/sample-answers.ts'
import { renderL2List } from './render.ts'

test('renderL2List() names the owner and why the others are none, then what is wrong', (t) => {
  assertGolden(t, import.meta.dirname, 'l2-list.txt', renderL2List(SAMPLE_L2))
})
