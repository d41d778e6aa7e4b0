import assert from 'node:assert/strict'
import { test } from 'node:test'
import { CliError } from '#cli/cli-error.ts'
import { assertGolden } from '#cli/golden.ts'
import { SAMPLE_DEBUGINFO, SAMPLE_NOW_MS } from '#cli/sample-answers.ts'
import { SAMPLE_DUMP } from '#cli/sample-maps.ts'
import { debuginfoForMachines, renderDebuginfo } from './render.ts'

const VIEW = { answer: SAMPLE_DEBUGINFO, maps: SAMPLE_DUMP, nowMs: SAMPLE_NOW_MS }

test('renderDebuginfo() is Markdown with a title for each part', (t) => {
  assertGolden(t, import.meta.dirname, 'debuginfo.md', renderDebuginfo(VIEW))
})

test('renderDebuginfo() has the options on lines of their own, for grep', () => {
  assert.match(renderDebuginfo(VIEW), /^enable-l2-announcements:true$/m)
})

test('renderDebuginfo() says why the maps are missing', () => {
  const maps = new CliError('No map is pinned', 'look elsewhere')
  assert.match(renderDebuginfo({ ...VIEW, maps }), /No map is pinned/)
  assert.deepEqual((debuginfoForMachines({ ...VIEW, maps }) as Record<string, unknown>)['bpfLbList'], {
    error: 'No map is pinned',
  })
})
